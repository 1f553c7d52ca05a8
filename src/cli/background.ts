/**
 * Lets everything else on the machine go first. On Linux the scheduler weighs sessions (autogroups) before processes, so
 * that a low priority alone only counts against programs of the same terminal: the session's own weight is lowered, too,
 * if this process leads it or is alone in it.
 */
import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

export function goToBackground(): void {
  setPriority(constants.priority.PRIORITY_LOW);
  if (process.platform !== 'linux') return;
  try {
    writeFileSync('/proc/self/autogroup', String(constants.priority.PRIORITY_LOW));
  } catch {
    // No autogroups here, or not ours to change: the process's own priority has to do.
  }
}
