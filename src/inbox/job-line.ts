/**
 * The doing half of the inbox: takes queued jobs from the journal, has them run, publishes what came out, and writes
 * down each step before it takes the next. It does not look for files; the seeing half (`inbox.ts`) does.
 *
 * Order of the steps of one job, which any crash can be recovered from: running (temporary named) → result flushed →
 * publishing (output name and the temporary's mark noted) → named → folder flushed → done → source kept or moved.
 */
import { rm, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import {
  asCycleboxError,
  type Clock,
  CycleboxError,
  type Disposable,
  type ErrorSubject,
  faultPoint,
  type JobId,
} from '../base/index.js';
import { type BackOffOptions, backOffDelay } from '../process/index.js';
import { DeathWatch } from './death-watch.js';
import type { Job } from './job.js';
import { type Journal, leaseMs } from './journal.js';
import { PauseGate } from './pause-gate.js';
import type { Publisher, PublishResult } from './publisher.js';
import { verdictOn } from './retry-policy.js';
import { identify } from './source-file.js';
import type { InboxEvent, QueuePause, RelativePath, Router, Runner, RunReport, Translation } from './types.js';
import { LocalQueue, type WorkQueue } from './work-queue.js';

/** What may change while jobs run; read anew for each. */
export interface JobLimits {
  /** Attempts that a job has when its failure may pass. */
  readonly maxAttempts: number;
  readonly jobTimeoutMs: number;
  /** For how long after its last change an undecodable file is tried again. */
  readonly decodeGraceMs: number;
}

export interface JobLineOptions {
  readonly inbox: string;
  readonly outbox: string;
  readonly journal: Journal;
  readonly publisher: Publisher;
  readonly route: Router;
  readonly runner: Runner;
  /** Jobs run at a time. */
  readonly concurrency: number;
  readonly limits: () => JobLimits;
  /** Waits between attempts at one job. */
  readonly retryBackOff?: BackOffOptions | undefined;
  /** Waits between probes while the environment pauses the queue. */
  readonly probeBackOff?: BackOffOptions | undefined;
  readonly clock: Clock;
  readonly emit: (event: InboxEvent) => void;
  /** A file that is not what its job was made for: it is to be looked at again. */
  readonly onChanged: (path: RelativePath) => void;
  /** How long a file has been as it is; undefined when that is longer than the decode grace. */
  readonly unchangedForMs: (job: Job) => number | undefined;
  /** A job has ended, one way or another. */
  readonly onProgress: () => void;
  readonly queue?: WorkQueue | undefined;
}

interface Running {
  readonly abort: AbortController;
  /** Another job ran at the same time: if the worker dies, it may have been the other's fault. */
  accompanied: boolean;
  isCancelled: boolean;
}

/** How many jobs the queue holds for each that can run: enough that a free worker never waits for the journal. */
const windowPerWorker = 4;

/** A job whose worker dies so often is quarantined. */
const maxDeaths = 2;
/** A job that was found running at so many starts runs alone, and is quarantined if it kills its worker even once. */
const suspiciousEnds = 3;

const defaultRetryBackOff: BackOffOptions = { firstMs: 1000, maxMs: 300_000 };

export class JobLine implements Disposable {
  readonly #options: JobLineOptions;
  readonly #queue: WorkQueue;
  readonly #gate: PauseGate;
  readonly #deaths = new DeathWatch();
  readonly #running = new Map<JobId, Running>();
  /** Jobs whose outcome the journal could not take: sorted out when it can be written again. */
  readonly #unrecorded = new Set<JobId>();
  /** The job that runs, or is about to run, with nothing beside it. */
  #exclusive: JobId | undefined;
  #dueTimer: Disposable | undefined;
  #heartbeat: Disposable | undefined;
  #stopping = false;

  constructor(options: JobLineOptions) {
    this.#options = options;
    this.#queue = options.queue ?? new LocalQueue(options.concurrency);
    this.#gate = new PauseGate({
      clock: options.clock,
      backOff: options.probeBackOff,
      onPaused: pause => this.#paused(pause),
      onResumed: () => void this.#resumed(),
    });
  }

  /** True when nothing is queued or running; what the user has paused does not count as queued. */
  get isEmpty(): boolean {
    if (this.#running.size > 0 || this.#unrecorded.size > 0) return false;
    return this.#gate.pause?.by === 'user' || (this.#queue.size === 0 && !this.#options.journal.hasQueued);
  }

  /** Why no job is started; undefined when jobs are. */
  get pause(): QueuePause | undefined {
    return this.#gate.pause;
  }

  /** Sorts out what an earlier process left under way: finishes what was published, requeues the rest. */
  async recover(): Promise<void> {
    const { journal } = this.#options;
    for (const job of journal.interrupted()) await this.#recoverOne(job, job.state === 'running');
    journal.endWaits();
  }

  /** Fills the window from the journal. */
  pump(): void {
    if (this.#stopping || this.#gate.pause) return;
    try {
      this.#fill();
      this.#awaitDue();
    } catch (error) {
      this.#pauseFor(asCycleboxError(error));
    }
  }

  pauseByUser(reason: string): void {
    this.#gate.byUser(reason);
    this.#options.onProgress();
  }

  resume(): void {
    this.#gate.resume();
  }

  /** Gives a running job's work up; false when it does not run. */
  cancel(id: JobId): boolean {
    const running = this.#running.get(id);
    if (!running) return false;
    running.isCancelled = true;
    running.abort.abort();
    return true;
  }

  /** Starts nothing more, waits for what runs, and after `graceMs` gives it back to the journal. */
  async stop(graceMs: number): Promise<void> {
    this.#stopping = true;
    this.dispose();
    this.#queue.pause();
    this.#queue.clear();
    const abort = () => {
      for (const running of this.#running.values()) running.abort.abort();
    };
    const timer = this.#options.clock.after(graceMs, abort);
    await this.#queue.whenNothingRuns();
    await timer.dispose();
    void this.#heartbeat?.dispose();
  }

  dispose(): void {
    this.#gate.dispose();
    void this.#dueTimer?.dispose();
  }

  #fill(): void {
    const { concurrency, journal } = this.#options;
    const room = concurrency * windowPerWorker - this.#queue.size;
    if (this.#exclusive !== undefined || room <= 0) return;
    const jobs = journal.queued(room + this.#queue.size).filter(job => !this.#queue.has(job.id));
    for (const job of jobs.slice(0, room)) {
      if (runsAlone(job)) {
        // What is in the queue goes first; the job's turn comes with the pump after the last of it.
        if (this.#queue.size > 0) return;
        this.#exclusive = job.id;
      }
      this.#queue.add(job.id, () => this.#work(job.id), job.priority);
      if (this.#exclusive !== undefined) return;
    }
  }

  /** Pumps again when the first of the jobs that wait may be tried. */
  #awaitDue(): void {
    void this.#dueTimer?.dispose();
    const dueInMs = this.#options.journal.nextDueInMs();
    if (dueInMs !== undefined) this.#dueTimer = this.#options.clock.after(Math.max(1, dueInMs), () => this.pump());
  }

  async #work(id: JobId): Promise<void> {
    const running: Running = { abort: new AbortController(), accompanied: false, isCancelled: false };
    this.#begin(id, running);
    try {
      const job = this.#options.journal.get(id);
      // It may have been cancelled since it was taken into the window.
      if (job?.state === 'queued') await this.#tryJob(job, running);
    } catch (cause) {
      this.#outcomeLost(id, asCycleboxError(cause, { job: id }, 'JOURNAL_INVALID'));
    } finally {
      this.#ended(id);
    }
  }

  async #tryJob(job: Job, running: Running): Promise<void> {
    try {
      await this.#attempt(job, running.abort.signal);
    } catch (error) {
      await this.#failed(job, asCycleboxError(error, this.#subject(job)), running);
    }
  }

  #begin(id: JobId, running: Running): void {
    this.#running.set(id, running);
    if (this.#running.size > 1) for (const one of this.#running.values()) one.accompanied = true;
    this.#heartbeat ??= this.#options.clock.after(leaseMs / 3, () => this.#beat());
  }

  #ended(id: JobId): void {
    this.#running.delete(id);
    // The queue lets go of this job only after its work has returned.
    setImmediate(() => {
      if (this.#exclusive === id) this.#exclusive = undefined;
      this.pump();
      this.#options.onProgress();
    });
  }

  #beat(): void {
    this.#heartbeat = undefined;
    if (this.#running.size === 0) return;
    try {
      this.#options.journal.renewLeases();
    } catch (error) {
      this.#pauseFor(asCycleboxError(error));
    }
    this.#heartbeat = this.#options.clock.after(leaseMs / 3, () => this.#beat());
  }

  async #attempt(job: Job, signal: AbortSignal): Promise<void> {
    const { journal, publisher, inbox, runner, route, emit } = this.#options;
    if (!(await this.#isUnchanged(job))) return this.#moot(job);
    const routing = route(job.path);
    // The configuration has changed since the job was queued: whoever looks at the file again says what is to be done.
    if (routing.kind === 'refuse' || routing.translation.key !== job.translation) return this.#moot(job);
    await this.#requireOutbox();
    const known = job.redo ? undefined : publisher.publishedBefore(job);
    if (known !== undefined) return this.#alreadyPublished(job, known);

    const { translation } = routing;
    const startMs = performance.now();
    const temporary = publisher.temporaryFor(job.path);
    const attempt = journal.start(job.id, translation.version, temporary);
    faultPoint('claimed');
    emit({ type: 'started', job: job.id, path: job.path, attempt });
    try {
      const source = join(inbox, job.path);
      const timeoutMs = this.#options.limits().jobTimeoutMs;
      const report = await runner.run({ job: job.id, source, temporary, translation, signal, timeoutMs });
      this.#succeeded();
      if (!(await this.#isUnchanged(job))) return this.#moot(job);
      const result = await this.#publish(job, translation, temporary, report);
      await this.#done(job, translation, result, report, performance.now() - startMs);
    } finally {
      await rm(temporary, { force: true }).catch(() => {});
    }
  }

  #succeeded(): void {
    this.#deaths.succeeded();
  }

  async #publish(job: Job, translation: Translation, temporary: string, report: RunReport): Promise<PublishResult> {
    const { journal, publisher, outbox } = this.#options;
    const { path, identity, redo } = job;
    const wanted = posix.join(posix.dirname(path), report.name);
    const onAttempt = (candidate: RelativePath, mark: string) => journal.publishing(job.id, candidate, mark, report);
    const { key, version } = translation;
    const request = { job: job.id, path, identity, translation: key, version, temporary, wanted, redo, onAttempt };
    return publisher.publish(request).catch(error => {
      throw asCycleboxError(error, { file: join(outbox, wanted) }, 'WRITE_FAILED');
    });
  }

  async #done(job: Job, by: Translation, result: PublishResult, report: RunReport, ms: number): Promise<void> {
    const { output } = result;
    this.#gate.succeeded();
    if (result.kind !== 'published') return this.#alreadyPublished(job, output);
    this.#options.journal.done(job.id, output);
    faultPoint('committed');
    this.#options.emit({ type: 'done', job: job.id, path: job.path, translation: by.key, output, report, ms });
    await this.#afterSuccess(job);
  }

  async #alreadyPublished(job: Job, output: RelativePath): Promise<void> {
    this.#options.journal.done(job.id, output);
    this.#options.emit({ type: 'already-published', job: job.id, path: job.path, output });
    await this.#afterSuccess(job);
  }

  /** The job stays done whatever becomes of its source. */
  async #afterSuccess(job: Job): Promise<void> {
    try {
      await this.#options.publisher.afterSuccess(job);
    } catch (error) {
      this.#options.emit({ type: 'trouble', error: asCycleboxError(error, this.#subject(job), 'WRITE_FAILED') });
    }
  }

  async #failed(job: Job, error: CycleboxError, running: Running): Promise<void> {
    const { journal } = this.#options;
    if (running.isCancelled) return this.#cancelled(job);
    if (journal.get(job.id)?.state === 'done') return this.#said(error);
    const verdict = verdictOn(error);
    switch (verdict) {
      // By our own stop, or because the worker was ended for another job's sake.
      case 'cancelled':
        return journal.release(job.id);
      case 'environment':
        this.#pauseFor(error, error.code === 'WORKER_UNAVAILABLE' ? job : undefined);
        return journal.release(job.id);
      case 'death':
        return this.#died(job, error, running.accompanied);
      case 'undecodable':
        return this.#undecodable(job, error);
      case 'may-pass':
        return this.#mayPass(job, error);
      case 'permanent':
        return this.#fail(job, error);
      default:
        verdict satisfies never;
    }
  }

  #died(job: Job, error: CycleboxError, accompanied: boolean): Promise<void> | void {
    const { journal } = this.#options;
    // It may have been another job's doing: only a death without company counts.
    if (accompanied) return journal.release(job.id, { alone: true });
    if (this.#deaths.died(job.id, runsAlone(job)) === 'environment') {
      const message = `three different images in a row have ended their compute worker, which is more likely this machine's fault than theirs; the last was ${job.path}: ${error.message}`;
      this.#pauseFor(new CycleboxError(error.code, message, { subject: error.subject, cause: error }), job);
      return journal.release(job.id, { alone: true });
    }
    const deaths = job.deaths + 1;
    if (deaths >= maxDeaths || job.unclean >= suspiciousEnds) return this.#quarantine(job, deaths, error);
    const delayMs = backOffDelay(deaths, this.#options.retryBackOff ?? defaultRetryBackOff);
    journal.died(job.id, error, delayMs);
    this.#retrying(job, error, delayMs);
  }

  async #quarantine(job: Job, deaths: number, error: CycleboxError): Promise<void> {
    if (await this.#hasChanged(job)) return this.#moot(job);
    const times = deaths === 1 ? 'once, after it was running when earlier processes ended' : `${deaths} times`;
    const message = `${job.path} (${job.translation}) has ended its compute worker ${times} and is set aside; the last time: ${error.message}`;
    const reason = new CycleboxError(error.code, message, { subject: error.subject, cause: error.cause });
    this.#options.journal.quarantined(job.id, reason);
    this.#emitFailed(job, reason, true);
  }

  /** While it has changed but lately, its writer may only have stalled. */
  #undecodable(job: Job, error: CycleboxError): Promise<void> | void {
    const { journal, limits, unchangedForMs } = this.#options;
    const agoMs = unchangedForMs(job);
    if (agoMs === undefined) return this.#fail(job, error);
    const { decodeGraceMs } = limits();
    const delayMs = Math.min(Math.max(20, decodeGraceMs / 8), Math.max(1, decodeGraceMs - agoMs));
    journal.wait(job.id, error, delayMs);
    this.#retrying(job, error, delayMs);
  }

  #mayPass(job: Job, error: CycleboxError): Promise<void> | void {
    const { journal, limits, retryBackOff = defaultRetryBackOff } = this.#options;
    // What went wrong before the attempt was written down was an attempt all the same.
    if (journal.get(job.id)?.state === 'queued') journal.start(job.id, job.version, '');
    const attempts = journal.get(job.id)?.attempts ?? 1;
    if (attempts >= limits().maxAttempts) return this.#fail(job, error);
    const delayMs = backOffDelay(attempts, retryBackOff);
    journal.retry(job.id, error, delayMs);
    this.#retrying(job, error, delayMs);
  }

  #retrying(job: Job, error: CycleboxError, delayMs: number): void {
    const { id, path } = job;
    this.#options.emit({ type: 'retrying', job: id, path, attempt: job.attempts + 1, error, delayMs });
  }

  async #fail(job: Job, error: CycleboxError): Promise<void> {
    if (await this.#hasChanged(job)) return this.#moot(job);
    this.#options.journal.failed(job.id, error);
    this.#emitFailed(job, error, false);
  }

  #emitFailed({ id, path, translation }: Job, error: CycleboxError, quarantined: boolean): void {
    this.#options.emit({ type: 'failed', job: id, path, translation, error, quarantined, earlier: false });
  }

  #cancelled(job: Job): void {
    this.#options.journal.cancelled(job.id);
    this.#options.emit({ type: 'cancelled', job: job.id, path: job.path });
  }

  #said(error: CycleboxError): void {
    this.#options.emit({ type: 'trouble', error });
  }

  /** The journal itself failed: the job stays as it last stood there until it can be sorted out. */
  #outcomeLost(id: JobId, error: CycleboxError): void {
    this.#unrecorded.add(id);
    this.#said(error);
    this.#pauseFor(error);
  }

  /** @param witness the job whose translation has to work again, where the worker is in question */
  #pauseFor(error: CycleboxError, witness?: Job): void {
    this.#gate.byEnvironment(error, () => this.#probe(witness));
  }

  async #probe(witness?: Job): Promise<void> {
    const { publisher, journal, runner, route } = this.#options;
    await this.#requireOutbox();
    await publisher.probe();
    journal.probe();
    if (!witness || !runner.selfTest) return;
    const routing = route(witness.path);
    if (routing.kind === 'translate') await runner.selfTest(routing.translation, new AbortController().signal);
  }

  #paused(pause: QueuePause): void {
    this.#queue.pause();
    this.#options.emit({ type: 'paused', ...pause });
  }

  async #resumed(): Promise<void> {
    if (this.#stopping) return;
    try {
      await this.#sortOut();
    } catch (error) {
      this.#pauseFor(asCycleboxError(error));
      return;
    }
    this.#queue.resume();
    this.#options.emit({ type: 'resumed' });
    this.pump();
    this.#options.onProgress();
  }

  async #sortOut(): Promise<void> {
    for (const id of this.#unrecorded) {
      const job = this.#options.journal.get(id);
      if (job?.state === 'running' || job?.state === 'publishing') await this.#recoverOne(job, false);
      this.#unrecorded.delete(id);
    }
  }

  #subject(job: Job): ErrorSubject {
    return { job: job.id, file: join(this.#options.inbox, job.path), pair: job.translation };
  }

  #moot(job: Job): void {
    this.#options.journal.skipped(job.id);
    this.#options.onChanged(job.path);
  }

  /** @throws FILE_UNREADABLE when the system does not say */
  async #isUnchanged(job: Job): Promise<boolean> {
    const file = join(this.#options.inbox, job.path);
    const identity = await identify(file).catch(error => {
      throw asCycleboxError(error, { file }, 'FILE_UNREADABLE');
    });
    return identity === job.identity;
  }

  /** Whether its failure is no longer of interest. Where that cannot be found out, it is. */
  async #hasChanged(job: Job): Promise<boolean> {
    return !(await this.#isUnchanged(job).catch(() => true));
  }

  /** A folder that is gone is not made anew: it may be a disk that is not mounted. */
  async #requireOutbox(): Promise<void> {
    const { outbox: file } = this.#options;
    await stat(file).catch(cause => {
      const message = `the outbox ${file} cannot be used (${(cause as Error).message}): make it available again`;
      throw new CycleboxError('WRITE_FAILED', message, { subject: { file }, cause });
    });
  }

  async #recoverOne(job: Job, unclean: boolean): Promise<void> {
    const { journal, publisher } = this.#options;
    if (job.state !== 'publishing') {
      if (job.temporary !== undefined) await rm(job.temporary, { force: true });
      return journal.release(job.id, { unclean });
    }
    const { id, path, identity, translation, version, temporary, output: tried, inode: mark } = job;
    const interrupted = { job: id, path, identity, translation, version, temporary, output: tried, mark };
    const output = await publisher.recover(interrupted);
    if (output === undefined) return journal.release(job.id);
    journal.done(job.id, output);
    await this.#afterSuccess(job);
  }
}

function runsAlone(job: Job): boolean {
  return job.alone || job.deaths > 0 || job.unclean >= suspiciousEnds;
}
