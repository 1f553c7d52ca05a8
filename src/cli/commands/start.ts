import type { Command } from 'commander';
import { CycleboxError } from '../../base/index.js';

export function register(program: Command): void {
  program.command('start').action(() => {
    throw new CycleboxError('USAGE', 'The command "start" is not part of this build.');
  });
}
