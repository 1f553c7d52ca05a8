/**
 * The durable record of jobs: one row a job, one row an attempt. Every change of state is committed to the disk
 * before the step it allows is taken. It decides nothing; `Inbox` and `JobScheduler` do.
 *
 * A job is unique per file (path and identity), translation and model version, so that a restart redoes nothing.
 */

import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  type Clock,
  CycleboxError,
  type Disposable,
  type FileContent,
  type FileIdentity,
  type JobId,
  type JobState,
  newJobId,
  type RelativePath,
  systemClock,
  withoutBirth,
} from '../../base/index.js';
import { Deliveries } from './deliveries.js';
import { type Attempt, type Job, type NewJob, type Translation, toAttempt, toJob } from './job.js';
import { JobPages } from './job-pages.js';
import { JournalHistory, newestJob } from './journal-history.js';
import { insertMany, lookUpLikelyMany, lookUpMany, passesThroughJson, type Wanted } from './journal-intake.js';
import { migrate } from './journal-schema.js';
import type { RunReport } from './run-report.js';
import { Sqlite } from './sqlite.js';
import { makePrivate } from './state-folder.js';

/** A job's lease: as long as it runs, its daemon says so again and again. */
export const leaseMs = 60_000;

/** No wait is longer; a job that seems to wait longer waits only because the clock was set back. */
const longestWaitMs = 3_600_000;

export class Journal implements Disposable {
  readonly #sqlite: Sqlite;
  readonly #clock: Clock;
  /** Signs the leases: another daemon's are not renewed. */
  readonly #owner = `${process.pid}-${randomUUID()}`;

  readonly history: JournalHistory;
  readonly pages: JobPages;
  readonly deliveries: Deliveries;

  /** @throws JOURNAL_INVALID when the file is no journal, is damaged, or is one of a newer version */
  constructor(file: string, clock: Clock = systemClock) {
    mkdirSync(dirname(file), { recursive: true });
    this.#clock = clock;
    makePrivate(file);
    this.#sqlite = new Sqlite(file);
    try {
      this.#sqlite.get('PRAGMA journal_mode = WAL');
      this.#sqlite.exec('PRAGMA synchronous = FULL');
      requireSound(this.#sqlite, file);
      migrate(this.#sqlite, file);
    } catch (error) {
      this.#sqlite.dispose();
      throw error;
    }
    this.history = new JournalHistory(this.#sqlite);
    this.pages = new JobPages(this.#sqlite);
    this.deliveries = new Deliveries(this.#sqlite);
  }

  /** The newest job of a file and translation, whichever version of the model did it. */
  find(path: RelativePath, identity: FileIdentity, translation: string): Job | undefined {
    return newestJob(this.#sqlite, path, identity, translation);
  }

  /** `find` for many files at once, in their order. */
  findMany(wanted: readonly Wanted[]): readonly (Job | undefined)[] {
    if (wanted.every(passesThroughJson)) return lookUpMany(this.#sqlite, wanted);
    return wanted.map(({ path, identity, translation }) => this.find(path, identity, translation));
  }

  /**
   * For files that are not known: the newest ended job of each of which all but the inode is the same, and whose bytes were
   * read. Whether it is the same file, they have to tell.
   */
  findLikely(wanted: readonly Wanted[]): readonly (Job | undefined)[] {
    if (wanted.length === 0 || !wanted.every(passesThroughJson)) return [];
    return lookUpLikelyMany(this.#sqlite, wanted);
  }

  get(id: JobId): Job | undefined {
    const row = this.#sqlite.get('SELECT * FROM jobs WHERE id = ?', id);
    return row && toJob(row);
  }

  /** The attempts at a job, oldest first. */
  attempts(id: JobId): readonly Attempt[] {
    return this.#sqlite.all('SELECT * FROM attempts WHERE job = ? ORDER BY sequence', id).map(toAttempt);
  }

  /**
   * Queues jobs, in one transaction. One that is known and under way stays as it is; one that has ended is queued
   * anew, behind the others. Returns them as they stand.
   */
  enqueue(jobs: readonly NewJob[]): readonly Job[] {
    return this.#sqlite.transaction(() => this.#enqueueAll(jobs));
  }

  /**
   * `enqueue`, and in the same transaction records of files that could not even become jobs. Those said to be unknown
   * are not looked for again.
   */
  ingest(jobs: readonly ToIngest<NewJob>[], refused: readonly ToIngest<RefusedFile>[]): Ingested {
    const isNew = (one: ToIngest<NewJob | RefusedFile>) => one.isUnknown && passesThroughJson(one);
    return this.#sqlite.transaction(() => {
      const rest = refused.filter(file => !isNew(file)).map(file => this.#refuse(file));
      this.#endFailuresOf(jobs.map(({ path }) => path));
      const unroutable = refused.filter(isNew).map(file => ({ ...file, translation: noTranslation }));
      return {
        queued: [
          ...insertMany(this.#sqlite, jobs.filter(isNew), this.nowMs()),
          ...this.#enqueueAll(jobs.filter(job => !isNew(job))),
        ],
        refused: [...insertMany(this.#sqlite, unroutable, this.nowMs()), ...rest],
      };
    });
  }

  /** Now, as `queued` and `nextDueInMs` count: milliseconds since 1970. */
  nowMs(): number {
    return Math.trunc(this.#clock.epochMs());
  }

  /** The next queued jobs that need not wait any longer at `nowMs`, in the order of their turn. */
  queued(limit: number, nowMs = this.nowMs()): readonly Job[] {
    const sql = `SELECT * FROM jobs WHERE state = 'queued' AND (due_ms <= ? OR due_ms > ?)
      ORDER BY priority DESC, sequence LIMIT ?`;
    return this.#sqlite.all(sql, nowMs, nowMs + longestWaitMs, limit).map(toJob);
  }

  /** True when a job is queued, whether it waits or not. */
  get hasQueued(): boolean {
    return this.#sqlite.get("SELECT 1 FROM jobs WHERE state = 'queued' LIMIT 1") !== undefined;
  }

  /**
   * Milliseconds until the first of the jobs that wait at `nowMs` needs to wait no longer; undefined when none waits.
   * Who has asked `queued` asks this with the same `nowMs`, or a job that falls due in between is in neither answer.
   */
  nextDueInMs(nowMs = this.nowMs()): number | undefined {
    // Asked after every job: the index holds only the jobs that wait, of all that are queued.
    const sql =
      "SELECT min(due_ms) AS due FROM jobs INDEXED BY jobs_waiting WHERE state = 'queued' AND due_ms > 0 AND due_ms > ?";
    const row = this.#sqlite.get(sql, nowMs);
    return typeof row?.['due'] === 'number' ? row['due'] - nowMs : undefined;
  }

  /** Nobody waits any longer: at a start, what was to be waited for may have passed. */
  endWaits(): void {
    this.#sqlite.run("UPDATE jobs SET due_ms = 0 WHERE state = 'queued' AND due_ms > 0");
  }

  /** Jobs that an earlier process left under way. */
  interrupted(): readonly Job[] {
    return this.#sqlite.all("SELECT * FROM jobs WHERE state IN ('running', 'publishing') ORDER BY sequence").map(toJob);
  }

  /**
   * Starts an attempt and takes the lease; returns the attempt's number, from 1.
   * @param token the attempt's, which no other has
   */
  start(id: JobId, version: string, temporary: string, token: string = randomUUID()): number {
    return this.#sqlite.transaction(() => {
      this.#sqlite.run('UPDATE OR REPLACE jobs SET version = ? WHERE id = ?', version, id);
      const nowMs = this.nowMs();
      const sql = `UPDATE jobs SET state = 'running', attempts = attempts + 1, token = ?, temporary = ?, inode = NULL, output = NULL,
        changed = NULL, hash = NULL, code = NULL, message = NULL, due_ms = 0, lease_owner = ?, lease_until_ms = ?, updated_ms = ? WHERE id = ?`;
      this.#sqlite.run(sql, token, temporary, this.#owner, nowMs + leaseMs, nowMs, id);
      const number = this.get(id)?.attempts ?? 1;
      this.#sqlite.run('INSERT INTO attempts (job, number, started_ms) VALUES (?, ?, ?)', id, number, nowMs);
      return number;
    });
  }

  /** The heartbeat of the jobs that run here. */
  renewLeases(): void {
    const sql = "UPDATE jobs SET lease_until_ms = ? WHERE state IN ('running', 'publishing') AND lease_owner = ?";
    this.#sqlite.run(sql, this.nowMs() + leaseMs, this.#owner);
  }

  /**
   * The result is about to be given the name `output`; `inode` tells afterwards whether it was.
   * @param token of the attempt that it came of; undefined: of the one under way
   * @throws CANCELLED when another attempt has the job by now
   */
  publishing(id: JobId, output: RelativePath, inode: string, report: RunReport, token?: string): void {
    this.#sqlite.transaction(() => {
      const sql =
        "UPDATE jobs SET state = 'publishing', output = ?, inode = ?, updated_ms = ? WHERE id = ? AND token IS ifnull(?, token)";
      if (this.#sqlite.run(sql, output, inode, this.nowMs(), id, token ?? null) === 0)
        throw new CycleboxError('CANCELLED', 'Another attempt has the job by now.', { subject: { job: id } });
      if (report.source) this.#vouchFor(id, report.source);
      this.#sqlite.run(`UPDATE attempts SET report = ? WHERE ${lastAttempt}`, JSON.stringify(report), id);
    });
  }

  done(id: JobId, output: RelativePath, { published = true, content }: DoneWith = {}): void {
    this.#sqlite.transaction(() => {
      this.#sqlite.run('UPDATE jobs SET published = ? WHERE id = ?', published ? 1 : 0, id);
      if (content) this.#vouchFor(id, content);
      this.#write(id, { state: 'done', outcome: 'done', output });
    });
  }

  /** A waiting job's file has another inode by now. False when it has a job of its own by that. */
  reidentify(id: JobId, identity: FileIdentity): boolean {
    return this.#sqlite.run('UPDATE OR IGNORE jobs SET identity = ? WHERE id = ?', identity, id) > 0;
  }

  /** The files of jobs are what they were, with this identity and this last change now. */
  vouch(jobs: readonly Vouched[]): void {
    if (jobs.length === 0) return;
    // A job of the whole identity may be there beside one without the birth: then it stands for both.
    const sql = 'UPDATE OR IGNORE jobs SET identity = ?, changed = ?, hash = ifnull(?, hash) WHERE id = ?';
    this.#sqlite.transaction(() => {
      for (const { id, identity, content } of jobs)
        this.#sqlite.run(sql, identity, content.changed, content.sha256 ?? null, id);
    });
  }

  /**
   * The file of this path and identity is gone, or its content is another: a file that has the same inode, size and
   * times is not taken for it. Its ended jobs stay, for people.
   */
  forgetIdentity(path: RelativePath, identity: FileIdentity): void {
    const sql = `UPDATE jobs SET identity = 'gone:' || id WHERE path = ? AND identity IN (?, ?)
      AND state IN ('done', 'failed', 'quarantined', 'cancelled', 'skipped')`;
    this.#sqlite.run(sql, path, identity, withoutBirth(identity));
  }

  failed(id: JobId, error: CycleboxError): void {
    this.#end(id, { state: 'failed', outcome: 'failed', error });
  }

  quarantined(id: JobId, error: CycleboxError): void {
    this.#sqlite.transaction(() => {
      this.#sqlite.run('UPDATE jobs SET deaths = deaths + 1 WHERE id = ?', id);
      this.#write(id, { state: 'quarantined', outcome: 'died', error });
    });
  }

  cancelled(id: JobId): void {
    this.#end(id, { state: 'cancelled', outcome: 'cancelled' });
  }

  /** Returns how many. */
  cancelWaiting(): number {
    return this.#sqlite.run("UPDATE jobs SET state = 'cancelled', updated_ms = ? WHERE state = 'queued'", this.nowMs());
  }

  /** The file is gone or has changed: this job is skipped. */
  skipped(id: JobId): void {
    this.#end(id, { state: 'skipped', outcome: 'skipped' });
  }

  /** `skipped` for many, in one transaction. */
  skipMany(ids: readonly JobId[]): void {
    if (ids.length === 0) return;
    this.#sqlite.transaction(() => {
      for (const id of ids) this.#write(id, { state: 'skipped', outcome: 'skipped' });
    });
  }

  /** Back into the queue after a failure that may pass, not to be tried before `delayMs` have gone. */
  retry(id: JobId, error: CycleboxError, delayMs = 0): void {
    this.#end(id, { state: 'queued', outcome: 'retried', error, delayMs });
  }

  /** Back into the queue after it killed its worker: it will run alone. */
  died(id: JobId, error: CycleboxError, delayMs: number): void {
    this.#sqlite.transaction(() => {
      this.#sqlite.run('UPDATE jobs SET deaths = deaths + 1, alone = 1 WHERE id = ?', id);
      this.#write(id, { state: 'queued', outcome: 'died', error, delayMs });
    });
  }

  /** Back into the queue without the attempt counting against it: it was interrupted. */
  release(id: JobId, options: { readonly alone?: boolean; readonly unclean?: boolean } = {}): void {
    this.#sqlite.transaction(() => {
      const sql =
        'UPDATE jobs SET attempts = max(0, attempts - 1), alone = max(alone, ?), unclean = unclean + ? WHERE id = ?';
      this.#sqlite.run(sql, options.alone ? 1 : 0, options.unclean ? 1 : 0, id);
      this.#write(id, { state: 'queued', outcome: 'released' });
    });
  }

  /** Back into the queue without the attempt counting, not to be tried before `delayMs` have gone. */
  wait(id: JobId, error: CycleboxError, delayMs: number): void {
    this.#sqlite.transaction(() => {
      this.#sqlite.run('UPDATE jobs SET attempts = max(0, attempts - 1) WHERE id = ?', id);
      this.#write(id, { state: 'queued', outcome: 'retried', error, delayMs });
    });
  }

  /** Back into the queue with a clean sheet. `redo`: an earlier output does not count. */
  requeue(id: JobId, redo = false): void {
    const sql = `UPDATE jobs SET ${cleanSheet}, state = 'queued', redo = max(redo, ?), updated_ms = ? WHERE id = ?`;
    this.#sqlite.run(sql, redo ? 1 : 0, this.nowMs(), id);
  }

  /** `requeue` for many, in one transaction. */
  requeueMany(ids: readonly JobId[]): void {
    const sql = `UPDATE jobs SET ${cleanSheet}, redo = max(redo, state = 'done'), state = 'queued', updated_ms = ?
      WHERE id IN (SELECT value FROM json_each(?))`;
    this.#sqlite.run(sql, this.nowMs(), JSON.stringify(ids));
  }

  /** Waiting jobs wait no longer, as if each had been cancelled. Returns how many. */
  cancelMany(ids: readonly JobId[]): number {
    const sql = `UPDATE jobs SET state = 'cancelled', updated_ms = ?
      WHERE state = 'queued' AND id IN (SELECT value FROM json_each(?))`;
    return this.#sqlite.run(sql, this.nowMs(), JSON.stringify(ids));
  }

  /** Waiting jobs go before all others that wait, in the order among themselves. Returns how many. */
  runNext(ids: readonly JobId[]): number {
    const sql = `UPDATE jobs SET due_ms = 0, updated_ms = ?, priority = 1 + (SELECT max(priority) FROM jobs WHERE state = 'queued')
      WHERE state = 'queued' AND id IN (SELECT value FROM json_each(?))`;
    return this.#sqlite.run(sql, this.nowMs(), JSON.stringify(ids));
  }

  /**
   * Failures that are not their file's own stand no longer (the configuration, a model or the disk may be another
   * now): their files are looked at again. `ownCodes` are the codes that stay.
   */
  reconsider(ownCodes: readonly string[]): void {
    const marks = ownCodes.map(() => '?').join(', ');
    this.#sqlite.run(
      `UPDATE jobs SET state = 'skipped', updated_ms = ? WHERE state = 'failed' AND code NOT IN (${marks})`,
      this.nowMs(),
      ...ownCodes,
    );
  }

  /** How many jobs are in each state; states without jobs are left out. */
  counts(): Readonly<Partial<Record<JobState, number>>> {
    return this.history.counts();
  }

  /** A word kept over restarts. */
  setting(key: string): string | undefined {
    const row = this.#sqlite.get('SELECT value FROM settings WHERE key = ?', key);
    return row && String(row['value']);
  }

  set(key: string, value: string | undefined): void {
    if (value === undefined) this.#sqlite.run('DELETE FROM settings WHERE key = ?', key);
    else this.#sqlite.run('INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)', key, value);
  }

  /** Throws unless the journal can be written to. */
  probe(): void {
    this.set('probe', String(this.nowMs()));
  }

  dispose(): void {
    try {
      // libsql closes without: the write-ahead log would stay as long as it had grown.
      this.#sqlite.get('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // It is read again at the next start.
    }
    this.#sqlite.dispose();
  }

  /** What failed is no longer what is there under these names. */
  #endFailuresOf(paths: readonly RelativePath[]): void {
    const sql = `UPDATE jobs SET state = 'skipped', updated_ms = ? WHERE state IN ('failed', 'quarantined')
      AND path IN (SELECT value FROM json_each(?))`;
    this.#sqlite.run(sql, this.nowMs(), JSON.stringify(paths));
  }

  /** The files are gone, and their failures with them. */
  filesGone(paths: readonly RelativePath[]): void {
    if (paths.length > 0) this.#endFailuresOf(paths);
  }

  #vouchFor(id: JobId, { changed, sha256 }: FileContent): void {
    this.#sqlite.run('UPDATE jobs SET changed = ?, hash = ? WHERE id = ?', changed, sha256 ?? null, id);
  }

  #enqueueAll(jobs: readonly NewJob[]): readonly Job[] {
    if (!jobs.every(passesThroughJson)) return jobs.map(job => this.#upsert(job, 'queued'));
    const known = lookUpMany(this.#sqlite, jobs.map(toWanted));
    const unknown = jobs.filter((_, index) => !known[index]);
    const again = jobs.filter((_, index) => known[index]);
    return [...insertMany(this.#sqlite, unknown, this.nowMs()), ...again.map(job => this.#upsert(job, 'queued'))];
  }

  #refuse({ path, identity, error }: RefusedFile): Job {
    const job = this.#upsert({ path, identity, translation: noTranslation }, 'failed');
    this.#sqlite.run('UPDATE jobs SET code = ?, message = ? WHERE id = ?', error.code, error.message, job.id);
    return { ...job, error };
  }

  #upsert({ path, identity, translation, priority = 0, redo = false }: NewJob, state: 'queued' | 'failed'): Job {
    const { key, version } = translation;
    const nowMs = this.nowMs();
    const known = this.#exact(path, identity, key, version);
    if (known && isUnderWay.has(known.state)) return known;
    if (known) {
      const sql = `UPDATE jobs SET ${cleanSheet}, state = ?, priority = ?, redo = max(redo, ?), updated_ms = ?,
        sequence = (SELECT max(sequence) + 1 FROM jobs) WHERE id = ?`;
      this.#sqlite.run(sql, state, priority, redo ? 1 : 0, nowMs, known.id);
    } else {
      const sql = `INSERT INTO jobs (id, path, identity, translation, version, state, priority, redo, created_ms, updated_ms)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
      const values = [newJobId(), path, identity, key, version, state, priority, redo ? 1 : 0, nowMs, nowMs];
      this.#sqlite.run(sql, ...values);
    }
    const job = this.#exact(path, identity, key, version);
    if (!job) throw new Error(`a job just written is not there: ${path}`);
    return job;
  }

  #exact(path: RelativePath, identity: FileIdentity, translation: string, version: string): Job | undefined {
    const sql = `SELECT * FROM jobs WHERE path = ? AND identity IN (?, ?) AND translation = ? AND version = ?
      ORDER BY sequence DESC LIMIT 1`;
    const row = this.#sqlite.get(sql, path, identity, withoutBirth(identity), translation, version);
    return row && toJob(row);
  }

  #end(id: JobId, ending: Ending): void {
    this.#sqlite.transaction(() => this.#write(id, ending));
  }

  #write(id: JobId, { state, outcome, error, output, delayMs = 0 }: Ending): void {
    const [code, message, nowMs] = [error?.code ?? null, error?.message ?? null, this.nowMs()];
    const dueMs = delayMs > 0 ? nowMs + Math.ceil(Math.min(delayMs, longestWaitMs)) : 0;
    const job = `UPDATE jobs SET state = ?, code = ?, message = ?, token = NULL, temporary = NULL, inode = NULL, output = ?, due_ms = ?,
      lease_owner = NULL, lease_until_ms = NULL, updated_ms = ? WHERE id = ?`;
    this.#sqlite.run(job, state, code, message, output ?? null, dueMs, nowMs, id);
    const attempt = `UPDATE attempts SET ended_ms = ?, outcome = ?, code = ?, message = ? WHERE ${lastAttempt} AND ended_ms IS NULL`;
    this.#sqlite.run(attempt, nowMs, outcome, code, message, id);
  }
}

export interface RefusedFile extends Pick<NewJob, 'path' | 'identity'> {
  readonly error: CycleboxError;
}

/** What a file that cannot become a job is recorded under. */
const noTranslation: Translation = { key: '', version: '' };

export type ToIngest<T> = T & { readonly isUnknown: boolean };

export interface Ingested {
  readonly queued: readonly Job[];
  readonly refused: readonly Job[];
}

function toWanted({ path, identity, translation }: NewJob): Wanted {
  return { path, identity, translation: translation.key, version: translation.version };
}

/** What is known besides when a job is done. */
export interface DoneWith {
  /** False when the output is another's file, which was left alone. Default true. */
  readonly published?: boolean | undefined;
  /** What was read. */
  readonly content?: FileContent | undefined;
}

export interface Vouched {
  readonly id: JobId;
  readonly identity: FileIdentity;
  readonly content: FileContent;
}

/** How an attempt ends, and what becomes of its job. */
interface Ending {
  readonly state: JobState;
  /** The attempt's. */
  readonly outcome: string;
  readonly error?: CycleboxError;
  readonly output?: RelativePath;
  readonly delayMs?: number;
}

const isUnderWay: ReadonlySet<JobState> = new Set<JobState>(['queued', 'running', 'publishing']);

const cleanSheet =
  'attempts = 0, deaths = 0, unclean = 0, alone = 0, due_ms = 0, code = NULL, message = NULL, output = NULL';

const lastAttempt = 'sequence = (SELECT max(sequence) FROM attempts WHERE job = ?)';

function requireSound(sqlite: Sqlite, file: string): void {
  const fault = sqlite.all('PRAGMA quick_check(1)')[0]?.['quick_check'];
  if (fault === 'ok') return;
  const cause = Object.assign(new Error(String(fault)), { code: 'SQLITE_CORRUPT' });
  throw new CycleboxError('JOURNAL_INVALID', `${file} is damaged: ${fault}`, { subject: { file }, cause });
}
