/**
 * The doing half of the inbox: takes queued jobs from the journal, has them run, and decides what a failure means:
 * for the job (tried again, failed, set aside) or for all of them (the queue pauses). It does not look for files: `watch/`
 * does. The steps of one job are `JobRun`'s.
 */
import {
  asCycleboxError,
  type Clock,
  CycleboxError,
  type Disposable,
  type ErrorCode,
  type JobId,
} from '../../base/index.js';
import { type BackOffOptions, backOffDelay } from '../../process/index.js';
import { type Job, leaseMs } from '../journal/index.js';
import { CrashCorrelator } from './crash-correlator.js';
import { JobRun, type JobRunOptions } from './job-run.js';
import { PauseGate, type QueuePause } from './pause-gate.js';
import { classifyFailure } from './retry-policy.js';

/** What may change while jobs run; read anew for each. */
export interface JobLimits {
  /** Attempts that a job has when its failure may pass. */
  readonly maxAttempts: number;
  readonly jobTimeoutMs: number;
  /** For how long after its last change an undecodable file is tried again. */
  readonly decodeGraceMs: number;
}

export interface JobSchedulerOptions extends Omit<JobRunOptions, 'onTranslated' | 'onPublished'> {
  /** Jobs run at a time, at first; the results of as many others may be published meanwhile. */
  readonly concurrency: number;
  readonly limits: () => JobLimits;
  /** Waits between attempts at one job. */
  readonly retryBackOff?: BackOffOptions | undefined;
  /** Waits between probes while the environment pauses the queue. */
  readonly probeBackOff?: BackOffOptions | undefined;
  readonly clock: Clock;
  /** How long a file has been as it is; undefined when that is longer than the decode grace. */
  readonly unchangedForMs: (job: Job) => number | undefined;
  /** A job has ended, one way or another. */
  readonly onProgress: () => void;
}

interface Running {
  /** Resolves when the job has ended, one way or another. */
  ended: Promise<void>;
  readonly abort: AbortController;
  /** Its worker is free for another: only its result has to be published. */
  isPublishing: boolean;
  /** Another job ran at the same time: if the worker dies, it may have been the other's fault. */
  accompanied: boolean;
  /** Jobs that are being prepared beside it: the same holds for them. */
  prepared: number;
  isCancelled: boolean;
  /** Its file had changed but lately when the attempt began. */
  mayGrow: boolean;
}

/**
 * So many jobs for each that can run are read ahead from the journal. Their turn is settled by then: one that is tried
 * again meanwhile goes behind them, however early it came.
 */
const aheadPerWorker = 4;

/** A job whose worker dies so often is quarantined. */
const maxWorkerCrashes = 2;
/** A job that was found running at so many starts runs alone, and is quarantined if it kills its worker even once. */
const maxInterruptedRuns = 3;

const defaultRetryBackOff: BackOffOptions = { firstMs: 1000, maxMs: 300_000 };

/** Faults of the environment that only a translation can show to be over. */
const concernsWorker: ReadonlySet<ErrorCode> = new Set([
  'WORKER_UNAVAILABLE',
  'OUT_OF_MEMORY',
  'QUEUE_UNAVAILABLE',
  'QUEUE_IN_USE',
  'STORE_UNAVAILABLE',
]);

/** Jobs that nobody can do are offered again at least so often: who can may have come. */
const longestUnservedMs = 60_000;

export class JobScheduler implements Disposable {
  readonly #options: JobSchedulerOptions;
  readonly #run: JobRun;
  readonly #gate: PauseGate;
  readonly #crashes = new CrashCorrelator();
  readonly #running = new Map<JobId, Running>();
  /** Those that have been translated and wait until fewer are published: each job with what lets it go on, in their order. */
  readonly #translated: { readonly running: Running; readonly publish: () => void }[] = [];
  /** Those that run next, the first first. Only a look ahead: the journal is where jobs are kept. */
  #ahead: readonly Job[] = [];
  /** Jobs whose outcome the journal could not take: sorted out when it can be written again. */
  readonly #unrecorded = new Set<JobId>();
  /** How often a job could not be written although the outbox can, or found nobody who can do it. */
  readonly #unwritten = new Map<JobId, number>();
  #concurrency: number;
  /** The job that runs, or is about to run, with nothing beside it. */
  #exclusive: JobId | undefined;
  #dueTimer: Disposable | undefined;
  #heartbeat: Disposable | undefined;
  #stopping = false;

  constructor(options: JobSchedulerOptions) {
    this.#options = options;
    this.#concurrency = options.concurrency;
    this.#run = new JobRun({
      ...options,
      onTranslated: () => this.#crashes.succeeded(),
      onPublished: () => this.#gate.succeeded(),
    });
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
    return this.#gate.pause?.by === 'user' || (this.#ahead.length === 0 && !this.#options.journal.hasQueued);
  }

  /** Why no job is started; undefined when jobs are. */
  get pause(): QueuePause | undefined {
    return this.#gate.pause;
  }

  /** Sorts out what an earlier process left under way: finishes what was published, requeues the rest. */
  async recover(): Promise<void> {
    const { journal } = this.#options;
    for (const job of journal.interrupted()) await this.#run.recover(job, job.state === 'running');
    journal.endWaits();
  }

  /** Starts the next jobs of the journal, as far as there is room. */
  pump(): void {
    if (this.#stopping || this.#gate.pause) return;
    try {
      const nowMs = this.#options.journal.nowMs();
      this.#lookAhead(nowMs);
      while (this.#ahead.length > 0 && this.#atWork.length < this.#concurrency) this.#startNext();
      this.#awaitDue(nowMs);
    } catch (error) {
      this.#pauseFor(asCycleboxError(error));
    }
  }

  /** The order of those that wait is another than before: what was read ahead is read again. */
  reorder(): void {
    // One that is to run alone keeps its turn, for which others have been held back.
    if (this.#exclusive === undefined) this.#ahead = [];
    this.pump();
  }

  /** From the next job on. */
  setConcurrency(concurrency: number): void {
    this.#concurrency = concurrency;
    this.#publishNext();
    this.pump();
  }

  pauseByUser(reason: string): void {
    this.#gate.byUser(reason);
    this.#options.onProgress();
  }

  resume(): void {
    this.#gate.resume();
  }

  /** Starts nothing for as long as there is a reason. @param reason undefined: quiet hours are over */
  pauseBySchedule(reason: string | undefined): void {
    this.#gate.bySchedule(reason);
  }

  /** Starts nothing until `isOver`: what all jobs need is not there. */
  hold(error: CycleboxError, isOver: () => Promise<boolean>): void {
    this.#gate.byEnvironment(error, async () => {
      if (!(await isOver())) throw error;
    });
  }

  /** What `hold` or a fault of the environment waits for may have come. */
  lookNow(): void {
    this.#gate.lookNow();
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
    this.#options.runner.recall?.();
    this.#ahead = [];
    this.dispose();
    const abort = () => {
      for (const running of this.#running.values()) running.abort.abort();
    };
    const timer = this.#options.clock.after(graceMs, abort);
    await Promise.all([...this.#running.values()].map(({ ended }) => ended));
    await timer.dispose();
    void this.#heartbeat?.dispose();
  }

  dispose(): void {
    this.#gate.dispose();
    void this.#dueTimer?.dispose();
  }

  #lookAhead(nowMs: number): void {
    const room = this.#concurrency * aheadPerWorker - this.#taken;
    if (this.#exclusive !== undefined || room <= 0) return;
    // Many workers take many jobs: the journal is read for all of them at once, not for each.
    if (this.#options.runner.isElsewhere && this.#ahead.length > 0) return;
    const isTaken = ({ id }: Job) => this.#running.has(id) || this.#ahead.some(job => job.id === id);
    const jobs = this.#options.journal.queued(room + this.#taken, nowMs).filter(job => !isTaken(job));
    for (const job of jobs.slice(0, room)) {
      if (runsIsolated(job) && !this.#options.runner.isElsewhere) {
        // What was taken before goes first; the job's turn comes with the pump after the last of it.
        if (this.#taken > 0) return;
        this.#exclusive = job.id;
      }
      this.#ahead = [...this.#ahead, job].sort((a, b) => b.priority - a.priority);
      if (this.#exclusive !== undefined) return;
    }
  }

  /** Those that have a worker. */
  get #atWork(): readonly Running[] {
    return [...this.#running.values()].filter(({ isPublishing }) => !isPublishing);
  }

  /** Jobs that are out of the journal's hands for now. */
  get #taken(): number {
    return this.#running.size + this.#ahead.length;
  }

  /** Pumps again when the first of the jobs that waited at `nowMs` may be tried. */
  #awaitDue(nowMs: number): void {
    void this.#dueTimer?.dispose();
    const dueInMs = this.#options.journal.nextDueInMs(nowMs);
    if (dueInMs !== undefined) this.#dueTimer = this.#options.clock.after(Math.max(1, dueInMs), () => this.pump());
  }

  #startNext(): void {
    const [next, ...rest] = this.#ahead;
    this.#ahead = rest;
    if (!next) return;
    const [abort, ended] = [new AbortController(), Promise.resolve()];
    const flags = { isPublishing: false, accompanied: false, isCancelled: false, mayGrow: false };
    const running: Running = { abort, ended, prepared: 0, ...flags };
    this.#running.set(next.id, running);
    const beside = this.#atWork;
    if (beside.length > 1 && !this.#options.runner.isElsewhere) for (const one of beside) one.accompanied = true;
    this.#heartbeat ??= this.#options.clock.after(leaseMs / 3, () => this.#beat());
    running.ended = this.#work(next.id, running);
  }

  async #work(id: JobId, running: Running): Promise<void> {
    try {
      const job = this.#options.journal.get(id);
      // It may have been cancelled since it was read.
      if (job?.state === 'queued') await this.#tryJob(job, running);
    } catch (cause) {
      this.#outcomeLost(id, asCycleboxError(cause, { job: id }, 'JOURNAL_INVALID'));
    } finally {
      // Later, so that a row of cancelled jobs is no recursion.
      setImmediate(() => this.#ended(id));
    }
  }

  async #tryJob(job: Job, running: Running): Promise<void> {
    try {
      const { limits, unchangedForMs } = this.#options;
      running.mayGrow = unchangedForMs(job) !== undefined;
      const { abort, mayGrow } = running;
      const onAccompanied = () => {
        running.accompanied = true;
      };
      const onDecoded = () => this.#prefetch();
      const mayPublish = () => this.#publishInTurn(running);
      const company = { alone: runsIsolated(job), onAccompanied, onDecoded, mayPublish };
      await this.#run.attempt(job, { signal: abort.signal, timeoutMs: limits().jobTimeoutMs, mayGrow, ...company });
      this.#unwritten.delete(job.id);
    } catch (error) {
      await this.#failed(job, asCycleboxError(error, this.#run.subject(job)), running);
    }
  }

  /** As many are published as run, in the order in which they were translated: where one job runs at a time, in the queue's. */
  #publishInTurn(running: Running): Promise<void> {
    return new Promise(publish => {
      this.#translated.push({ running, publish });
      this.#publishNext();
    });
  }

  #publishNext(): void {
    while (this.#translated.length > 0 && this.#running.size - this.#atWork.length < this.#concurrency) {
      const { running, publish } = this.#translated.shift()!;
      running.isPublishing = true;
      publish();
      // Later, so that whoever publishes has begun with it.
      setImmediate(() => this.pump());
    }
  }

  /**
   * Has the next job prepared beside those that run. Whose doing a crash was meanwhile, nobody knows; afterwards they are as alone
   * as before.
   */
  #prefetch(): void {
    const [next] = this.#ahead;
    if (!next || this.#exclusive !== undefined || runsIsolated(next) || this.#stopping || this.#gate.pause) return;
    const prepared = this.#run.prefetch(next, this.#options.unchangedForMs(next) !== undefined);
    if (!prepared) return;
    const beside = this.#atWork;
    for (const running of beside) running.prepared++;
    const hasEnded = () => {
      for (const running of beside) running.prepared--;
    };
    prepared.then(hasEnded, error => void (classifyFailure(asCycleboxError(error)) !== 'death' && hasEnded()));
  }

  #ended(id: JobId): void {
    this.#running.delete(id);
    if (this.#exclusive === id) this.#exclusive = undefined;
    this.#publishNext();
    this.pump();
    this.#options.onProgress();
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

  async #failed(job: Job, error: CycleboxError, running: Running): Promise<void> {
    const { journal } = this.#options;
    if (running.isCancelled) return this.#cancelled(job);
    if (journal.get(job.id)?.state === 'done') return this.#said(error);
    const verdict = classifyFailure(error);
    switch (verdict) {
      // By our own stop, or because the worker was ended for another job's sake.
      case 'cancelled':
        return journal.release(job.id);
      case 'environment':
        this.#pauseFor(error, concernsWorker.has(error.code) ? job : undefined);
        return journal.release(job.id);
      case 'unwritable':
        return this.#unwritable(job, error);
      case 'lost':
        return this.#lost(job, error);
      case 'unserved':
        return this.#unserved(job, error);
      case 'death':
        return this.#died(job, error, running.accompanied || running.prepared > 0);
      case 'undecodable':
        return this.#undecodable(job, error, running.mayGrow);
      case 'may-pass':
        return this.#mayPass(job, error);
      case 'plugin':
        return this.#pluginFailed(job, error);
      case 'permanent':
        return this.#fail(job, error);
      default:
        verdict satisfies never;
    }
  }

  /**
   * Where the outbox itself can be written, it is this output's folder or name: the job waits by itself, for as long as it
   * takes, and keeps nobody else waiting.
   */
  async #unwritable(job: Job, error: CycleboxError): Promise<void> {
    const { journal, publisher, retryBackOff = defaultRetryBackOff } = this.#options;
    try {
      await this.#run.requireOutbox();
      await publisher.probe();
    } catch {
      this.#pauseFor(error);
      return journal.release(job.id);
    }
    const times = (this.#unwritten.get(job.id) ?? 0) + 1;
    this.#unwritten.set(job.id, times);
    const delayMs = backOffDelay(times, retryBackOff);
    journal.wait(job.id, error, delayMs);
    this.#retrying(job, error, delayMs);
  }

  /** As a job that is found running by a daemon that starts: suspicious only when it happens again and again. */
  #lost(job: Job, error: CycleboxError): Promise<void> | void {
    if (job.interruptedRuns >= maxInterruptedRuns) return this.#quarantine(job, job.workerCrashes + 1, error);
    this.#options.journal.release(job.id, { unclean: true });
    this.#retrying(job, error, 0);
  }

  #unserved(job: Job, error: CycleboxError): void {
    const { journal, retryBackOff = defaultRetryBackOff } = this.#options;
    const times = (this.#unwritten.get(job.id) ?? 0) + 1;
    this.#unwritten.set(job.id, times);
    const delayMs = Math.min(longestUnservedMs, backOffDelay(times, retryBackOff));
    journal.wait(job.id, error, delayMs);
    this.#retrying(job, error, delayMs);
  }

  #died(job: Job, error: CycleboxError, accompanied: boolean): Promise<void> | void {
    const { journal } = this.#options;
    // It may have been another job's doing: only a death without company counts.
    if (accompanied) return journal.release(job.id, { alone: true });
    if (this.#crashes.workerCrashed(job.id, runsIsolated(job)) === 'environment') {
      const message = `three different images in a row have crashed the compute worker, so the cause is probably this machine, not the images; the last was ${job.path}: ${error.message}`;
      this.#pauseFor(new CycleboxError(error.code, message, { subject: error.subject, cause: error }), job);
      return journal.release(job.id, { alone: true });
    }
    const deaths = job.workerCrashes + 1;
    if (deaths >= maxWorkerCrashes || job.interruptedRuns >= maxInterruptedRuns)
      return this.#quarantine(job, deaths, error);
    const delayMs = backOffDelay(deaths, this.#options.retryBackOff ?? defaultRetryBackOff);
    journal.died(job.id, error, delayMs);
    this.#retrying(job, error, delayMs);
  }

  /** Back to the queue once; after that the picture and the plugin are kept apart until somebody has looked. */
  async #pluginFailed(job: Job, error: CycleboxError): Promise<void> {
    const { journal, retryBackOff = defaultRetryBackOff } = this.#options;
    if (job.error === undefined || classifyFailure(job.error) !== 'plugin') {
      const delayMs = backOffDelay(1, retryBackOff);
      journal.retry(job.id, error, delayMs);
      return this.#retrying(job, error, delayMs);
    }
    if (await this.#run.hasChanged(job)) return this.#run.skip(job);
    const message = `${job.path} is quarantined, since a plugin failed on it twice; the last time: ${error.message}. Once the plugin is repaired: cyclebox queue retry ${job.id}`;
    const reason = new CycleboxError(error.code, message, { subject: error.subject, cause: error });
    journal.quarantined(job.id, reason);
    this.#emitFailed(job, reason, true);
  }

  async #quarantine(job: Job, deaths: number, error: CycleboxError): Promise<void> {
    if (await this.#run.hasChanged(job)) return this.#run.skip(job);
    const times = deaths === 1 ? 'once, after it was running when earlier processes ended' : `${deaths} times`;
    const message = `${job.path} (${job.translation}) has crashed the compute worker ${times} and is quarantined; the last error was: ${error.message}`;
    const reason = new CycleboxError(error.code, message, { subject: error.subject, cause: error.cause });
    this.#options.journal.quarantined(job.id, reason);
    this.#emitFailed(job, reason, true);
  }

  /** While it has changed but lately, its writer may only have stalled. */
  #undecodable(job: Job, error: CycleboxError, mayHaveGrown: boolean): Promise<void> | void {
    const { journal, limits, unchangedForMs } = this.#options;
    const { decodeGraceMs } = limits();
    // An attempt that began within the grace judged the file as one that may grow: it is judged once more as it is.
    const agoMs = unchangedForMs(job) ?? (mayHaveGrown ? decodeGraceMs : undefined);
    if (agoMs === undefined) return this.#fail(job, error);
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
    if (await this.#run.hasChanged(job)) return this.#run.skip(job);
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
    this.#options.emit({ type: 'warning', error });
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
    const { publisher, journal, runner, current } = this.#options;
    await this.#run.requireOutbox();
    await publisher.probe();
    journal.probe();
    if (!witness || !runner.selfTest) return;
    const translation = current(witness);
    if (translation) await runner.selfTest(translation, new AbortController().signal);
  }

  #paused(pause: QueuePause): void {
    this.#options.runner.recall?.();
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
    this.#options.emit({ type: 'resumed' });
    this.pump();
    this.#options.onProgress();
  }

  async #sortOut(): Promise<void> {
    for (const id of this.#unrecorded) {
      const job = this.#options.journal.get(id);
      if (job?.state === 'running' || job?.state === 'publishing') await this.#run.recover(job, false);
      this.#unrecorded.delete(id);
    }
  }
}

function runsIsolated(job: Job): boolean {
  return job.isolated || job.workerCrashes > 0 || job.interruptedRuns >= maxInterruptedRuns;
}
