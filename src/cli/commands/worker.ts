/** `cyclebox worker`: what it takes. The work is in ../daemon/run-worker.ts, loaded when the command runs. */
import type { Command } from 'commander';
import type { RunWorkerOptions } from '../daemon/index.js';

export function register(program: Command): void {
  program
    .command('worker')
    .description('do the work that a daemon on this or another machine hands out through Redis')
    .option('-c, --config <file>', 'configuration file, with the "queue" of the daemon', 'watch-config.json')
    .option('--verbose', 'log every step, and what the compute workers print (CYCLEBOX_LOG=debug does the same)')
    .option('--safe', 'start without plugins that have code')
    .option('--train', 'train what "cyclebox train --queue" puts in, too, at the lowest priority')
    .option('--train-only', 'train that, and translate nothing')
    .addHelpText(
      'after',
      `
The first Ctrl-C (or SIGTERM, or SIGHUP) takes nothing more, lets what runs finish, for "stopTimeoutMs" at most, gives back the rest
and exits with 0; a second one exits at once. A training writes a checkpoint, from which another worker goes on.`,
    )
    .action(async (options: RunWorkerOptions) => {
      const { runWorker } = await import('../daemon/index.js');
      const { logIsRead } = await import('../daemon/index.js');
      process.exitCode = await runWorker(options);
      if (!(await logIsRead(2000))) process.exit();
    });
}
