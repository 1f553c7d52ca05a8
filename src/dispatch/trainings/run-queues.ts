/**
 * The queues of trainings in Redis: one for each kind of device, and one for those that take any. They say only whose turn it is, and
 * may be lost: the store knows which runs there are, and they are put in again (`refill`).
 */
import type { Queue } from 'bullmq';
import { z } from 'zod';
import { type Disposable, DisposableStore, toDisposable } from '../../base/index.js';
import { namesOf, type Redis, within } from '../redis/index.js';
import { isEnded, RunLog, type RunState } from './run-log.js';
import { jsonIn, type RunOrder, runNamePattern } from './run-order.js';
import type { RunStore } from './run-store.js';

/** Of a run that takes what there is. */
export const anyDevice = 'any';
const patienceMs = 1000;

export interface TrainingNames {
  /** Before everything, BullMQ's keys included. */
  readonly prefix: string;
  /** Told a run's name when there is something to look at: it waits, or was cancelled. */
  readonly news: string;
  /** Told what owners of runs tell. */
  readonly events: string;
  /** What its owner says of a run, again and again; it expires. */
  status(run: string): string;
  /** The set of the workers' ids. */
  readonly workers: string;
  /** What a worker offers; it expires. */
  worker(id: string): string;
}

export function trainingNames(queue: string): TrainingNames {
  const prefix = `${namesOf(queue).prefix}:trainings`;
  return {
    prefix,
    news: `${prefix}:news`,
    events: `${prefix}:events`,
    status: run => `${prefix}:run:${run}`,
    workers: `${prefix}:workers`,
    worker: id => `${prefix}:worker:${id}`,
  };
}

const numbers = z.record(z.string(), z.number().nullable());

const statusSchema = z.object({
  token: z.int(),
  host: z.string(),
  engine: z.string(),
  step: z.int(),
  steps: z.int(),
  losses: numbers,
  imagesPerSecond: z.number().optional(),
  remainingMs: z.number().optional(),
});

/** How far a run's owner is. */
export type RunStatus = Readonly<z.infer<typeof statusSchema>>;

export function parseStatus(text: string | null): RunStatus | undefined {
  return text === null ? undefined : statusSchema.safeParse(jsonIn(text)).data;
}

/** The queue that a run waits in: it goes on where it began. */
export function queueOf({ device }: Pick<RunOrder, 'device'>, state: RunState): string {
  return familyOf(state.device?.engine ?? device);
}

/** `cuda` of `cuda:1`: which of several it is, each machine knows for itself. */
export const familyOf = (engine: string): string => engine.split(':')[0] ?? engine;

export class RunQueues implements Disposable {
  readonly names: TrainingNames;
  readonly #redis: Redis;
  readonly #queues = new Map<string, Queue>();
  readonly #opened = new DisposableStore();
  /** Runs that nobody changes any more. */
  readonly #finished = new Set<string>();

  constructor(redis: Redis, queue: string) {
    this.#redis = redis;
    this.names = trainingNames(queue);
  }

  /** Puts a run where it waits for its turn; one that is there already stays where it is. */
  async add(run: string, device: string, delayMs = 0): Promise<void> {
    const queue = await this.#queue(device);
    const gone = { removeOnComplete: true, removeOnFail: true };
    await queue.add('training', { run }, { jobId: run, ...gone, ...(delayMs > 0 && { delay: delayMs }) });
    await this.#redis.publish(this.names.news, run);
  }

  /** Takes out what waits. */
  async remove(run: string, device: string): Promise<void> {
    await (await this.#queue(device)).remove(run);
  }

  /** Puts in again what the store knows of and Redis does not. @param onFault told of runs that cannot be read */
  async refill(store: RunStore, onFault: (error: unknown) => void): Promise<void> {
    for (const run of await store.children('')) {
      if (!runNamePattern.test(run) || this.#finished.has(run)) continue;
      try {
        await this.#refillRun(new RunLog(store, run));
      } catch (error) {
        onFault(error);
      }
    }
  }

  async #refillRun(log: RunLog): Promise<void> {
    const order = await log.order();
    if (!order) return;
    const state = await log.state();
    if (state.standing === 'finished') this.#finished.add(log.id);
    if (!isEnded(state)) await this.#addAgain(log.id, queueOf(order, state));
  }

  async #addAgain(run: string, device: string): Promise<void> {
    if (!(await (await this.#queue(device)).getJob(run))) await this.add(run, device);
  }

  async dispose(): Promise<void> {
    await this.#opened.dispose();
  }

  async #queue(device: string): Promise<Queue> {
    const known = this.#queues.get(device);
    if (known) return known;
    const { Queue } = await import('bullmq');
    const queue = new Queue(device, { prefix: this.names.prefix, connection: this.#redis, skipVersionCheck: true });
    queue.on('error', () => {});
    this.#queues.set(device, queue);
    this.#opened.add(toDisposable(async () => void (await within(patienceMs, queue.close()))));
    return queue;
  }
}
