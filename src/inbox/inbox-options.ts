/**
 * What whoever opens an inbox may say about it, and which failures stand from one run to the next.
 */
import type { Clock, CycleboxError, ErrorCode, JobId, RelativePath } from '../base/index.js';
import type { BackOffOptions } from '../process/index.js';
import type { CurrentTranslation, Runner } from './jobs/index.js';
import type { CollisionPolicy, SourcePolicy } from './publish/index.js';
import type { Router } from './routing.js';
import type { OpenWatchBackend } from './watch/index.js';

export interface InboxOptions {
  /** Absolute paths; all three folders are made if need be. */
  readonly inbox: string;
  readonly outbox: string;
  readonly state: string;
  readonly route: Router;
  /** Default: what it was when the job was queued. */
  readonly current?: CurrentTranslation | undefined;
  readonly runner: Runner;
  /** A file must have stayed as it is for this long. Default 1000. */
  readonly settleMs?: number | undefined;
  /** For how long after its last change an undecodable file is tried again before it fails. Default 10 000. */
  readonly decodeGraceMs?: number | undefined;
  /** Globs of files and folders to pass over beside the usual junk: names, or paths relative to the inbox. */
  readonly ignore?: readonly string[] | undefined;
  /** The time between scans. Default 60 000. */
  readonly rescanMs?: number | undefined;
  /** True: look every `pollMs` instead of being told of changes; for network shares, which do not tell. */
  readonly polling?: boolean | undefined;
  /** Default 5000. Also used when the system has no more watches to give. */
  readonly pollMs?: number | undefined;
  /** Tells of changes; for tests. Default: by the number of files, see `watch-choice.ts`. */
  readonly watchBackend?: OpenWatchBackend | undefined;
  /** False: work on what a scan finds, without watching. Default true. */
  readonly watch?: boolean | undefined;
  /** Jobs run at a time. Default 1. */
  readonly concurrency?: number | undefined;
  /** Attempts that a job has when its failure may pass. Default 5. */
  readonly maxAttempts?: number | undefined;
  /** Waits between attempts at one job. Default: from a second to five minutes. */
  readonly retryBackOff?: BackOffOptions | undefined;
  /** Waits between probes while the environment pauses the queue. Default: from a second to half a minute. */
  readonly probeBackOff?: BackOffOptions | undefined;
  /** How long the journal remembers what it did with files that have gone. Default 30. */
  readonly historyDays?: number | undefined;
  /** What to do when an output's name is taken. Default `suffix`. */
  readonly onCollision?: CollisionPolicy | undefined;
  /** What becomes of a source once its output is published. Default `keep`. */
  readonly afterSuccess?: SourcePolicy | undefined;
  /** Where `archive` moves sources to, absolute. */
  readonly archive?: string | undefined;
  /** Default 10 minutes. */
  readonly jobTimeoutMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** What can change while the inbox is open. */
export type InboxChanges = Pick<
  InboxOptions,
  | 'settleMs'
  | 'decodeGraceMs'
  | 'rescanMs'
  | 'pollMs'
  | 'ignore'
  | 'concurrency'
  | 'maxAttempts'
  | 'jobTimeoutMs'
  | 'historyDays'
>;

export interface CurrentFailure {
  readonly path: RelativePath;
  readonly error: CycleboxError;
  readonly job: JobId;
}

/** Failures that are the file's own and stand until the file changes; all others are looked at again at each start. */
export const ownFailures: readonly ErrorCode[] = [
  'IMAGE_UNSUPPORTED',
  'IMAGE_CORRUPT',
  'IMAGE_TOO_SMALL',
  'PROCESS_CRASHED',
  'PROCESS_UNRESPONSIVE',
  'TIMED_OUT',
];
