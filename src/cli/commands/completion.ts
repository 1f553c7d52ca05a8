/** `cyclebox completion`: what it takes. The work is in ../options/completion.ts, loaded when the command runs. */
import { Argument, type Command } from 'commander';
import type { Shell } from '../options/index.js';

const shells: readonly Shell[] = ['bash', 'zsh', 'fish'];

export function register(program: Command): void {
  program
    .command('completion')
    .description('print a script that lets a shell complete commands, options and their values')
    .addArgument(new Argument('<shell>', 'which one').choices(shells))
    .addHelpText(
      'after',
      `
bash: eval "$(cyclebox completion bash)" in ~/.bashrc
zsh:  eval "$(cyclebox completion zsh)" in ~/.zshrc, after compinit
fish: cyclebox completion fish > ~/.config/fish/completions/cyclebox.fish`,
    )
    .action(async (shell: Shell) => {
      const { completionScript } = await import('../options/index.js');
      process.stdout.write(completionScript(shell, program));
    });
}
