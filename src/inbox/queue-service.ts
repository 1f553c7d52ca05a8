/**
 * What can be asked of the queue, in plain data: `Inbox` answers for a running daemon, `openQueue` for commands that
 * find none running. Nothing here knows processes or terminals.
 */
import type { JobState } from '../base/index.js';
import type { QueuePause } from './jobs/index.js';
import type { PublisherStatus } from './publish/index.js';
import type { QueueEntry } from './queue-entry.js';
import type { WatchStatus } from './watch/index.js';

export interface QueueQuery {
  /** Default: everything but `done`, `cancelled` and `skipped`. */
  readonly states?: readonly JobState[] | undefined;
  /** Default 1000. */
  readonly limit?: number | undefined;
}

/** Jobs by id or path, or all that stand as failed or quarantined, or all done by another version of their model. */
export type RetrySelection = { readonly ids: readonly string[] } | { readonly failed: true } | { readonly stale: true };

/** Jobs by id or path, or all that wait. */
export type CancelSelection = { readonly ids: readonly string[] } | { readonly waiting: true };

/** Only jobs whose file is gone or has changed are ever purged: without its job, a file would be done again. */
export interface PurgeSelection {
  /** Some of `done`, `failed`, `quarantined`, `cancelled`, `skipped`. Default: all of them. */
  readonly states?: readonly JobState[] | undefined;
  /** Only those that have not changed for so long. Default 0: all. */
  readonly olderThanMs?: number | undefined;
}

/** How many jobs were changed, and which of the ids were not known or not in a state for it. */
export interface QueueChange {
  readonly changed: number;
  readonly refused: readonly { readonly id: string; readonly why: string }[];
}

export interface QueueStatus {
  readonly counts: Readonly<Partial<Record<JobState, number>>>;
  readonly pause?: QueuePause | undefined;
  readonly running: readonly QueueEntry[];
  /** How files are noticed now; absent when no daemon runs. */
  readonly seeing?: WatchStatus | undefined;
  /** What the outbox can do; absent when no daemon runs. */
  readonly publishing?: PublisherStatus | undefined;
}

export interface QueueService {
  status(): QueueStatus;
  /** Newest first for ended jobs, in the order of their turn for the others. */
  list(query?: QueueQuery): readonly QueueEntry[];
  retry(which: RetrySelection): QueueChange;
  /** A running job's work is given up. A cancelled job comes back when its file changes or it is retried. */
  cancel(which: CancelSelection): QueueChange;
  /** What runs goes on. */
  pause(reason?: string): void;
  resume(): void;
  purge(which?: PurgeSelection): Promise<QueueChange>;
}
