/** The queue of trainings as whoever uses it sees it: put runs in, see how they stand, follow one, take one out, try one again. */
import {
  type Clock,
  CycleboxError,
  type Disposable,
  DisposableStore,
  systemClock,
  toDisposable,
} from '../../base/index.js';
import type { TrainingEvent } from '../../training/index.js';
import { connectRedis, listen, type Redis } from '../redis/index.js';
import { isEnded, type RunFault, RunLog, type RunOwner, type RunStanding, type RunState } from './run-log.js';
import { jsonIn, type RunOrder, runNamePattern } from './run-order.js';
import { anyDevice, familyOf, parseStatus, queueOf, RunQueues, type RunStatus } from './run-queues.js';
import type { RunStore } from './run-store.js';

export interface QueuedRun {
  /** The name of its folder. */
  readonly run: string;
  readonly pair: string;
  /** `any`, or the engine that it is to have, or has begun on. */
  readonly device: string;
  readonly standing: RunStanding;
  readonly owner: RunOwner | undefined;
  /** What its owner tells of it; undefined where it has told nothing yet. */
  readonly status: RunStatus | undefined;
  readonly failures: number;
  readonly error: RunFault | undefined;
}

export interface TrainingQueueOptions {
  /** `redis://…` */
  readonly redis: string;
  /** The queue's. */
  readonly name: string;
  readonly store: RunStore;
  readonly clock?: Clock | undefined;
}

/** Between two looks at a run that is followed. */
const lookEveryMs = 1000;

export class TrainingQueue implements Disposable {
  readonly #store: RunStore;
  readonly #redis: Redis;
  readonly #clock: Clock;
  readonly #queues: RunQueues;
  readonly #opened: DisposableStore;

  private constructor(options: TrainingQueueOptions, redis: Redis, opened: DisposableStore) {
    this.#store = options.store;
    this.#redis = redis;
    this.#clock = options.clock ?? systemClock;
    this.#opened = opened;
    this.#queues = opened.add(new RunQueues(redis, options.name));
  }

  /** @throws QUEUE_UNAVAILABLE */
  static async open(options: TrainingQueueOptions): Promise<TrainingQueue> {
    const redis = await connectRedis(options.redis);
    const opened = new DisposableStore();
    opened.add(toDisposable(() => redis.disconnect()));
    return new TrainingQueue(options, redis, opened);
  }

  /** @param name the run's, new @throws FILE_EXISTS, USAGE, STORE_UNAVAILABLE */
  async submit(order: RunOrder, name: string): Promise<void> {
    requireName(name);
    const isFree = (await this.#store.children(name)).length === 0;
    const log = new RunLog(this.#store, name);
    if (!isFree || !(await log.create(order))) {
      const message = `${this.#store.name} has a run ${name} already: give another name with --out, or see how it stands with "cyclebox queue trainings list".`;
      throw new CycleboxError('FILE_EXISTS', message);
    }
    await this.#queues.add(name, queueOf(order, await log.state()));
  }

  /** A name for a run of this pair that nobody has. */
  async freeName(pair: string): Promise<string> {
    for (let number = 1; ; number++) {
      const name = number === 1 ? pair : `${pair}-${number}`;
      if ((await this.#store.children(name)).length === 0) return name;
    }
  }

  /** By name. Runs that were not queued are none of its business. */
  async list(): Promise<readonly QueuedRun[]> {
    const names = (await this.#store.children('')).filter(name => runNamePattern.test(name));
    const runs = await Promise.all(names.map(name => this.find(name)));
    return runs.filter(run => run !== undefined).sort((a, b) => (a.run < b.run ? -1 : 1));
  }

  /** Undefined where there is no such run. @throws STORE_UNAVAILABLE, PROTOCOL */
  async find(run: string): Promise<QueuedRun | undefined> {
    const log = new RunLog(this.#store, run);
    const order = runNamePattern.test(run) ? await log.order() : undefined;
    if (!order) return undefined;
    const state = await log.state();
    // Without a connection it would wait for one.
    const isTold = !isEnded(state) && this.#redis.status === 'ready';
    const status = isTold ? await this.#redis.get(this.#queues.names.status(run)) : null;
    return describe(run, order, state, parseStatus(status));
  }

  /** What it was queued with; undefined where there is no such run. @throws STORE_UNAVAILABLE, PROTOCOL */
  async orderOf(run: string): Promise<RunOrder | undefined> {
    return runNamePattern.test(run) ? new RunLog(this.#store, run).order() : undefined;
  }

  /** @throws FILE_NOT_FOUND, USAGE when it has ended */
  async cancel(run: string): Promise<void> {
    const [log, order] = await this.#require(run);
    const isUnderWay = ({ standing }: RunState) => standing === 'waiting' || standing === 'running';
    const state = await log.append(state => (isUnderWay(state) ? { kind: 'cancelled' } : undefined));
    if (!state) throw new CycleboxError('USAGE', `The run ${run} has ended already: there is nothing to cancel.`);
    // One that runs is locked, and is taken out by its worker, which hears of it now.
    await this.#queues.remove(run, queueOf(order, state)).catch(() => {});
    await this.#redis.publish(this.#queues.names.news, run);
  }

  /** Has a cancelled run, or one that was set aside, go on from its last checkpoint. @throws FILE_NOT_FOUND, USAGE */
  async retry(run: string): Promise<void> {
    const [log, order] = await this.#require(run);
    const isOver = ({ standing }: RunState) => standing === 'cancelled' || standing === 'set-aside';
    const state = await log.append(state => (isOver(state) ? { kind: 'retried' } : undefined));
    if (!state) {
      const { standing } = await log.state();
      throw new CycleboxError(
        'USAGE',
        `The run ${run} is ${standing}: only one that was cancelled or set aside is tried again.`,
      );
    }
    await this.#queues.add(run, queueOf(order, state));
  }

  /** Engines that workers offer now, by kind. */
  async offers(): Promise<ReadonlySet<string>> {
    const { workers, worker } = this.#queues.names;
    const ids = await this.#redis.smembers(workers);
    const texts = ids.length === 0 ? [] : await this.#redis.mget(ids.map(worker));
    const offers = texts.flatMap(text => {
      const record = text === null ? undefined : (jsonIn(text) as { readonly offers?: readonly string[] } | undefined);
      return record?.offers ?? [];
    });
    return new Set([...offers.map(familyOf), ...(offers.length > 0 ? [anyDevice] : [])]);
  }

  /**
   * Tells how runs stand, whenever that changes, and what their owners tell, until all have ended or the signal is aborted.
   * @throws FILE_NOT_FOUND for a run that is not there
   */
  async follow(
    runs: readonly string[],
    listener: {
      readonly stands?: (run: QueuedRun) => void;
      readonly tells?: (run: string, event: TrainingEvent) => void;
    },
    signal?: AbortSignal,
  ): Promise<readonly QueuedRun[]> {
    const ears = this.#redis.duplicate();
    ears.on('error', () => {});
    let wake = () => {};
    const wakeNow = () => wake();
    signal?.addEventListener('abort', wakeNow);
    try {
      await listen(ears, this.#queues.names.events, this.#queues.names.news);
      ears.on('message', (channel, text) => {
        if (channel === this.#queues.names.news) wake();
        else tell(text, runs, listener.tells);
      });
      const told = new Map<string, string>();
      for (;;) {
        const standing = await Promise.all(runs.map(run => this.#requireRun(run)));
        for (const run of standing) {
          const mark = JSON.stringify([run.standing, run.owner?.token, run.failures]);
          if (told.get(run.run) !== mark) listener.stands?.(run);
          told.set(run.run, mark);
        }
        if (standing.every(isEnded) || signal?.aborted) return standing;
        await new Promise<void>(resolve => {
          const timer = this.#clock.after(lookEveryMs, resolve);
          wake = () => {
            void timer.dispose();
            resolve();
          };
        });
      }
    } finally {
      signal?.removeEventListener('abort', wakeNow);
      ears.disconnect();
    }
  }

  dispose(): Promise<void> {
    return this.#opened.dispose();
  }

  async #requireRun(run: string): Promise<QueuedRun> {
    const found = await this.find(run);
    if (found) return found;
    throw noRun(run, this.#store);
  }

  async #require(run: string): Promise<readonly [RunLog, RunOrder]> {
    const log = new RunLog(this.#store, run);
    const order = runNamePattern.test(run) ? await log.order() : undefined;
    if (!order) throw noRun(run, this.#store);
    return [log, order];
  }
}

function describe(run: string, order: RunOrder, state: RunState, status: RunStatus | undefined): QueuedRun {
  const { standing, owner, failures, error } = state;
  const isItsOwner = status !== undefined && status.token === owner?.token;
  const known = { run, pair: order.pair, device: queueOf(order, state), standing, owner, failures, error };
  return { ...known, status: isItsOwner ? status : undefined };
}

function tell(
  text: string,
  runs: readonly string[],
  listener: ((run: string, event: TrainingEvent) => void) | undefined,
): void {
  const said = jsonIn(text) as { readonly run?: unknown; readonly event?: TrainingEvent } | undefined;
  if (typeof said?.run === 'string' && runs.includes(said.run) && said.event) listener?.(said.run, said.event);
}

function requireName(name: string): void {
  if (runNamePattern.test(name)) return;
  const message = `"${name}" is no name for a run: letters, digits, ".", "_" and "-", a letter or digit first, 80 at most.`;
  throw new CycleboxError('USAGE', message);
}

function noRun(run: string, store: RunStore): CycleboxError {
  const message = `There is no queued run "${run}" in ${store.name}: "cyclebox queue trainings list" shows those that there are.`;
  return new CycleboxError('FILE_NOT_FOUND', message);
}
