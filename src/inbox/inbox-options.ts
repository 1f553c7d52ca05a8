/**
 * What whoever opens an inbox may say about it, and which failures stand from one run to the next.
 */
import type { Clock, CycleboxError, ErrorCode } from '../base/index.js';
import type { RelativePath, Router, Runner } from './types.js';
import type { OpenWatchBackend } from './watch-backend.js';

export interface InboxOptions {
  /** Absolute paths; all three folders are made if need be. */
  readonly inbox: string;
  readonly outbox: string;
  readonly state: string;
  readonly route: Router;
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
  /** Default 2: a file that kills its worker twice has failed. */
  readonly maxAttempts?: number | undefined;
  /** Default 10 minutes. */
  readonly jobTimeoutMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

export interface StandingFailure {
  readonly path: RelativePath;
  readonly error: CycleboxError;
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
