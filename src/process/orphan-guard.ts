/**
 * Ends a child process whose parent is gone: at once when the channel closes, and by a poll for the cases where the
 * close is not seen. A child that is deep in native code notices when it returns from it, not before.
 */
import { type Disposable, toDisposable } from '../base/index.js';

export interface OrphanGuardOptions {
  readonly parentPid: number;
  readonly pollMs?: number | undefined;
  readonly onOrphaned: () => void;
}

export function guardAgainstOrphaning(options: OrphanGuardOptions): Disposable {
  const { parentPid, pollMs = 1000, onOrphaned } = options;
  const timer = setInterval(() => {
    if (!isAlive(parentPid) || wasReparented(parentPid)) onOrphaned();
  }, pollMs);
  timer.unref();
  process.on('disconnect', onOrphaned);
  return toDisposable(() => {
    clearInterval(timer);
    process.off('disconnect', onOrphaned);
  });
}

/** Windows keeps the number of a parent that has ended. */
function wasReparented(parentPid: number): boolean {
  return process.platform !== 'win32' && process.ppid !== parentPid;
}

/** Whether there is a process of this number, of any user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
