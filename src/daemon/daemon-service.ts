/**
 * What can be asked of a daemon, in plain data: the one service behind the command line's `status` and `queue`, the
 * control socket and, later, a dashboard. The inbox's half of it is `QueueService`, which `Inbox` offers to a running
 * daemon and `openQueue` to commands that find none running. Nothing here knows sockets or terminals.
 */
import type { ErrorCode } from '../base/index.js';
import type { JobState } from '../inbox/index.js';

/** A job as people and scripts see it. */
export interface QueueEntry {
  readonly id: string;
  /** Relative to the inbox, with `/`. */
  readonly path: string;
  /** `satellite-map/map`; empty where no route fits. */
  readonly translation: string;
  /** The model's version (hash); empty where there is none. */
  readonly version: string;
  readonly state: JobState;
  readonly attempts: number;
  readonly priority: number;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** Relative to the outbox; only when done. */
  readonly output?: string | undefined;
  readonly error?: { readonly code: ErrorCode; readonly message: string } | undefined;
  /** Not before this moment: it waits after a failure that may pass. */
  readonly notBeforeMs?: number | undefined;
}

export interface QueueQuery {
  /** Default: everything but `done` and `skipped`. */
  readonly states?: readonly JobState[] | undefined;
  /** Default 1000. */
  readonly limit?: number | undefined;
}

/** Which jobs: by id, or all that stand as failed or quarantined, or all done by another version of their model. */
export type RetrySelection = { readonly ids: readonly string[] } | { readonly failed: true } | { readonly stale: true };

/** Which jobs: by id, or all that wait. */
export type CancelSelection = { readonly ids: readonly string[] } | { readonly waiting: true };

export interface PurgeSelection {
  /** Only from `done`, `failed`, `quarantined`, `skipped`. Default: `skipped`, and `done` whose source is gone. */
  readonly states?: readonly JobState[] | undefined;
  /** Only those that have not changed since. Default 0: all. */
  readonly olderThanMs?: number | undefined;
}

/** How many jobs were changed, and which of the ids were not known or not in a state for it. */
export interface QueueChange {
  readonly changed: number;
  readonly refused: readonly { readonly id: string; readonly why: string }[];
}

export interface QueuePause {
  /** `user`: until resumed, also over restarts. `environment`: until a probe succeeds. */
  readonly by: 'user' | 'environment';
  readonly reason: string;
  readonly sinceMs: number;
}

export interface QueueStatus {
  readonly counts: Readonly<Partial<Record<JobState, number>>>;
  readonly pause?: QueuePause | undefined;
  readonly running: readonly QueueEntry[];
  /** How files are noticed now; absent when no daemon runs. */
  readonly seeing?:
    | {
        readonly mode: 'events' | 'polling' | 'scans';
        readonly rootIsThere: boolean;
        readonly degraded?: string | undefined;
      }
    | undefined;
  /** Set when the outbox's file system has no links, so that a foreign writer could race for a name. */
  readonly publishing?: { readonly noClobber: 'link' | 'reserved'; readonly note?: string | undefined } | undefined;
}

/** The inbox's half. Methods may answer at once or later. */
export interface QueueService {
  status(): QueueStatus | Promise<QueueStatus>;
  list(query?: QueueQuery): readonly QueueEntry[] | Promise<readonly QueueEntry[]>;
  retry(which: RetrySelection): QueueChange | Promise<QueueChange>;
  /** A running job's work is given up; a cancelled job is `skipped` and comes back when its file changes or it is retried. */
  cancel(which: CancelSelection): QueueChange | Promise<QueueChange>;
  pause(reason?: string): void | Promise<void>;
  resume(): void | Promise<void>;
  purge(which: PurgeSelection): QueueChange | Promise<QueueChange>;
}

/** A running daemon, or the journal it left: `queue` plus what only the composition knows. */
export interface DaemonStatus extends QueueStatus {
  readonly daemon?: DaemonFacts | undefined;
  readonly inbox: string;
  readonly outbox: string;
  readonly state: string;
}

export interface DaemonFacts {
  readonly pid: number;
  readonly host: string;
  readonly version: string;
  readonly startedMs: number;
  /** Absolute; absent when the configuration came from elsewhere than a file. */
  readonly configFile?: string | undefined;
  readonly workerPid?: number | undefined;
  readonly routes: readonly {
    readonly match: string;
    readonly translation: string;
    readonly problem?: string | undefined;
  }[];
  /** Since the start. */
  readonly done: number;
  readonly failed: number;
}

/*
 * Asked of `src/inbox` beside `Inbox implements QueueService`:
 *   Inbox.apply(changes: { settleMs?, rescanMs?, jobTimeoutMs?, … }): void      takes effect from the next file or job on
 *   Inbox.reconsider(): Promise<void>     failures that were the configuration's (no route, no model) are looked at again, with a scan
 *   openQueue(folders: { state, inbox, outbox }): QueueService & Disposable     for commands when no daemon runs: takes
 *     the state folder's lock (STATE_LOCKED), opens the journal, recovers and runs nothing
 */
