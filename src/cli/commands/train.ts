import type { Command } from 'commander';
import { CycleboxError } from '../../base/index.js';

export function register(program: Command): void {
  program.command('train').action(() => {
    throw new CycleboxError('USAGE', 'The command "train" is not part of this build.');
  });
}
