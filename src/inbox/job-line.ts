/**
 * The doing half of the inbox: takes queued jobs from the journal, has them run, publishes what came out, and writes
 * down each step before it takes the next. It does not look for files; the seeing half (`inbox.ts`) does.
 *
 * Order of the steps of one job, which any crash can be recovered from: running (temporary named) → result flushed →
 * publishing (output name and the temporary's inode noted) → linked → folder flushed → done.
 */
import { rm } from 'node:fs/promises';
import { dirname, join, posix } from 'node:path';
import {
  asCycleboxError,
  type CycleboxError,
  type ErrorCode,
  type ErrorSubject,
  faultPoint,
  syncFolder,
  systemClock,
  temporaryPathFor,
} from '../base/index.js';
import type { Job, Journal } from './journal.js';
import { publish } from './publish.js';
import { identify, inodeOf } from './source-file.js';
import type { InboxEvent, RelativePath, Router, Runner, RunReport, Translation } from './types.js';
import { LocalQueue, type WorkQueue } from './work-queue.js';

export interface JobLineOptions {
  readonly inbox: string;
  readonly outbox: string;
  readonly journal: Journal;
  readonly route: Router;
  readonly runner: Runner;
  /** Jobs run at a time. */
  readonly concurrency: number;
  /** Attempts that a job has when it kills its worker or takes too long. */
  readonly maxAttempts: number;
  readonly jobTimeoutMs: number;
  readonly emit: (event: InboxEvent) => void;
  /** A file that is not what its job was made for: it is to be looked at again. */
  readonly onChanged: (path: RelativePath) => void;
  /** A job has ended, one way or another. */
  readonly onProgress: () => void;
  readonly queue?: WorkQueue | undefined;
}

const mayPass: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['PROCESS_CRASHED', 'PROCESS_UNRESPONSIVE', 'TIMED_OUT']);

/** How many jobs the queue holds for each that can run: enough that a free worker never waits for the journal. */
const windowPerWorker = 4;

export class JobLine {
  readonly #options: JobLineOptions;
  readonly #queue: WorkQueue;
  readonly #abort = new AbortController();
  #stopping = false;

  constructor(options: JobLineOptions) {
    this.#options = options;
    this.#queue = options.queue ?? new LocalQueue(options.concurrency);
  }

  /** True when nothing is queued or running. */
  get isEmpty(): boolean {
    return this.#queue.size === 0 && this.#options.journal.queued(1).length === 0;
  }

  /** Sorts out what an earlier process left under way: finishes what was published, requeues the rest. */
  async recover(): Promise<void> {
    for (const job of this.#options.journal.interrupted()) await this.#recoverOne(job);
  }

  /** Fills the window from the journal. */
  pump(): void {
    if (this.#stopping) return;
    const room = this.#options.concurrency * windowPerWorker - this.#queue.size;
    if (room <= 0) return;
    const jobs = this.#options.journal.queued(room + this.#queue.size).filter(job => !this.#queue.has(job.id));
    for (const job of jobs.slice(0, room)) this.#queue.add(job.id, () => this.#work(job));
  }

  pause(): void {
    this.#queue.pause();
  }

  resume(): void {
    this.#queue.resume();
    this.pump();
  }

  /** Starts nothing more, waits for what runs, and after `graceMs` gives it back to the journal. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.#queue.pause();
    this.#queue.clear();
    const timer = systemClock.after(graceMs, () => this.#abort.abort());
    await this.#queue.whenNothingRuns();
    await timer.dispose();
  }

  async #work(job: Job): Promise<void> {
    try {
      await this.#attempt(job);
    } catch (error) {
      await this.#failed(job, asCycleboxError(error, this.#subject(job))).catch(cause => this.#unrecorded(job, cause));
    } finally {
      // The queue lets go of this job only after this function has returned.
      setImmediate(() => {
        this.pump();
        this.#options.onProgress();
      });
    }
  }

  async #attempt(job: Job): Promise<void> {
    const { journal, inbox, outbox, runner, route, emit, jobTimeoutMs: timeoutMs } = this.#options;
    if (!(await this.#isUnchanged(job))) return this.#moot(job);
    const routing = route(job.path);
    // The configuration has changed since the job was queued: whoever looks at the file again says what is to be done.
    if (routing.kind === 'refuse' || routing.translation.key !== job.translation) return this.#moot(job);

    const { translation } = routing;
    const startMs = performance.now();
    const temporary = temporaryPathFor(join(outbox, job.path));
    const attempt = journal.start(job.id, translation.version, temporary);
    faultPoint('claimed');
    emit({ type: 'started', job: job.id, path: job.path, attempt });
    try {
      const source = join(inbox, job.path);
      const signal = this.#abort.signal;
      const report = await runner.run({ job: job.id, source, temporary, translation, signal, timeoutMs });
      if (!(await this.#isUnchanged(job))) return this.#moot(job);
      const output = await this.#publish(job, temporary, report);
      this.#done(job, translation, output, report, performance.now() - startMs);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  async #publish(job: Job, temporary: string, report: RunReport): Promise<RelativePath> {
    const { journal, outbox } = this.#options;
    const inode = (await inodeOf(temporary)) ?? '';
    const wanted = posix.join(posix.dirname(job.path), report.name);
    const onAttempt = (candidate: RelativePath) => journal.publishing(job.id, candidate, inode, report);
    return publish({ outbox, temporary, wanted, onAttempt }).catch(error => {
      throw asCycleboxError(error, { file: join(outbox, wanted) }, 'WRITE_FAILED');
    });
  }

  #done(job: Job, translation: Translation, output: RelativePath, report: RunReport, ms: number): void {
    this.#options.journal.done(job.id, output);
    faultPoint('committed');
    this.#options.emit({ type: 'done', job: job.id, path: job.path, translation: translation.key, output, report, ms });
  }

  async #failed(job: Job, error: CycleboxError): Promise<void> {
    const { journal, emit, maxAttempts } = this.#options;
    const attempt = journal.get(job.id)?.attempts ?? 0;
    // Cancelled: by our own stop, or because the worker was restarted for another job's sake.
    if (error.code === 'CANCELLED') journal.release(job.id);
    else if (mayPass.has(error.code) && attempt < maxAttempts) {
      journal.retry(job.id, error);
      emit({ type: 'retrying', job: job.id, path: job.path, attempt, error });
    } else if (await this.#isUnchanged(job)) {
      journal.failed(job.id, error);
      emit({ type: 'failed', job: job.id, path: job.path, error, earlier: false });
    } else this.#moot(job);
  }

  /** The journal itself failed: the job stays as it last stood there, and is recovered at the next start. */
  #unrecorded(job: Job, cause: unknown): void {
    this.#options.emit({ type: 'trouble', error: asCycleboxError(cause, this.#subject(job), 'JOURNAL_INVALID') });
  }

  #subject(job: Job): ErrorSubject {
    return { job: job.id, file: join(this.#options.inbox, job.path) };
  }

  #moot(job: Job): void {
    this.#options.journal.skipped(job.id);
    this.#options.onChanged(job.path);
  }

  async #isUnchanged(job: Job): Promise<boolean> {
    return (await identify(join(this.#options.inbox, job.path))) === job.identity;
  }

  async #recoverOne(job: Job): Promise<void> {
    const { journal, outbox } = this.#options;
    const output = job.output === undefined ? undefined : join(outbox, job.output);
    const wasLinked = output !== undefined && job.inode !== '' && (await inodeOf(output)) === job.inode;
    if (job.temporary !== undefined) await rm(job.temporary, { force: true });
    if (wasLinked && job.output !== undefined) {
      await syncFolder(dirname(output));
      journal.done(job.id, job.output);
    } else journal.release(job.id);
  }
}
