/**
 * What whoever opens an inbox may say about it, what holds where nothing is said (`inboxDefaults`, which the configuration
 * shares), and which failures stand from one run to the next.
 */
import type { Clock, CycleboxError, ErrorCode, JobId, RelativePath } from '../base/index.js';
import type { BackOffOptions } from '../process/index.js';
import type { CurrentTranslation, Runner } from './jobs/index.js';
import type { CollisionPolicy, SourcePolicy } from './publish/index.js';
import type { Router } from './routing.js';
import type { OpenWatchBackend } from './watch/index.js';

export type SidecarPolicy = 'ignore' | 'copy';

export interface InboxOptions {
  /** Absolute paths; all three folders are made if need be. */
  readonly inbox: string;
  readonly outbox: string;
  readonly state: string;
  readonly route: Router;
  /** Default: what it was when the job was queued. */
  readonly current?: CurrentTranslation | undefined;
  readonly runner: Runner;
  /** A file must have stayed as it is for this long. */
  readonly settleMs?: number | undefined;
  /** For how long after its last change an undecodable file is tried again before it fails. */
  readonly decodeGraceMs?: number | undefined;
  /** Globs of files and folders to pass over beside the usual junk: names, or paths relative to the inbox. */
  readonly ignore?: readonly string[] | undefined;
  /** The time between scans. */
  readonly rescanMs?: number | undefined;
  /** True: look every `pollMs` instead of being told of changes; for network shares, which do not tell. */
  readonly polling?: boolean | undefined;
  /** The time between looks. Also used when the system has no more watches to give. */
  readonly pollMs?: number | undefined;
  /** Tells of changes; for tests. Default: by the number of files, see `watch-choice.ts`. */
  readonly watchBackend?: OpenWatchBackend | undefined;
  /** False: work on what a scan finds, without watching. */
  readonly watch?: boolean | undefined;
  /** Jobs run at a time. */
  readonly concurrency?: number | undefined;
  /** Attempts that a job has when its failure may pass. */
  readonly maxAttempts?: number | undefined;
  /** Waits between attempts at one job. Default: from a second to five minutes. */
  readonly retryBackOff?: BackOffOptions | undefined;
  /** Waits between probes while the environment pauses the queue. Default: from a second to half a minute. */
  readonly probeBackOff?: BackOffOptions | undefined;
  /** How long the journal remembers what it did with files that have gone. */
  readonly historyDays?: number | undefined;
  /** What to do when an output's name is taken. */
  readonly onCollision?: CollisionPolicy | undefined;
  /** `copy`: files that say something about an image (`sidecars`) are carried along. They are to be ignored either way. */
  readonly sidecars?: SidecarPolicy | undefined;
  /** What becomes of a source once its output is published. */
  readonly afterSuccess?: SourcePolicy | undefined;
  /** Where `archive` moves sources to, absolute. */
  readonly archive?: string | undefined;
  /** For the worker's part of a job. */
  readonly jobTimeoutMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** The one place where these have their defaults. */
export const inboxDefaults = {
  settleMs: 1000,
  decodeGraceMs: 10_000,
  ignore: [],
  rescanMs: 60_000,
  polling: false,
  pollMs: 5000,
  watch: true,
  concurrency: 1,
  maxAttempts: 5,
  historyDays: 30,
  onCollision: 'suffix',
  sidecars: 'ignore',
  afterSuccess: 'keep',
  jobTimeoutMs: 600_000,
} as const satisfies Partial<InboxOptions>;

type Defaulted = keyof typeof inboxDefaults;

/** What the code reads. */
export type ResolvedInboxOptions = Omit<InboxOptions, Defaulted> & {
  readonly [Key in Defaulted]: NonNullable<InboxOptions[Key]>;
};

export function resolveInboxOptions(options: InboxOptions): ResolvedInboxOptions {
  const said = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.freeze({
    ...options,
    ...inboxDefaults,
    ...(Object.fromEntries(said) as Partial<InboxOptions>),
  }) as ResolvedInboxOptions;
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
  /** Undefined where the file could not even become a job. */
  readonly job?: JobId | undefined;
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
