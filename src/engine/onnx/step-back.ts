/**
 * Lets the threads of this process that decode, encode and answer go behind the one that runs networks, and behind those that it starts.
 * The threads of a run wait for each other at every layer, actively: where a decoder takes the place of one, all stand still. There is
 * time for it in every run, whose threads do not fill all cores.
 *
 * Only where threads have priorities of their own, which is on Linux. What was lowered cannot be raised again without rights, and
 * passes on to what it starts: this is for processes that do nothing else, and once in each.
 */
import { readdirSync, readlinkSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import { basename } from 'node:path';

/** Steps of nice: a tenth of the time where both want all of it. */
const steps = 10;

/** Called in the thread that is to go first, before it starts any: lowers all others that there are. */
export function goFirst(): void {
  if (process.platform !== 'linux') return;
  try {
    const self = basename(readlinkSync('/proc/thread-self'));
    for (const thread of readdirSync('/proc/self/task')) if (thread !== self) lower(Number(thread));
  } catch {
    // Without /proc all stay as they are, which is slower and nothing worse.
  }
}

/** One that has ended, or must not be lowered, is left alone. */
function lower(thread: number): void {
  try {
    setPriority(thread, Math.min(getPriority(thread) + steps, constants.priority.PRIORITY_LOW));
  } catch {}
}
