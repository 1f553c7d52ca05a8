/**
 * Coded errors: every failure that a user can meet has a stable code, a sentence that says what was wrong and what
 * to do, and the names of what it concerns (file, pair, plugin, job). Programming mistakes throw plain `Error`s.
 *
 * A code is never reused for another meaning: scripts depend on them.
 */

import { isModuleUnreadable } from './module-error.js';

/** Every code with its one-line meaning; docs/errors.md lists the same table. */
export const errorCodes = {
  INTERNAL: 'A defect in cyclebox itself.',
  CANCELLED: 'The operation was cancelled before it ended.',
  TIMED_OUT: 'The operation took longer than its limit.',
  LIMIT_REACHED: 'The system gives this process no more open files, processes or memory.',

  CONFIG_NOT_FOUND: 'The configuration file does not exist.',
  CONFIG_INVALID: 'The configuration file is malformed or has a wrong value or an unknown key.',
  STATE_LOCKED: 'Another daemon owns this state folder.',
  USAGE: 'A command was called with arguments it cannot use.',

  FILE_NOT_FOUND: 'A file or folder does not exist.',
  FILE_UNREADABLE: 'A file or folder exists but could not be read.',
  FILE_EXISTS: 'A file would have been overwritten.',
  WRITE_FAILED: 'A file could not be written.',

  IMAGE_UNSUPPORTED: 'The file is not an image of a supported format.',
  IMAGE_CORRUPT: 'The image is truncated or damaged.',
  IMAGE_TOO_LARGE: 'The image has more pixels, or its file more bytes, than are allowed.',
  IMAGE_TOO_SMALL: 'The image has fewer pixels than the operation needs.',

  INBOX_GONE: 'The inbox folder is missing; its files are processed when it is back.',
  WATCH_DEGRADED: 'The system has no file watches left; the inbox is polled instead.',
  ROUTE_NOT_FOUND: 'No route of the configuration matches the file.',
  PAIR_NOT_FOUND: 'No plugin registers a domain pair of this id.',
  DOMAIN_NOT_FOUND: 'The pair has no domain of this name.',
  PLUGIN_NOT_FOUND: 'No plugin of this name is there.',
  PLUGIN_INVALID: 'A plugin manifest is missing or malformed.',
  PLUGIN_ENGINE_MISMATCH: 'A plugin was made for another version of cyclebox.',
  PLUGIN_DUPLICATE: 'Two plugins have one name, or register the same thing.',
  PLUGIN_UNSAFE: "A plugin's folder holds what would lead its code out of it.",
  PLUGIN_FAILED: "A plugin's code threw an error, or gave what it must not.",
  PLUGIN_CRASHED: "A plugin's process ended unexpectedly, hung or used too much memory.",
  PLUGIN_UNAVAILABLE: 'What was asked for needs a plugin that is not running.',

  MODEL_MISSING: 'The model file of a pair is missing.',
  MODEL_HASH_MISMATCH: 'The model file does not have the hash that its manifest names.',
  MODEL_INVALID: 'The model file could not be read as an image-to-image network.',
  SCALE_UNKNOWN: 'The size of the images that the model was trained on is not known.',

  WEIGHTS_UNREADABLE: 'A weight file is truncated or not in its format.',
  WEIGHTS_UNSAFE: 'A weight file asks to construct objects that are not tensors.',
  WEIGHTS_MISMATCH: 'The tensors of a weight file do not fit the network.',

  SHAPE_MISMATCH: 'Tensor shapes do not fit the operation.',
  GRAPH_INVALID: 'A graph is malformed: an unknown op, a missing input, a type that does not fit.',
  NO_GRADIENT: 'A gradient was requested where none is defined.',
  ENGINE_UNAVAILABLE: 'The engine or device cannot be used on this machine.',
  ENGINE_FAILED: 'The engine failed while compiling or running a graph.',
  DEVICE_LOST: 'The device stopped working; only a new process can use it again.',
  OUT_OF_MEMORY: 'The operation does not fit into the memory limit.',

  DOWNLOAD_FAILED: 'A file could not be fetched from any of its addresses.',
  DOWNLOAD_MISMATCH: 'An address serves a file other than the one that was published there.',
  ARCHIVE_UNREADABLE: 'An archive is damaged, cut off or encrypted.',
  ARCHIVE_UNSAFE: 'An archive contains files that must not be unpacked.',

  DATASET_NOT_FOUND: 'No data set of this name is known, or it may not be fetched.',
  DATASET_INCOMPLETE: 'A data set does not have the images that it should have.',
  DATASET_EMPTY: 'A training folder holds no readable images.',
  CHECKPOINT_INVALID: 'A checkpoint is incomplete or belongs to other settings.',
  TRAINING_DIVERGED: 'A loss became NaN or infinite.',

  PROCESS_CRASHED: 'A child process ended unexpectedly.',
  PROCESS_UNRESPONSIVE: 'A child process stopped answering.',
  WORKER_UNAVAILABLE: 'The compute worker could not be started.',
  WORKER_LOST: 'A worker on another machine was not heard of any more while it had the job.',
  NO_WORKER: 'No worker that is there can do what the job asks for.',
  QUEUE_UNAVAILABLE: 'Redis, which hands jobs to the workers, cannot be used.',
  QUEUE_IN_USE: 'Another daemon hands out the jobs of this queue.',
  STORE_UNAVAILABLE: 'The store that images and results go through cannot be used.',
  PROTOCOL: 'A child process sent a message that the protocol does not know.',
  JOURNAL_INVALID: 'The journal could not be opened or refused a value.',
} as const satisfies Record<string, string>;

export type ErrorCode = keyof typeof errorCodes;

/** What an error concerns. All optional; the one place that catches foreign errors fills in what it knows. */
export interface ErrorSubject {
  readonly file?: string | undefined;
  readonly pair?: string | undefined;
  readonly plugin?: string | undefined;
  readonly job?: string | undefined;
}

export class CycleboxError extends Error {
  override readonly name = 'CycleboxError';
  readonly code: ErrorCode;
  readonly subject: ErrorSubject;

  /** @param message what was wrong, the value, what is allowed, what to do; without the code, which is kept apart. */
  constructor(code: ErrorCode, message: string, options: { subject?: ErrorSubject; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.subject = options.subject ?? {};
  }

  /** `CODE: message`, the form that users see. */
  override toString(): string {
    return `${this.code}: ${this.message}`;
  }
}

/** An error as plain data, for messages between processes and for `--json`. */
export interface ErrorData {
  readonly code: ErrorCode;
  readonly message: string;
  readonly subject: ErrorSubject;
  readonly stack?: string | undefined;
  /** What the system called it, if the system was its cause: see `systemCodeOf`. */
  readonly systemCode?: string | undefined;
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(errorCodes, value);
}

/** What helps where the system has no more to give: no defect of ours, wherever it is met. */
const limits: Readonly<Record<string, string>> = {
  EMFILE: 'This process may not open more files: raise its limit ("ulimit -n 1024", or LimitNOFILE of its service).',
  ENFILE: 'The whole system has too many files open: end what is not needed, or raise its limit.',
  EAGAIN: 'There may be no more processes or threads: raise the limit ("ulimit -u", or TasksMax of its service).',
  ENOMEM:
    'There is no more memory: end what is not needed, or raise the limit ("ulimit -v", or MemoryMax of its service).',
};

/** Any thrown value as a CycleboxError: coded ones keep their code, and gain what `subject` knows and they do not. */
export function asCycleboxError(
  error: unknown,
  subject: ErrorSubject = {},
  code: ErrorCode = 'INTERNAL',
): CycleboxError {
  if (error instanceof CycleboxError) {
    const known = Object.fromEntries(Object.entries(error.subject).filter(([, value]) => value !== undefined));
    const merged = new CycleboxError(error.code, error.message, {
      subject: { ...subject, ...known },
      cause: error.cause,
    });
    if (error.stack !== undefined) merged.stack = error.stack;
    return merged;
  }
  const message = error instanceof Error ? error.message : String(error);
  if (code === 'INTERNAL' && isModuleUnreadable(error))
    return new CycleboxError('LIMIT_REACHED', `EMFILE: ${message}. ${limits['EMFILE']}`, { subject, cause: error });
  const remedy = code === 'INTERNAL' ? limits[systemCodeOf(error) ?? ''] : undefined;
  if (remedy !== undefined)
    return new CycleboxError('LIMIT_REACHED', `${message}. ${remedy}`, { subject, cause: error });
  return new CycleboxError(code, message, { subject, cause: error });
}

export function errorToData(error: unknown): ErrorData {
  const coded = asCycleboxError(error);
  const systemCode = systemCodeOf(coded);
  const { code, message, subject } = coded;
  // Of a foreign error, its own says where it was thrown.
  const { stack } = error instanceof Error ? error : coded;
  return { code, message, subject, stack, ...(systemCode !== undefined && { systemCode }) };
}

/** `ENOSPC`, `SQLITE_FULL` …: what the system or SQLite called the error or the first of its causes that has such a code. */
export function systemCodeOf(error: unknown): string | undefined {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code } = one as NodeJS.ErrnoException;
    if (typeof code === 'string' && /^(E[A-Z0-9]+|SQLITE_[A-Z_]+)$/.test(code)) return code;
  }
  return undefined;
}

export function errorFromData(data: ErrorData): CycleboxError {
  const error = new CycleboxError(isErrorCode(data.code) ? data.code : 'INTERNAL', data.message, {
    subject: data.subject,
    ...(data.systemCode !== undefined && {
      cause: Object.assign(new Error(data.systemCode), { code: data.systemCode }),
    }),
  });
  if (data.stack !== undefined) error.stack = data.stack;
  return error;
}
