/**
 * Takes runs from the queues of trainings and trains them, one at a time: a worker's half. It renews BullMQ's lock of the run by itself,
 * so that a worker that is gone is noticed, and never trusts it: whose a run is, its log in the store decides.
 */
import { randomBytes } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { availableParallelism, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job, Worker } from 'bullmq';
import {
  asCycleboxError,
  type Clock,
  CycleboxError,
  type Disposable,
  type DisposableStore,
  Emitter,
  type Event,
  systemClock,
} from '../../base/index.js';
import { isAlive } from '../../process/index.js';
import type { TrainingEvent, TrainingPluginPlaces } from '../../training/index.js';
import { endlessly, listen, openService, patienceMs, type Redis, within } from '../redis/index.js';
import { isEnded, lostWith, mostFailures, type RunEntry, RunLog, type RunOwner, type RunState } from './run-log.js';
import { type RunOrder, runNamePattern, type TrainingRoots } from './run-order.js';
import { anyDevice, familyOf, queueOf, RunQueues, type RunStatus } from './run-queues.js';
import type { RunStore } from './run-store.js';
import { type AttemptOutcome, scratchPrefix, TrainingAttempt } from './training-attempt.js';

export interface ServeTrainingsOptions {
  /** `redis://…` */
  readonly redis: string;
  /** The queue's. */
  readonly name: string;
  readonly lockMs: number;
  readonly store: RunStore;
  readonly roots: TrainingRoots;
  /** Engines that this machine trains on, the best first. */
  readonly offers: readonly string[];
  /** Undefined: all, where a run says nothing. */
  readonly threads: number | undefined;
  /** At the lowest priority. */
  readonly background: boolean;
  readonly plugins?: (() => TrainingPluginPlaces) | undefined;
  readonly entry?: string | undefined;
  readonly onLine?: ((text: string) => void) | undefined;
  readonly clock?: Clock | undefined;
}

export type ServeTrainingsEvent =
  | { readonly type: 'run-begun'; readonly run: string; readonly engine: string; readonly threads: number }
  | { readonly type: 'run-ended'; readonly run: string; readonly outcome: AttemptOutcome }
  | { readonly type: 'run-event'; readonly run: string; readonly event: TrainingEvent }
  | { readonly type: 'warning'; readonly error: CycleboxError };

export interface ServedTrainings extends Disposable {
  readonly id: string;
  readonly onEvent: Event<ServeTrainingsEvent>;
  /** The run under way. */
  readonly running: string | undefined;
  /** Takes nothing more; what runs writes a checkpoint and is given back, at the latest after `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

/** How often it is said that a worker is there, within the time of a lock. */
const beatsPerLock = 6;
/** Looks at the queues within the time of a lock, at least: news is quick, looking is the truth. */
const looksPerLock = 15;
/** Before a run is looked for again that is not in this machine's store. */
const absentMs = 30_000;
/** @throws QUEUE_UNAVAILABLE */
export function serveTrainings(options: ServeTrainingsOptions): Promise<ServedTrainings> {
  return openService(options.redis, async ({ redis, ears, opened }) => {
    const service = new TrainingsService(options, redis, opened);
    await service.open(ears);
    return service;
  });
}

interface Taken {
  readonly job: Job;
  /** Of BullMQ's lock. */
  readonly lock: string;
}

class TrainingsService implements ServedTrainings {
  readonly id = `${hostname()}-${randomBytes(4).toString('hex')}`;
  readonly #options: ServeTrainingsOptions;
  readonly #redis: Redis;
  readonly #opened: DisposableStore;
  readonly #clock: Clock;
  readonly #queues: RunQueues;
  readonly #events = new Emitter<ServeTrainingsEvent>();
  readonly #workers: Worker[] = [];
  #attempt: TrainingAttempt | undefined;
  #taken: Taken | undefined;
  #status: RunStatus | undefined;
  #wake: () => void = () => {};
  #isStopping = false;
  #beat: Disposable | undefined;
  #beats = 0;
  #loop: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;

  constructor(options: ServeTrainingsOptions, redis: Redis, opened: DisposableStore) {
    this.#options = options;
    this.#redis = redis;
    this.#opened = opened;
    this.#clock = options.clock ?? systemClock;
    this.#queues = opened.add(new RunQueues(redis, options.name));
  }

  readonly onEvent: Event<ServeTrainingsEvent> = this.#events.event;

  get running(): string | undefined {
    return this.#attempt?.run;
  }

  async open(ears: Redis): Promise<void> {
    await removeAbandoned();
    await listen(ears, this.#queues.names.news);
    ears.on('message', () => {
      this.#wake();
      void this.#attempt?.check().catch(error => this.#warn(error));
    });
    // What only this machine can do goes before what others could do as well.
    const families = [...new Set(this.#options.offers.map(familyOf))];
    for (const device of [...families, anyDevice]) await this.#openWorker(device);
    await this.#refill();
    await this.#say();
    this.#keepSaying();
    this.#loop = this.#work();
  }

  stop(graceMs: number): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  dispose(): Promise<void> {
    return this.stop(0);
  }

  async #stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    this.#wake();
    this.#attempt?.stop();
    if (!(await within(graceMs, this.#loop))) {
      this.#attempt?.giveUp();
      await within(patienceMs, this.#loop);
    }
    void this.#beat?.dispose();
    if (this.#redis.status === 'ready') await within(patienceMs, this.#sayGoodBye());
    await Promise.all(this.#workers.map(worker => within(patienceMs, worker.close(true))));
    await this.#opened.dispose();
    this.#events.dispose();
  }

  async #openWorker(device: string): Promise<void> {
    const { Worker } = await import('bullmq');
    const { lockMs } = this.#options;
    const worker = new Worker(device, null, {
      ...{ prefix: this.#queues.names.prefix, connection: this.#redis, skipVersionCheck: true, autorun: false },
      ...{ lockDuration: lockMs, stalledInterval: lockMs / 2, maxStalledCount: endlessly },
    });
    worker.on('error', error => this.#warn(error));
    await worker.waitUntilReady();
    void worker.startStalledCheckTimer();
    this.#workers.push(worker);
  }

  async #work(): Promise<void> {
    while (!this.#isStopping) {
      try {
        const taken = await this.#take();
        if (taken) await this.#serve(taken);
        else await this.#woken();
      } catch (error) {
        this.#warn(error);
        await this.#woken();
      }
    }
  }

  get #lookEveryMs(): number {
    return this.#options.lockMs / looksPerLock;
  }

  async #take(): Promise<Taken | undefined> {
    for (const worker of this.#workers) {
      const lock = `${this.id}:${randomBytes(8).toString('hex')}`;
      const job = (await worker.getNextJob(lock, { block: false })) as Job | undefined;
      if (job) return { job, lock };
    }
    return undefined;
  }

  #woken(): Promise<void> {
    if (this.#isStopping) return Promise.resolve();
    return new Promise(resolve => {
      const timer = this.#clock.after(this.#lookEveryMs, resolve);
      this.#wake = () => {
        void timer.dispose();
        resolve();
      };
    });
  }

  async #serve(taken: Taken): Promise<void> {
    this.#taken = taken;
    try {
      await this.#serveRun(taken, String((taken.job.data as { readonly run?: unknown }).run));
    } finally {
      this.#taken = undefined;
    }
  }

  async #serveRun(taken: Taken, run: string): Promise<void> {
    const { store } = this.#options;
    // Who may write into Redis is not known here.
    if (!runNamePattern.test(run)) return this.#release(taken);
    const log = new RunLog(store, run);
    const order = await log.order();
    if (!order) {
      const message = `The run ${run} is not in ${store.name}: does "trainings.runs" name the same folder as where it was queued?`;
      this.#warn(new CycleboxError('STORE_UNAVAILABLE', message));
      return this.#putBack(taken, absentMs);
    }
    const before = await log.state();
    const engine = this.#engineFor(order, before);
    // It has begun elsewhere since, on a device that this machine does not have.
    if (engine === undefined) return this.#release(taken, { run, device: queueOf(order, before) });
    const state = await log.append(now => this.#claim(now, order, engine));
    const owner = state?.owner;
    if (!state || owner?.worker !== this.id) return this.#release(taken);
    const outcome = await this.#train(log, order, { ...state, owner });
    await this.#end(taken, log, order, outcome);
  }

  async #train(log: RunLog, order: RunOrder, state: RunState & { readonly owner: RunOwner }): Promise<AttemptOutcome> {
    const { store, roots, background, plugins, entry, onLine } = this.#options;
    const attempt = new TrainingAttempt({
      ...{ store, log, order, state, roots, background, entry, onLine, plugins: plugins?.() },
      onWarning: error => this.#warn(error),
    });
    const run = log.id;
    const { engine, threads } = state.owner;
    attempt.onEvent(event => this.#heard(attempt, event));
    this.#attempt = attempt;
    this.#events.fire({ type: 'run-begun', run, engine, threads });
    if (this.#isStopping) attempt.stop();
    try {
      const outcome = await attempt.result();
      this.#events.fire({ type: 'run-ended', run, outcome });
      return outcome;
    } finally {
      this.#attempt = undefined;
      this.#status = undefined;
      await within(patienceMs, this.#redis.del(this.#queues.names.status(run)));
    }
  }

  async #end(taken: Taken, log: RunLog, order: RunOrder, outcome: AttemptOutcome): Promise<void> {
    const state = await log.state();
    const isAgain = outcome.how === 'returned' || (outcome.how === 'failed' && !isEnded(state));
    const delayMs = outcome.how === 'failed' ? this.#lookEveryMs * state.failures : 0;
    await this.#release(taken, isAgain ? { run: log.id, device: queueOf(order, state), delayMs } : undefined);
    await this.#redis.publish(this.#queues.names.news, log.id);
  }

  #engineFor(order: RunOrder, state: RunState): string | undefined {
    const wanted = queueOf(order, state);
    const { offers } = this.#options;
    return wanted === anyDevice ? offers[0] : offers.find(offer => familyOf(offer) === wanted);
  }

  #claim(state: RunState, { options }: RunOrder, engine: string): RunEntry | undefined {
    if (isEnded(state) || this.#isStopping) return undefined;
    if (lostWith(state) >= mostFailures) {
      const message = `The worker was lost ${mostFailures} times in a row before the run had come to a checkpoint, the last time on ${state.owner?.host}. When it is known why, "cyclebox queue trainings retry" tries it again.`;
      return { kind: 'set-aside', error: { code: 'WORKER_LOST', message } };
    }
    const asked = typeof options['threads'] === 'number' ? options['threads'] : undefined;
    const threads = state.device?.threads ?? asked ?? this.#options.threads ?? availableParallelism();
    return { kind: 'claimed', worker: this.id, host: hostname(), pid: process.pid, engine, threads };
  }

  /** Out of Redis, and perhaps in again: what is said there is only whose turn it is. */
  async #release(
    { job, lock }: Taken,
    again?: { readonly run: string; readonly device: string; readonly delayMs?: number },
  ): Promise<void> {
    await job.moveToCompleted(null, lock, false).catch(() => {}); // The lock is another's: so is the turn.
    if (again) await this.#queues.add(again.run, again.device, again.delayMs);
  }

  async #putBack({ job, lock }: Taken, delayMs: number): Promise<void> {
    await job.moveToDelayed(Date.now() + delayMs, lock).catch(() => {});
  }

  #heard(attempt: TrainingAttempt, event: TrainingEvent): void {
    const { run, owner } = attempt;
    if (event.kind === 'progress') {
      const { step, steps, losses, imagesPerSecond, remainingMs } = event;
      const { token, host, engine } = owner;
      this.#status = { token, host, engine, step, steps, losses, imagesPerSecond, remainingMs };
      void this.#sayStatus();
    }
    this.#events.fire({ type: 'run-event', run, event });
    if (this.#redis.status !== 'ready') return;
    const text = JSON.stringify({ run, token: owner.token, event });
    this.#redis.publish(this.#queues.names.events, text).catch(error => this.#warn(error));
  }

  #keepSaying(): void {
    const { lockMs } = this.#options;
    this.#beat = this.#clock.after(lockMs / beatsPerLock, () => {
      void this.#say().catch(error => this.#warn(error));
      if (++this.#beats % (2 * beatsPerLock) === 0) void this.#refill().catch(error => this.#warn(error));
      this.#keepSaying();
    });
  }

  async #say(): Promise<void> {
    await this.#attempt?.check();
    if (this.#redis.status !== 'ready') return;
    const { taken, attempt } = { taken: this.#taken, attempt: this.#attempt };
    const { lockMs, offers } = this.#options;
    // Another may have its turn by now: what there is goes into the store, for whoever that is.
    if (taken && Number(await taken.job.extendLock(taken.lock, lockMs)) !== 1 && this.#taken === taken) attempt?.stop();
    const { workers, worker } = this.#queues.names;
    const record = JSON.stringify({ id: this.id, host: hostname(), offers, run: this.running });
    await this.#redis.pipeline().set(worker(this.id), record, 'PX', Math.ceil(lockMs)).sadd(workers, this.id).exec();
    await this.#sayStatus();
  }

  async #sayStatus(): Promise<void> {
    const status = this.#status;
    const run = this.running;
    if (!status || !run || this.#redis.status !== 'ready') return;
    const key = this.#queues.names.status(run);
    await this.#redis.set(key, JSON.stringify(status), 'PX', Math.ceil(2 * this.#options.lockMs)).catch(() => {});
  }

  async #sayGoodBye(): Promise<void> {
    const { workers, worker } = this.#queues.names;
    await this.#redis.pipeline().del(worker(this.id)).srem(workers, this.id).exec();
  }

  async #refill(): Promise<void> {
    if (this.#redis.status !== 'ready') return;
    await this.#queues.refill(this.#options.store, error => this.#warn(error));
  }

  #warn(error: unknown): void {
    if (this.#isStopping) return;
    this.#events.fire({ type: 'warning', error: asCycleboxError(error, {}, 'QUEUE_UNAVAILABLE') });
  }
}

/** What workers that were killed have left of their runs on this machine. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir()).catch(() => [])) {
    const pid = Number(new RegExp(`^${scratchPrefix}(\\d+)-`).exec(name)?.[1]);
    if (!(pid > 0) || isAlive(pid)) continue;
    await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => {});
  }
}
