/**
 * The durable record of jobs: one row a job, one row an attempt. Every change of state is committed to the disk
 * before the step it allows is taken. It decides nothing; `Inbox` does.
 *
 * A job is unique per file (path and identity), translation and model version, so that a restart redoes nothing.
 */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  type Clock,
  CycleboxError,
  type Disposable,
  isErrorCode,
  type JobId,
  newJobId,
  systemClock,
} from '../base/index.js';
import type { SourceIdentity } from './source-file.js';
import { Sqlite, type SqlRow } from './sqlite.js';
import type { RelativePath, RunReport, Translation } from './types.js';

export type JobState =
  | 'seen'
  | 'settling'
  | 'queued'
  | 'running'
  | 'publishing'
  | 'done'
  | 'failed'
  | 'quarantined'
  | 'skipped';

export interface Job {
  readonly id: JobId;
  readonly path: RelativePath;
  readonly identity: SourceIdentity;
  /** Empty for a file that no translation was found for. */
  readonly translation: string;
  readonly version: string;
  readonly state: JobState;
  /** Attempts that count against the job. */
  readonly attempts: number;
  /** Why it failed. */
  readonly error?: CycleboxError | undefined;
  /** Absolute; where the running attempt leaves its result. */
  readonly temporary?: string | undefined;
  /** `device:inode` of the temporary file while publishing. */
  readonly inode?: string | undefined;
  /** Relative to the outbox; the name being tried, then the name given. */
  readonly output?: RelativePath | undefined;
}

export interface NewJob {
  readonly path: RelativePath;
  readonly identity: SourceIdentity;
  readonly translation: Translation;
}

const schemaVersion = 1;

const schema = `
  CREATE TABLE IF NOT EXISTS jobs (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    path TEXT NOT NULL,
    identity TEXT NOT NULL,
    translation TEXT NOT NULL,
    version TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    code TEXT,
    message TEXT,
    temporary TEXT,
    inode TEXT,
    output TEXT,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    UNIQUE (path, identity, translation, version)
  );
  CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, sequence);
  CREATE TABLE IF NOT EXISTS attempts (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    job TEXT NOT NULL REFERENCES jobs (id),
    number INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    outcome TEXT,
    code TEXT,
    message TEXT,
    report TEXT
  );
  CREATE INDEX IF NOT EXISTS attempts_by_job ON attempts (job, number);
  PRAGMA user_version = ${schemaVersion};
`;

export class Journal implements Disposable {
  readonly #sqlite: Sqlite;
  readonly #clock: Clock;

  /** @throws JOURNAL_INVALID when the file is no journal, or one of a newer version */
  constructor(file: string, clock: Clock = systemClock) {
    mkdirSync(dirname(file), { recursive: true });
    this.#clock = clock;
    this.#sqlite = new Sqlite(file);
    this.#sqlite.get('PRAGMA journal_mode = WAL');
    this.#sqlite.exec('PRAGMA synchronous = FULL');
    const version = Number(this.#sqlite.get('PRAGMA user_version')?.['user_version'] ?? 0);
    if (version > schemaVersion) {
      const message = `${file} was written by a newer cyclebox (version ${version}, this one knows ${schemaVersion}): update cyclebox`;
      throw new CycleboxError('JOURNAL_INVALID', message, { subject: { file } });
    }
    this.#sqlite.exec(schema);
  }

  /** The job of a file and translation as it stands, whichever version of the model did it. */
  find(path: RelativePath, identity: SourceIdentity, translation: string): Job | undefined {
    const sql = 'SELECT * FROM jobs WHERE path = ? AND identity = ? AND translation = ? ORDER BY sequence DESC LIMIT 1';
    const row = this.#sqlite.get(sql, path, identity, translation);
    return row && toJob(row);
  }

  get(id: JobId): Job | undefined {
    const row = this.#sqlite.get('SELECT * FROM jobs WHERE id = ?', id);
    return row && toJob(row);
  }

  /** Queues jobs, in one transaction; one that is known already is queued anew. Returns them as they stand. */
  enqueue(jobs: readonly NewJob[]): readonly Job[] {
    return this.#sqlite.transaction(() => jobs.map(job => this.#upsert(job, 'queued')));
  }

  /** Records a file that could not even become a job. */
  refuse(file: Omit<NewJob, 'translation'>, error: CycleboxError): Job {
    return this.#sqlite.transaction(() => {
      const job = this.#upsert({ ...file, translation: { key: '', version: '' } }, 'failed');
      this.#sqlite.run('UPDATE jobs SET code = ?, message = ? WHERE id = ?', error.code, error.message, job.id);
      return { ...job, error };
    });
  }

  /** The oldest queued jobs. */
  queued(limit: number): readonly Job[] {
    return this.#sqlite.all("SELECT * FROM jobs WHERE state = 'queued' ORDER BY sequence LIMIT ?", limit).map(toJob);
  }

  /** Jobs that an earlier process left under way. */
  interrupted(): readonly Job[] {
    return this.#sqlite.all("SELECT * FROM jobs WHERE state IN ('running', 'publishing') ORDER BY sequence").map(toJob);
  }

  /** Starts an attempt; returns its number, from 1. */
  start(id: JobId, version: string, temporary: string): number {
    return this.#sqlite.transaction(() => {
      this.#sqlite.run('UPDATE OR REPLACE jobs SET version = ? WHERE id = ?', version, id);
      const sql =
        "UPDATE jobs SET state = 'running', attempts = attempts + 1, temporary = ?, inode = NULL, output = NULL, code = NULL, message = NULL, updated_ms = ? WHERE id = ?";
      this.#sqlite.run(sql, temporary, this.#nowMs(), id);
      const number = this.get(id)?.attempts ?? 1;
      this.#sqlite.run('INSERT INTO attempts (job, number, started_ms) VALUES (?, ?, ?)', id, number, this.#nowMs());
      return number;
    });
  }

  /** The result is about to be linked to `output`; `inode` tells afterwards whether it was. */
  publishing(id: JobId, output: RelativePath, inode: string, report: RunReport): void {
    this.#sqlite.transaction(() => {
      const sql = "UPDATE jobs SET state = 'publishing', output = ?, inode = ?, updated_ms = ? WHERE id = ?";
      this.#sqlite.run(sql, output, inode, this.#nowMs(), id);
      this.#sqlite.run(`UPDATE attempts SET report = ? WHERE ${lastAttempt}`, JSON.stringify(report), id);
    });
  }

  done(id: JobId, output: RelativePath): void {
    this.#end(id, 'done', 'done', undefined, output);
  }

  failed(id: JobId, error: CycleboxError): void {
    this.#end(id, 'failed', 'failed', error);
  }

  /** The file is gone or has changed: this job is moot. */
  skipped(id: JobId): void {
    this.#end(id, 'skipped', 'skipped');
  }

  /** Back into the queue after a failure that may pass. */
  retry(id: JobId, error: CycleboxError): void {
    this.#end(id, 'queued', 'retried', error);
  }

  /** Back into the queue without the attempt counting against it: it was interrupted. */
  release(id: JobId): void {
    this.#sqlite.run('UPDATE jobs SET attempts = max(0, attempts - 1) WHERE id = ?', id);
    this.#end(id, 'queued', 'released');
  }

  /**
   * Failures that are not their file's own stand no longer (the configuration, a model or the disk may be another
   * now): their files are looked at again. `ownCodes` are the codes that stay.
   */
  reconsider(ownCodes: readonly string[]): void {
    const marks = ownCodes.map(() => '?').join(', ');
    this.#sqlite.run(
      `UPDATE jobs SET state = 'skipped' WHERE state = 'failed' AND code NOT IN (${marks})`,
      ...ownCodes,
    );
  }

  /** How many jobs are in each state; states without jobs are left out. */
  counts(): Readonly<Partial<Record<JobState, number>>> {
    const rows = this.#sqlite.all('SELECT state, count(*) AS count FROM jobs GROUP BY state');
    return Object.fromEntries(rows.map(row => [String(row['state']), Number(row['count'])]));
  }

  dispose(): void {
    this.#sqlite.dispose();
  }

  #upsert({ path, identity, translation }: NewJob, state: JobState): Job {
    const sql = `INSERT INTO jobs (id, path, identity, translation, version, state, created_ms, updated_ms)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (path, identity, translation, version)
      DO UPDATE SET state = excluded.state, attempts = 0, code = NULL, message = NULL, updated_ms = excluded.updated_ms`;
    const nowMs = this.#nowMs();
    const { key, version } = translation;
    this.#sqlite.run(sql, newJobId(), path, identity, key, version, state, nowMs, nowMs);
    const job = this.find(path, identity, key);
    if (!job) throw new Error(`a job just written is not there: ${path}`);
    return job;
  }

  #end(id: JobId, state: JobState, outcome: string, error?: CycleboxError, output: string | null = null): void {
    const [code, message, nowMs] = [error?.code ?? null, error?.message ?? null, this.#nowMs()];
    this.#sqlite.transaction(() => {
      const job =
        'UPDATE jobs SET state = ?, code = ?, message = ?, temporary = NULL, inode = NULL, output = ?, updated_ms = ? WHERE id = ?';
      this.#sqlite.run(job, state, code, message, output, nowMs, id);
      const attempt = `UPDATE attempts SET ended_ms = ?, outcome = ?, code = ?, message = ? WHERE ${lastAttempt} AND ended_ms IS NULL`;
      this.#sqlite.run(attempt, nowMs, outcome, code, message, id);
    });
  }

  #nowMs(): number {
    return Math.trunc(this.#clock.epochMs());
  }
}

const lastAttempt = 'sequence = (SELECT max(sequence) FROM attempts WHERE job = ?)';

function toJob(row: SqlRow): Job {
  const text = (column: string) => (row[column] === null ? undefined : String(row[column]));
  const code = text('code');
  return {
    id: String(row['id']) as JobId,
    path: String(row['path']),
    identity: String(row['identity']),
    translation: String(row['translation']),
    version: String(row['version']),
    state: String(row['state']) as JobState,
    attempts: Number(row['attempts']),
    error:
      code === undefined ? undefined : new CycleboxError(isErrorCode(code) ? code : 'INTERNAL', text('message') ?? ''),
    temporary: text('temporary'),
    inode: text('inode'),
    output: text('output'),
  };
}
