/** `cyclebox backup` and `cyclebox restore`: what they take. The work is in ../daemon/back-up.ts, loaded when one of them runs. */
import type { Command } from 'commander';
import type { BackupCommand, RestoreCommand } from '../daemon/index.js';

export function register(program: Command): void {
  program
    .command('backup')
    .description('back up the journal, while the daemon runs too, with the configuration and the list of plugins')
    .option('-c, --config <file>', 'configuration file', 'watch-config.json')
    .option('-o, --out <file>', 'file to write, never over another; default: cyclebox-backup-DATE-TIME.tar.gz here')
    .option('--json', 'print one JSON document')
    .action(async (options: BackupCommand) => {
      const { showBackup } = await import('../daemon/index.js');
      process.exitCode = await showBackup(options);
    });
  program
    .command('restore')
    .description('put a backup of the journal back; the daemon must not run')
    .argument('<backup>', 'what "cyclebox backup" has written')
    .option('-c, --config <file>', 'configuration file; made from the backup where it is missing', 'watch-config.json')
    .option('--json', 'print one JSON document')
    .action(async (backup: string, options: RestoreCommand) => {
      const { showRestore } = await import('../daemon/index.js');
      process.exitCode = await showRestore(backup, options);
    });
}
