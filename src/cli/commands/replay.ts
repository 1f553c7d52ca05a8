/** `cyclebox replay`: what it takes. The work is in ../plugins/replay-job.ts, loaded when the command runs. */
import type { Command } from 'commander';
import type { ReplayCommandOptions } from '../plugins/index.js';

export function register(program: Command): void {
  program
    .command('replay')
    .description('do a job again with the same inputs, plugin by plugin, and keep the picture after each stage')
    .argument('<job>', 'as "queue list --all" lists it, or the beginning of it, or its path')
    .option('-c, --config <file>', 'configuration file', 'watch-config.json')
    .option('-o, --out <folder>', 'folder for the pictures (default: replay-JOB)')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nNothing is published, and the job stays as it is. "plugins bisect" finds the plugin that spoils a picture.',
    )
    .action(async (job: string, options: ReplayCommandOptions) => {
      const { replay } = await import('../plugins/index.js');
      process.exitCode = await replay(job, options);
    });
}
