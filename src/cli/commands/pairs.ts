/** `cyclebox pairs`: what can be translated here, and what still lacks a model. */
import type { Command } from 'commander';
import type { ListPairsOptions, PullPairOptions } from '../models/index.js';
import { collect } from '../options/index.js';

export function register(program: Command): void {
  const pairs = program
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
      const { listPairs } = await import('../models/index.js');
      process.exitCode = await listPairs(options);
    });
  registerPull(pairs);
}

function registerPull(pairs: Command): void {
  pairs
    .command('pull')
    .description('fetch a generator that the authors of CycleGAN published, and make a plugin of it')
    .argument('[name]', 'such as horse2zebra; without one, all are listed')
    .option('--plugins <folder>', 'folder to make the plugin in', 'plugins')
    .option('--from <file>', 'take it from this .pth file instead of fetching it')
    .option('--mirror <address>', 'try this address first, in place of the publisher; may be repeated', collect)
    .option('--replace', 'replace the model of this direction')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
The licence is told before anything is fetched (45 MB each). A pull that was interrupted goes on where it stopped. Nobody
published hashes of these files: what comes at the first pull is pinned, and later pulls must bring the same. Mirrors may
also be named in the environment (CYCLEBOX_MIRRORS, with spaces between them).`,
    )
    .action(async (name: string | undefined, _options: unknown, command: Command) => {
      const { pullPair } = await import('../models/index.js');
      // The command above has an option of the same name, which takes what stands behind it, too.
      const { plugins, ...options } = command.optsWithGlobals<
        PullPairOptions & { readonly plugins: string | string[] }
      >();
      const folder = Array.isArray(plugins) ? plugins.at(-1)! : plugins;
      process.exitCode = await pullPair(name, { ...options, plugins: folder });
    });
}
