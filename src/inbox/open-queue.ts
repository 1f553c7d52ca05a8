/**
 * The queue when no daemon runs: the journal under the state folder's lock, for as long as a command takes. Nothing
 * is recovered and nothing is run.
 */
import { type Disposable, systemClock } from '../base/index.js';
import { lockStateFolder, openJournal } from './journal/index.js';
import { QueueControl } from './queue-control.js';
import type { QueueService } from './queue-service.js';
import type { Router } from './routing.js';

export interface QueueFolders {
  /** Absolute, all three. */
  readonly inbox: string;
  readonly outbox: string;
  readonly state: string;
  /** Without it nothing is known to be stale. */
  readonly route?: Router | undefined;
}

/** @throws STATE_LOCKED when a daemon runs, JOURNAL_INVALID */
export function openQueue({ inbox, state, route }: QueueFolders): QueueService & Disposable {
  const lock = lockStateFolder(state);
  try {
    const { journal } = openJournal(state, systemClock);
    const control = new QueueControl({ journal, inbox, route, clock: systemClock });
    const dispose = () => {
      journal.dispose();
      return lock.dispose();
    };
    return Object.assign(control, { dispose });
  } catch (error) {
    void lock.dispose();
    throw error;
  }
}
