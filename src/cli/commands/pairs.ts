/** `cyclebox pairs`: what can be translated here, and what still lacks a model. */
import type { Command } from 'commander';
import { collect } from '../arguments.js';
import type { ListPairsOptions } from '../list-pairs.js';

export function register(program: Command): void {
  program
    .command('pairs')
    .description('list the pairs of domains that plugins register, and which of their models are there')
    .option(
      '-c, --config <file>',
      'configuration file, whose plugins and models are listed, too; may be missing',
      'watch-config.json',
    )
    .option('--plugins <folder>', 'folder with plugins, or of one plugin; may be repeated', collect)
    .option('--models <folder>', 'model store (default: the models folder of cyclebox)')
    .option('--json', 'print one JSON document')
    .action(async (options: ListPairsOptions) => {
      const { listPairs } = await import('../list-pairs.js');
      process.exitCode = await listPairs(options);
    });
}
