/**
 * `cyclebox train`, as the list of commands shows it. Its many options come from the schemas of the training, which are
 * not loaded until it is called: everything behind the name is handed to ../train/train-command.ts.
 */
import type { Command } from 'commander';

export function register(program: Command): void {
  program
    .command('train')
    .description('fit a new pair from two folders of unpaired images')
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .argument('[options...]')
    .action(async (_options: unknown, _none: unknown, command: Command) => {
      const { trainCommand } = await import('../train/index.js');
      await trainCommand(program).parseAsync(command.args, { from: 'user' });
    });
}
