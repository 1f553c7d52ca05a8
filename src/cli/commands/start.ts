/** `cyclebox start`: what it takes. The work is in ../daemon/run-daemon.ts, loaded when the command runs. */
import type { Command } from 'commander';
import type { RunDaemonOptions } from '../daemon/index.js';

export function register(program: Command): void {
  program
    .command('start')
    .description('watch the inbox and translate what is dropped into it, as the configuration says')
    .option('-c, --config <file>', 'configuration file', 'watch-config.json')
    .option('--once', 'work through what is in the inbox, then exit: 0, or 1 if a file in it has failed')
    .option('--verbose', 'log every step of every image, and what the workers print (CYCLEBOX_LOG=debug does the same)')
    .option('--no-dashboard', 'without the page that shows it at work')
    .option('--safe', 'start without plugins that have code, to see whether one of them is what goes wrong')
    .option(
      '--inspect-plugin <name>',
      'let a debugger into this plugin, which then runs without its permissions',
      repeated,
    )
    .option('--dry-run', 'show what would happen to each file in the inbox, and write nothing')
    .addHelpText(
      'after',
      `
The first Ctrl-C (or SIGTERM, or SIGHUP) lets the running image finish, for "stopTimeoutMs" at most, and exits with 0; a second one
exits at once. A file that failed by its own fault is not tried again until it changes; all others are, at every start.
Changes of the configuration file are taken over while it runs.`,
    )
    .action(async (options: RunDaemonOptions & { readonly dryRun?: boolean }) => {
      if (options.dryRun) {
        const { dryRun } = await import('../daemon/index.js');
        process.exitCode = await dryRun(options);
        return;
      }
      const { runDaemon } = await import('../daemon/index.js');
      const { logIsRead } = await import('../daemon/index.js');
      process.exitCode = await runDaemon(options);
      // A reader that takes nothing would keep the process for ever.
      if (!(await logIsRead(2000))) process.exit();
    });
}

function repeated(name: string, before: readonly string[] = []): readonly string[] {
  return [...before, name];
}
