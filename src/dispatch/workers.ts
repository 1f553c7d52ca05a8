/**
 * The workers of a queue, as Redis has them: each introduces itself again and again, and what it said expires. Who is not found at two
 * looks, as long apart as any worker needs to say it again, is lost; a Redis that has forgotten everything loses nobody by that.
 */
import { asCycleboxError, type Clock, type CycleboxError, type Disposable } from '../base/index.js';
import { Lane, type LaneListener } from './lane.js';
import { parseWorkerRecord, type WorkerRecord } from './messages.js';
import { type QueueNames, type Redis, within } from './redis/index.js';

export interface WorkersOptions {
  readonly redis: Redis;
  readonly names: QueueNames;
  readonly lockMs: number;
  /** The watcher's store, as it says it. */
  readonly store: string;
  readonly clock: Clock;
  /** Of one worker's lane. */
  readonly listener: LaneListener;
  readonly onJoined: (lane: Lane) => void;
  readonly onChanged: () => void;
  /** @param isLost false: it has said good-bye */
  readonly onGone: (lane: Lane, isLost: boolean) => void;
  readonly onWarning: (error: CycleboxError) => void;
}

/** Workers say it so often in the time of the lock … */
export const beatsPerLock = 6;
/** … and are looked for so often. */
const looksPerLock = 4;
const looksUntilLost = 2;

export class Workers implements Disposable {
  readonly #options: WorkersOptions;
  readonly #lanes = new Map<string, Lane>();
  #looking: Promise<void> | undefined;
  #looksAgain = false;
  #timer: Disposable | undefined;
  #disposed = false;
  #isFirst = true;
  /** What Redis has of attempts is to be looked at, too: it may be another than before. */
  #isDoubtful = false;

  constructor(options: WorkersOptions) {
    this.#options = options;
  }

  get lanes(): readonly Lane[] {
    return [...this.#lanes.values()];
  }

  /** Looks now, or once more when it is looking. */
  look(isTimed = false): Promise<void> {
    if (this.#looking) {
      this.#looksAgain = true;
      return this.#looking;
    }
    this.#looking = this.#look(isTimed)
      .catch(error => this.#options.onWarning(asCycleboxError(error, {}, 'QUEUE_UNAVAILABLE')))
      .finally(() => {
        this.#looking = undefined;
        if (!this.#looksAgain || this.#disposed) return;
        this.#looksAgain = false;
        void this.look();
      });
    return this.#looking;
  }

  /** The connection was lost and is there again. */
  reconnected(): void {
    for (const lane of this.lanes) {
      lane.missed = 0;
      lane.reconnect();
    }
    this.#isDoubtful = true;
    void this.look();
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    void this.#timer?.dispose();
    if (this.#looking) await within(1000, this.#looking);
    await Promise.all(this.lanes.map(lane => lane.dispose(false)));
    this.#lanes.clear();
  }

  start(): Promise<void> {
    this.#schedule();
    return this.look();
  }

  #schedule(): void {
    const { clock, lockMs, redis } = this.#options;
    this.#timer = clock.after(lockMs / looksPerLock, () => {
      // Where there is no connection, nobody can be missed.
      if (redis.status === 'ready') void this.look(true);
      if (!this.#disposed) this.#schedule();
    });
  }

  /** @param isTimed only looks at their time count for who is missing, and look at every attempt */
  async #look(isTimed: boolean): Promise<void> {
    const { redis, names, onChanged } = this.#options;
    const records = await this.#records(redis, names);
    for (const record of records.values()) await this.#meet(record);
    this.#isFirst = false;
    for (const lane of this.lanes) {
      if (this.#disposed) return;
      if (records.has(lane.id)) lane.missed = 0;
      else if (isTimed && ++lane.missed >= looksUntilLost) await this.#lose(lane);
      else await this.#maybeLeft(lane);
    }
    onChanged();
    if (!isTimed && !this.#isDoubtful) return;
    this.#isDoubtful = false;
    for (const lane of this.lanes) await lane.look();
  }

  async #records(redis: Redis, names: QueueNames): Promise<ReadonlyMap<string, WorkerRecord>> {
    const ids = await redis.smembers(names.workers);
    const found = new Map<string, WorkerRecord>();
    if (ids.length === 0) return found;
    const texts = await redis.mget(ids.map(id => names.worker(id)));
    for (const [index, text] of texts.entries()) {
      const id = ids[index]!;
      if (text !== null) this.#read(text, found);
      // Of a worker that nobody knows any more.
      else if (!this.#lanes.has(id)) await redis.srem(names.workers, id);
    }
    return found;
  }

  #read(text: string, into: Map<string, WorkerRecord>): void {
    try {
      const record = parseWorkerRecord(text);
      into.set(record.id, record);
    } catch (error) {
      this.#options.onWarning(asCycleboxError(error));
    }
  }

  async #meet(record: WorkerRecord): Promise<void> {
    const { redis, names, listener, store, onJoined } = this.#options;
    const known = this.#lanes.get(record.id);
    if (known) {
      known.record = record;
      return;
    }
    const lane = await Lane.open({ redis, names, record, listener, store });
    // What an earlier daemon has left there waits for nobody.
    if (this.#isFirst) await lane.clear();
    if (this.#disposed) return lane.dispose(false);
    this.#lanes.set(record.id, lane);
    onJoined(lane);
  }

  /** Who says good-bye takes its id out of the set, and has nothing any more. */
  async #maybeLeft(lane: Lane): Promise<void> {
    const { redis, names, onGone } = this.#options;
    if (!lane.record.isDraining || (await redis.sismember(names.workers, lane.id)) === 1) return;
    this.#lanes.delete(lane.id);
    await lane.look();
    onGone(lane, false);
    await lane.dispose(true);
  }

  async #lose(lane: Lane): Promise<void> {
    const { redis, names, onGone } = this.#options;
    this.#lanes.delete(lane.id);
    // It may have ended jobs and not told of it before it was lost.
    await lane.look();
    onGone(lane, true);
    await redis.srem(names.workers, lane.id);
    await lane.dispose(true);
  }
}
