/** `cyclebox demo`: what it takes. The work is in ../demo/demo.ts, loaded when the command runs. */
import type { Command } from 'commander';
import type { DemoOptions } from '../demo/index.js';
import { collect } from '../options/index.js';

export function register(program: Command): void {
  program
    .command('demo')
    .description('drop the bundled samples into the inbox of a daemon on temporary folders, and show what comes out')
    .option('--plugins <folder>', 'folder with plugins, or of one plugin; may be repeated', collect)
    .option('--models <folder>', 'model store (default: the models folder of cyclebox)')
    .addHelpText(
      'after',
      `
Everything is written to a new temporary folder, which stays and is named. The last line of the output is the path of
a picture (PNG) that shows each sample beside its translation. The exit code is 1 if a sample failed.`,
    )
    .action(async (options: DemoOptions) => {
      const { runDemo } = await import('../demo/index.js');
      process.exitCode = await runDemo(options);
    });
}
