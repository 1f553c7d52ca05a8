/** `cyclebox open`: what it takes. The work is in ../daemon/open-dashboard.ts, loaded when the command runs. */
import type { Command } from 'commander';
import type { OpenDashboardOptions } from '../daemon/index.js';

export function register(program: Command): void {
  program
    .command('open')
    .description('open the dashboard of the daemon that runs, and print the address that lets in')
    .option('-c, --config <file>', 'configuration file', 'watch-config.json')
    .option('--print', 'print the address only')
    .action(async (options: OpenDashboardOptions) => {
      const { showEntrance } = await import('../daemon/index.js');
      process.exitCode = await showEntrance(options);
    });
}
