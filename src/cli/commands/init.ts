/** `cyclebox init`: what it takes. The work is in ../daemon/init-project.ts, loaded when the command runs. */
import type { Command } from 'commander';

export function register(program: Command): void {
  program
    .command('init')
    .description('write a commented watch-config.json with the folders it names; nothing is overwritten')
    .argument('[folder]', 'where to', '.')
    .action(async (folder: string) => {
      const { initProject } = await import('../daemon/index.js');
      process.exitCode = await initProject(folder);
    });
}
