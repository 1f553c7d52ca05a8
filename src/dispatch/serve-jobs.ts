/**
 * Serves jobs to whoever hands them out: a worker's half. It runs in the coordinating process, whose event loop is free to renew
 * BullMQ's locks while the compute processes are at work. It decides nothing: what a failure means, the watcher says. A job is begun
 * once only: one that BullMQ brings again, since its lock had run out, is sent back.
 */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { Job, Worker } from 'bullmq';
import {
  asCycleboxError,
  type Clock,
  CycleboxError,
  type Disposable,
  type DisposableStore,
  Emitter,
  type Event,
  errorToData,
  identify,
  isSameButInode,
  packageVersion,
  systemClock,
  systemCodeOf,
} from '../base/index.js';
import type { Runner, RunReport, Translation } from '../inbox/index.js';
import { BackOff } from '../process/index.js';
import { Company, type Stay } from './company.js';
import {
  hasTranslation,
  type JobMessage,
  type JobReply,
  parseJobMessage,
  type RemoteDevice,
  type WorkerRecord,
  withAnyModel,
} from './messages.js';
import { ahead } from './placement.js';
import {
  endlessly,
  listen,
  namesOf,
  openService,
  patienceMs,
  type QueueNames,
  type Redis,
  recallMark,
  within,
} from './redis/index.js';
import { NotOffered, type WorkerStore } from './store/index.js';
import { beatsPerLock } from './workers.js';

export interface ServeOptions {
  /** `redis://…` */
  readonly redis: string;
  /** The queue's. */
  readonly name: string;
  readonly lockMs: number;
  /** Does the work, on this machine. */
  readonly runner: Runner;
  readonly store: WorkerStore;
  /** What the worker says of itself, asked again and again. */
  readonly describe: () => WorkerFeatures;
  readonly clock?: Clock | undefined;
}

export interface WorkerFeatures {
  /** Jobs that it runs at a time. */
  readonly slots: number;
  readonly translations: readonly Translation[];
  /** With `*` in the version for the model, which comes from the store. */
  readonly fetchable: readonly Translation[];
  readonly loaded: readonly string[];
  readonly devices: readonly RemoteDevice[];
}

export type ServeEvent =
  | { readonly type: 'begun'; readonly job: string; readonly path: string }
  | {
      readonly type: 'ended';
      readonly job: string;
      readonly path: string;
      readonly ms: number;
      readonly report?: RunReport | undefined;
      readonly error?: CycleboxError | undefined;
    }
  | { readonly type: 'warning'; readonly error: CycleboxError };

export interface Served extends Disposable {
  readonly id: string;
  readonly onEvent: Event<ServeEvent>;
  /** Jobs under way. */
  readonly running: number;
  /** What `describe` says has changed. */
  announce(): void;
  /** Takes nothing more, ends what runs or gives it back after `graceMs`, and says good-bye. */
  stop(graceMs: number): Promise<void>;
}

/** What the system says where there is no room on a disk. */
const fullDisk: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/** @throws QUEUE_UNAVAILABLE */
export function serveJobs(options: ServeOptions): Promise<Served> {
  return openService(options.redis, async ({ redis, ears, opened }) => {
    const service = new JobService(options, redis, opened);
    await service.open(ears);
    return service;
  });
}

interface UnderWay {
  readonly abort: AbortController;
  /** Gives it back as long as it waits for a place: BullMQ hands over the next job before there is one. */
  readonly recall: AbortController;
}

class JobService implements Served {
  readonly id = `${safeName(hostname())}-${randomBytes(4).toString('hex')}`;
  readonly #options: ServeOptions;
  readonly #redis: Redis;
  readonly #opened: DisposableStore;
  readonly #clock: Clock;
  readonly #names: QueueNames;
  readonly #company = new Company(() => Math.max(1, this.#options.describe().slots));
  readonly #events = new Emitter<ServeEvent>();
  /** Attempts under way, by token. */
  readonly #running = new Map<string, UnderWay>();
  #worker: Worker | undefined;
  #beat: Disposable | undefined;
  #isDraining = false;
  /** It cannot reach its store, or has no room: nothing is taken until it can. */
  #isUnable = false;
  readonly #recovery = new BackOff({ firstMs: 1000, maxMs: 60_000 });
  #recoveryTimer: Disposable | undefined;
  #isStopping = false;
  /** What was last told at once. */
  #told = '';
  #stopped: Promise<void> | undefined;

  constructor(options: ServeOptions, redis: Redis, opened: DisposableStore) {
    this.#options = options;
    this.#redis = redis;
    this.#opened = opened;
    this.#clock = options.clock ?? systemClock;
    this.#names = namesOf(options.name);
  }

  readonly onEvent: Event<ServeEvent> = this.#events.event;

  get running(): number {
    return this.#running.size;
  }

  async open(ears: Redis): Promise<void> {
    const { Worker } = await import('bullmq');
    const { lockMs, describe } = this.#options;
    await listen(ears, this.#names.cancel);
    ears.on('message', (_channel, token) => this.#cancel(token));
    this.#worker = new Worker(this.id, job => this.#process(job), {
      ...{ prefix: this.#names.prefix, connection: this.#redis, skipVersionCheck: true },
      concurrency: describe().slots + ahead,
      ...{ lockDuration: lockMs, stalledInterval: lockMs, maxStalledCount: endlessly },
      // Where a connection is lost, the next job is asked for as soon as there is one again.
      runRetryDelay: 500,
    });
    this.#worker.on('error', error => this.#warn(error));
    // Another may have it by now.
    this.#worker.on('lockRenewalFailed', tokens => {
      for (const token of tokens) this.#cancel(token);
    });
    this.#redis.on('ready', () => void this.#say());
    await this.#say();
    this.#keepSaying();
  }

  announce(): void {
    if (this.#worker) this.#worker.concurrency = this.#options.describe().slots + ahead;
    void this.#say();
  }

  stop(graceMs: number): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  dispose(): Promise<void> {
    return this.stop(0);
  }

  async #stop(graceMs: number): Promise<void> {
    this.#isDraining = true;
    await within(patienceMs, this.#say());
    const abort = () => {
      this.#isStopping = true;
      for (const { abort } of this.#running.values()) abort.abort();
    };
    for (const { recall } of this.#running.values()) recall.abort();
    const timer = this.#clock.after(graceMs, abort);
    // What is under way is ended, and told of; where there is no connection, nobody is told.
    const isConnected = this.#redis.status === 'ready';
    const worker = this.#worker;
    if (worker && !(await within(graceMs + patienceMs, worker.close(!isConnected)))) {
      abort();
      await within(patienceMs, worker.disconnect());
    }
    await timer.dispose();
    void this.#beat?.dispose();
    void this.#recoveryTimer?.dispose();
    if (isConnected) await within(patienceMs, this.#sayGoodBye());
    await this.#opened.dispose();
    this.#events.dispose();
  }

  async #process(job: Job): Promise<JobReply> {
    if (job.attemptsStarted > 1 || job.stalledCounter > 0) return { kind: 'not-done', why: 'redelivered' };
    const message = parseJobMessage(job.data);
    if (this.#isDraining) return { kind: 'not-done', why: 'stopping' };
    if (this.#isUnable) return { kind: 'not-done', why: 'unable' };
    const [abort, recall] = [new AbortController(), new AbortController()];
    this.#running.set(message.token, { abort, recall });
    let stay: Stay | undefined;
    try {
      stay = await this.#company.enter(message.alone, AbortSignal.any([abort.signal, recall.signal]));
      if (!stay) return { kind: 'not-done', why: 'stopping' };
      return await this.#attempt(message, stay, abort.signal);
    } finally {
      stay?.leave();
      this.#running.delete(message.token);
    }
  }

  async #attempt(message: JobMessage, stay: Stay, signal: AbortSignal): Promise<JobReply> {
    const { job, path, translation } = message;
    if (!this.#serves(translation)) return { kind: 'not-done', why: 'unserved' };
    const startMs = performance.now();
    const ended = (outcome: { readonly report?: RunReport; readonly error?: CycleboxError }) =>
      this.#events.fire({ type: 'ended', job, path, ms: performance.now() - startMs, ...outcome });
    this.#events.fire({ type: 'begun', job, path });
    try {
      const report = await this.#made(message, signal);
      ended({ report });
      this.#recovery.reset();
      return { kind: 'done', report, accompanied: stay.accompanied };
    } catch (thrown) {
      if (thrown instanceof NotOffered) return { kind: 'unoffered', model: thrown.sha256 };
      const error = asCycleboxError(thrown);
      if (this.#isMine(error)) {
        this.#becomeUnable(error);
        return { kind: 'not-done', why: 'unable' };
      }
      if (this.#isStopping && error.code === 'CANCELLED') return { kind: 'not-done', why: 'stopping' };
      ended({ error });
      return { kind: 'failed', error: withoutStack(error), accompanied: stay.accompanied };
    }
  }

  async #made(message: JobMessage, signal: AbortSignal): Promise<RunReport> {
    const { job, token, path, translation, alone, mayGrow, timeoutMs } = message;
    const { store, runner } = this.#options;
    const files = await store.open({ job, token, path }, signal);
    try {
      const report = await runner.run({
        ...{ job, token, path, translation, alone, mayGrow, timeoutMs, signal },
        source: files.source,
        expected: { root: files.root, identity: await this.#identityHere(message, files.source) },
        temporary: files.result,
        onAccompanied: () => {},
      });
      // Nobody wants it any more.
      if (signal.aborted) throw new CycleboxError('CANCELLED', 'The attempt was given up.');
      await files.deliver();
      return report;
    } finally {
      await files.dispose();
    }
  }

  /** The identity that the file has here, if it is the file that was seen: inodes may differ from machine to machine. */
  async #identityHere({ identity }: JobMessage, source: string): Promise<string> {
    const here = await identify(source);
    if (here === undefined) throw new CycleboxError('FILE_UNREADABLE', `${source} is not there.`);
    return this.#options.store.copies || isSameButInode(here, identity) ? here : identity;
  }

  #serves(translation: Translation): boolean {
    const { translations, fetchable } = this.#options.describe();
    return hasTranslation(translations, translation) || hasTranslation(fetchable, withAnyModel(translation));
  }

  /** Faults of this machine, or of its way to the store: no job is to blame, and other workers may do it. */
  #isMine(error: CycleboxError): boolean {
    const { code } = error;
    if (code === 'STORE_UNAVAILABLE') return true;
    return this.#options.store.copies && code === 'WRITE_FAILED' && fullDisk.has(systemCodeOf(error) ?? '');
  }

  /** Takes nothing until the store can be used, which it tries again and again. */
  #becomeUnable(error: CycleboxError): void {
    if (this.#isUnable) return;
    this.#isUnable = true;
    this.#warn(error);
    for (const { recall } of this.#running.values()) recall.abort();
    void this.#say();
    this.#recoverLater();
  }

  #recoverLater(): void {
    this.#recoveryTimer = this.#clock.after(this.#recovery.next(), () => {
      this.#options.store.check().then(
        () => {
          this.#isUnable = false;
          void this.#say();
        },
        () => this.#isDraining || this.#recoverLater(),
      );
    });
  }

  #cancel(token: string): void {
    if (token.startsWith(recallMark)) this.#running.get(token.slice(recallMark.length))?.recall.abort();
    else if (token !== '*') this.#running.get(token)?.abort.abort();
    else for (const { abort } of this.#running.values()) abort.abort();
  }

  #keepSaying(): void {
    this.#beat = this.#clock.after(this.#options.lockMs / beatsPerLock, () => {
      // What waits for a connection would all be said at once when there is one.
      if (this.#redis.status === 'ready') void this.#say();
      this.#keepSaying();
    });
  }

  async #say(): Promise<void> {
    const record: WorkerRecord = {
      ...{ id: this.id, host: hostname(), pid: process.pid, version: packageVersion() },
      ...this.#options.describe(),
      store: this.#options.store.identity,
      isDraining: this.#isDraining || this.#isUnable,
    };
    const { workers, worker, hello } = this.#names;
    if (this.#redis.status !== 'ready') return;
    const text = JSON.stringify(record);
    // Devices are always at something else: that can wait until it is looked at.
    const { slots, translations, fetchable, isDraining } = record;
    const news = JSON.stringify([slots, translations, fetchable, isDraining]);
    const isNews = news !== this.#told;
    this.#told = news;
    const saying = this.#redis
      .pipeline()
      .set(worker(this.id), text, 'PX', Math.ceil(this.#options.lockMs))
      .sadd(workers, this.id);
    if (isNews) saying.publish(hello, this.id);
    await saying.exec().catch(error => this.#warn(error));
  }

  async #sayGoodBye(): Promise<void> {
    const { workers, worker, hello } = this.#names;
    await this.#redis.pipeline().del(worker(this.id)).srem(workers, this.id).publish(hello, this.id).exec();
  }

  #warn(error: unknown): void {
    this.#events.fire({ type: 'warning', error: asCycleboxError(error, {}, 'QUEUE_UNAVAILABLE') });
  }
}

function withoutStack(error: CycleboxError) {
  const { stack: _stack, ...data } = errorToData(error);
  return data;
}

function safeName(host: string): string {
  return host.replace(/[^0-9A-Za-z-]+/g, '-').slice(0, 40) || 'worker';
}
