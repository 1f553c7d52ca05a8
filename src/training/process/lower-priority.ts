/**
 * Lets everything else on the machine go first. On Linux the scheduler weighs sessions (autogroups) before processes, so
 * that a low priority alone only counts against programs of the same session: this process must be in one of its own (see
 * `ChildOptions.detached`), whose weight is lowered, too.
 */
import { readdirSync, writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

const lowest = constants.priority.PRIORITY_LOW;

/** Threads that are made from here on inherit it. */
export function lowerPriority(): void {
  if (process.platform === 'linux') lowerSession();
  else setPriority(lowest);
}

function lowerSession(): void {
  // To Linux a priority is a thread's: those that Node has made already are lowered one by one.
  for (const thread of threads()) setPriority(thread, lowest);
  try {
    writeFileSync('/proc/self/autogroup', String(lowest));
  } catch {
    // No autogroups here: the threads' own priority has to do.
  }
}

function threads(): number[] {
  return readdirSync('/proc/self/task').map(Number);
}
