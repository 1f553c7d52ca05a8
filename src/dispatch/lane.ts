/**
 * The way to one worker: a BullMQ queue of its own, which holds what the worker has been given and little more, since the journal is
 * where jobs wait. It tells what becomes of each attempt, and knows from time to time whether Redis still has them: events are
 * quick, looking is the truth.
 */
import type { Queue, QueueEvents } from 'bullmq';
import type { JobMessage, WorkerRecord } from './messages.js';
import { hasTranslation, modelOf, withAnyModel } from './messages.js';
import type { Candidate, Placeable } from './placement.js';
import { type QueueNames, type Redis, within } from './redis/index.js';

/** Ended jobs that Redis keeps for a while, in case their event was missed. */
const keepEnded = { age: 600, count: 200 };
/** BullMQ's own list of events, of each queue. */
const keptEvents = 1000;
/** At an end, for each command. */
const patienceMs = 1000;
/** Models that a worker keeps in memory, as far as is known before it says so. */
const rememberedModels = 4;

export interface LaneListener {
  begun(token: string): void;
  /** @param reply what the worker has said, unchecked */
  replied(token: string, reply: unknown): void;
  /** The worker's process threw. */
  broke(token: string, why: string): void;
  /** Redis does not know it any more. */
  forgotten(token: string): void;
}

export interface LaneOptions {
  readonly redis: Redis;
  readonly names: QueueNames;
  readonly record: WorkerRecord;
  readonly listener: LaneListener;
  /** The watcher's: a worker with another one gets nothing. */
  readonly store: string;
}

export class Lane implements Candidate {
  record: WorkerRecord;
  /** Looks in a row that did not find the worker's introduction. */
  missed = 0;
  readonly #options: LaneOptions;
  readonly #queue: Queue;
  readonly #events: QueueEvents;
  readonly #eventsRedis: Redis;
  /** True once Redis has the job. */
  readonly #given = new Map<string, boolean>();
  #recent: readonly string[] = [];

  private constructor(options: LaneOptions, queue: Queue, events: QueueEvents, eventsRedis: Redis) {
    this.record = options.record;
    this.#options = options;
    this.#queue = queue;
    this.#events = events;
    this.#eventsRedis = eventsRedis;
    const { listener } = options;
    const ifOurs = (token: string, tell: () => void) => void (this.#given.has(token) && tell());
    events.on('active', ({ jobId }) => ifOurs(jobId, () => listener.begun(jobId)));
    events.on('completed', ({ jobId, returnvalue }) => ifOurs(jobId, () => listener.replied(jobId, returnvalue)));
    events.on('failed', ({ jobId, failedReason }) => ifOurs(jobId, () => listener.broke(jobId, failedReason)));
    // A connection that is lost is made again; what was missed is found by looking.
    events.on('error', () => {});
    queue.on('error', () => {});
  }

  static async open(options: LaneOptions): Promise<Lane> {
    const { Queue, QueueEvents } = await import('bullmq');
    const { redis, names, record } = options;
    const how = { prefix: names.prefix, skipVersionCheck: true };
    const streams = { events: { maxLen: keptEvents } };
    const queue = new Queue(record.id, { ...how, streams, connection: redis });
    const eventsRedis = redis.duplicate();
    eventsRedis.on('error', () => {});
    const events = new QueueEvents(record.id, { ...how, connection: eventsRedis, lastEventId: '0' });
    return new Lane(options, queue, events, eventsRedis);
  }

  get #takes(): boolean {
    const { isDraining, store } = this.record;
    return !isDraining && store === this.#options.store;
  }

  get id(): string {
    return this.record.id;
  }

  get slots(): number {
    return this.#takes ? this.record.slots : 0;
  }

  get given(): number {
    return this.#given.size;
  }

  get tokens(): readonly string[] {
    return [...this.#given.keys()];
  }

  serves({ message }: Placeable & { readonly message: JobMessage }): boolean {
    if (!this.#takes) return false;
    const { translations, fetchable } = this.record;
    const { translation } = message;
    return hasTranslation(translations, translation) || hasTranslation(fetchable, withAnyModel(translation));
  }

  hasFile({ message }: Placeable & { readonly message: JobMessage }): boolean {
    return hasTranslation(this.record.translations, message.translation);
  }

  hasModel({ model }: Placeable): boolean {
    return this.record.loaded.includes(model) || this.#recent.includes(model);
  }

  async give(message: JobMessage): Promise<void> {
    const { token } = message;
    const model = modelOf(message.translation);
    this.#given.set(token, false);
    this.#recent = [...this.#recent.filter(one => one !== model), model].slice(-rememberedModels);
    await this.#queue.add(message.translation.key, message, {
      jobId: token,
      removeOnComplete: keepEnded,
      removeOnFail: keepEnded,
    });
    if (this.#given.has(token)) this.#given.set(token, true);
  }

  /** It was thought to have the model in memory, and has not even its file. */
  lacks(model: string): void {
    this.#recent = this.#recent.filter(one => one !== model);
  }

  /** It is no concern of this lane any more. */
  leave(token: string): void {
    this.#given.delete(token);
  }

  /** Takes back what the worker has not begun; false when it has. */
  async takeBack(token: string): Promise<boolean> {
    return (await this.#queue.remove(token)) === 1;
  }

  /** Removes what an earlier owner has left waiting. */
  async clear(): Promise<void> {
    await this.#queue.drain();
  }

  /** Looks for what events have not told. */
  async look(): Promise<void> {
    const { redis, listener } = this.#options;
    const tokens = this.tokens.filter(token => this.#given.get(token));
    if (tokens.length === 0) return;
    const pipeline = redis.pipeline();
    for (const token of tokens)
      pipeline.hmget(this.#queue.toKey(token), 'timestamp', 'finishedOn', 'returnvalue', 'failedReason');
    const found = (await pipeline.exec()) ?? [];
    tokens.forEach((token, index) => {
      const [fault, values] = found[index] ?? [];
      if (fault || !Array.isArray(values) || !this.#given.has(token)) return;
      const [timestamp, finishedOn, returned, failed] = values as readonly (string | null)[];
      if (timestamp === null) listener.forgotten(token);
      else if (finishedOn === null) return;
      else if (typeof failed === 'string') listener.broke(token, failed);
      else listener.replied(token, parsed(returned));
    });
  }

  /** The connection may be half open, and its Redis another than before. */
  reconnect(): void {
    this.#eventsRedis.disconnect(true);
  }

  /** @param isGone true: the worker will not come back, and nothing of its queue is kept */
  async dispose(isGone: boolean): Promise<void> {
    if (isGone) await within(patienceMs, this.#queue.obliterate({ force: true }));
    await within(patienceMs, this.#events.close());
    this.#eventsRedis.disconnect();
    await within(patienceMs, this.#queue.close());
  }
}

function parsed(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? 'null');
  } catch {
    return undefined;
  }
}
