/**
 * What a failure means for its job and for the others: pure judgement, no state. The same error code can mean
 * different things depending on what the system called its cause, so both are looked at.
 */
import { type CycleboxError, type ErrorCode, systemCodeOf } from '../../base/index.js';

export type FailureKind =
  /** Somebody wanted it to end. */
  | 'cancelled'
  /** Nothing can be done for any job now; this one is not to blame. */
  | 'environment'
  /** Its output cannot be written: the whole outbox's fault, or only that of its own folder or name. */
  | 'unwritable'
  /** It took its worker with it: it crashed it, or had to be ended with it since it took too long or too much memory. */
  | 'death'
  /** The machine that had it was not heard of any more: it may have brought it down, or have had bad luck. */
  | 'lost'
  /** Nobody who is there can do it; the others need not wait for it. */
  | 'unserved'
  /** The image cannot be decoded; whoever writes it may not have finished. */
  | 'undecodable'
  /** The same may go well in a while. */
  | 'may-pass'
  /** A plugin that was at its picture failed or ended; another try may go well, a second one counts against the two together. */
  | 'plugin'
  /** It will fail again in the same way. */
  | 'permanent';

/** Faults of the disk, the system or the worker's installation, whichever file they were met with. */
const environmental: ReadonlySet<string> = new Set([
  'ENOSPC',
  'EDQUOT',
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'SQLITE_FULL',
  'SQLITE_READONLY',
  'SQLITE_IOERR',
  'SQLITE_CANTOPEN',
  'SQLITE_BUSY',
]);

/** Faults of the outbox, or of a place in it, when met while writing; met while reading, they are the file's own. */
const unwritable: ReadonlySet<string> = new Set([
  'EACCES',
  'EPERM',
  'ENOENT',
  'ENOTDIR',
  'EEXIST',
  'EROFS',
  'EIO',
  'ESTALE',
]);

const verdicts: Partial<Record<ErrorCode, FailureKind>> = {
  CANCELLED: 'cancelled',
  WORKER_UNAVAILABLE: 'environment',
  JOURNAL_INVALID: 'environment',
  QUEUE_UNAVAILABLE: 'environment',
  QUEUE_IN_USE: 'environment',
  STORE_UNAVAILABLE: 'environment',
  WORKER_LOST: 'lost',
  NO_WORKER: 'unserved',
  PROCESS_CRASHED: 'death',
  PROCESS_UNRESPONSIVE: 'death',
  TIMED_OUT: 'death',
  PLUGIN_FAILED: 'plugin',
  PLUGIN_CRASHED: 'plugin',
  IMAGE_CORRUPT: 'undecodable',
  FILE_UNREADABLE: 'may-pass',
  // It was changed after it had been looked at; once it rests, it is looked at again.
  MODEL_HASH_MISMATCH: 'may-pass',
  WRITE_FAILED: 'may-pass',
  ENGINE_FAILED: 'may-pass',
  DEVICE_LOST: 'may-pass',
  INTERNAL: 'may-pass',
  LIMIT_REACHED: 'may-pass',
  PROTOCOL: 'may-pass',
};

export function classifyFailure(error: CycleboxError): FailureKind {
  const system = systemCodeOf(error);
  if (system !== undefined && environmental.has(system)) return 'environment';
  if (system !== undefined && error.code === 'WRITE_FAILED' && unwritable.has(system)) return 'unwritable';
  return verdicts[error.code] ?? 'permanent';
}
