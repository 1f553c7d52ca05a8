/** `cyclebox upgrade-check`: what it takes. The work is in ../machine/upgrade-check.ts, loaded when the command runs. */
import type { Command } from 'commander';
import type { UpgradeCheckOptions } from '../machine/index.js';

export function register(program: Command): void {
  program
    .command('upgrade-check')
    .description(
      'ask npm’s registry, as it is configured here, whether there is a newer cyclebox; nothing else ever asks',
    )
    .option('--json', 'print one JSON document')
    .action(async (options: UpgradeCheckOptions) => {
      const { checkForUpgrade } = await import('../machine/index.js');
      process.exitCode = await checkForUpgrade(options);
    });
}
