/** `cyclebox status`: what it takes. The work is in ../daemon/show-status.ts, loaded when the command runs. */
import type { Command } from 'commander';
import type { ShowStatusOptions } from '../daemon/index.js';

export function register(program: Command): void {
  program
    .command('status')
    .description('show whether the daemon runs, what it is doing, how many files are in which state, and what is wrong')
    .option('-c, --config <file>', 'configuration file', 'watch-config.json')
    .option('--json', 'print one JSON document')
    .action(async (options: ShowStatusOptions) => {
      const { showStatus } = await import('../daemon/index.js');
      process.exitCode = await showStatus(options);
    });
}
