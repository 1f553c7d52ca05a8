/**
 * A job as the journal has it, and how its row is read. What people see of it is a `QueueEntry`.
 */
import {
  CycleboxError,
  type FileContent,
  type FileIdentity,
  isErrorCode,
  type JobId,
  type JobState,
  type RelativePath,
} from '../../base/index.js';
import type { RunReport } from './run-report.js';
import type { SqlRow } from './sqlite.js';

/** What is to be done to a file. */
export interface Translation {
  /** Names the translation in the journal, whatever its model's version: `satellite-map/map`. */
  readonly key: string;
  /** The version of what does it: the hash of the model file. */
  readonly version: string;
  /** Results may be published in other folders than their sources lie in. Default false. */
  readonly isElsewhere?: boolean | undefined;
}

export interface Job {
  readonly id: JobId;
  readonly path: RelativePath;
  readonly identity: FileIdentity;
  /** Empty for a file that no translation was found for. */
  readonly translation: string;
  readonly version: string;
  readonly state: JobState;
  /** Higher ones go first. */
  readonly priority: number;
  /** Attempts that count against the job. */
  readonly attempts: number;
  /** How often it killed its worker while a daemon watched. */
  readonly workerCrashes: number;
  /** How often it was found running by a daemon that started. */
  readonly interruptedRuns: number;
  /** It is under suspicion: it runs with nothing beside it. */
  readonly isolated: boolean;
  /** It was asked for anew: an earlier output does not count. */
  readonly redo: boolean;
  /** Epoch; it waits until then. 0: it does not. */
  readonly dueMs: number;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** Why it failed, or what it is tried again for. */
  readonly error?: CycleboxError | undefined;
  /** Of the attempt under way: only what came of it is published. */
  readonly token?: string | undefined;
  /** Absolute; where the running attempt leaves its result. */
  readonly temporary?: string | undefined;
  /** What recognises the temporary file, also under its new name, while publishing. */
  readonly temporaryIdentity?: string | undefined;
  /** Relative to the outbox; the name being tried, then the name given. */
  readonly output?: RelativePath | undefined;
  /** Once done: whether `output` was made of this file. False: it is another's, which was left alone. Undefined: 0.1.0 did it. */
  readonly published?: boolean | undefined;
  /** What was read, or what its file was when it was first found done or failed. */
  readonly content?: FileContent | undefined;
}

export interface NewJob {
  readonly path: RelativePath;
  readonly identity: FileIdentity;
  readonly translation: Translation;
  readonly priority?: number | undefined;
  readonly redo?: boolean | undefined;
}

/** One attempt at a job, for its history. Times are of the epoch. */
export interface Attempt {
  readonly number: number;
  readonly startedMs: number;
  readonly endedMs?: number | undefined;
  /** `done`, `failed`, `retried`, `released` …; undefined while it runs, or when its daemon ended first. */
  readonly outcome?: string | undefined;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  /** Of an attempt that came as far as a result. */
  readonly report?: RunReport | undefined;
}

export function toJob(row: SqlRow): Job {
  const text = (column: string) => textOf(row, column);
  const number = (column: string) => Number(row[column]);
  return {
    id: String(row['id']) as JobId,
    path: String(row['path']),
    identity: String(row['identity']),
    translation: String(row['translation']),
    version: String(row['version']),
    state: String(row['state']) as JobState,
    priority: number('priority'),
    attempts: number('attempts'),
    workerCrashes: number('deaths'),
    interruptedRuns: number('unclean'),
    isolated: number('alone') === 1,
    redo: number('redo') === 1,
    dueMs: number('due_ms'),
    createdMs: number('created_ms'),
    updatedMs: number('updated_ms'),
    error: errorOf(text('code'), text('message')),
    token: text('token'),
    temporary: text('temporary'),
    temporaryIdentity: text('inode'),
    output: text('output'),
    published: flagOf(row, 'published'),
    content: contentIn(text('changed'), text('hash')),
  };
}

export function toAttempt(row: SqlRow): Attempt {
  const ended = row['ended_ms'];
  return {
    number: Number(row['number']),
    startedMs: Number(row['started_ms']),
    endedMs: typeof ended === 'number' ? ended : undefined,
    outcome: textOf(row, 'outcome'),
    code: textOf(row, 'code'),
    message: textOf(row, 'message'),
    report: reportIn(textOf(row, 'report')),
  };
}

/** One that cannot be read is none: it only tells people what was. */
function reportIn(text: string | undefined): RunReport | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as RunReport);
  } catch {
    return undefined;
  }
}

function textOf(row: SqlRow, column: string): string | undefined {
  const value = row[column];
  return value === null || value === undefined ? undefined : String(value);
}

function contentIn(changed: string | undefined, sha256: string | undefined): FileContent | undefined {
  return changed === undefined ? undefined : { changed, sha256 };
}

function flagOf(row: SqlRow, column: string): boolean | undefined {
  const value = row[column];
  return value === null || value === undefined ? undefined : Number(value) === 1;
}

function errorOf(code: string | undefined, message: string | undefined): CycleboxError | undefined {
  if (code === undefined) return undefined;
  return new CycleboxError(isErrorCode(code) ? code : 'INTERNAL', message ?? '');
}
