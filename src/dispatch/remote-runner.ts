/**
 * Has jobs run by workers on other machines: the watcher's half. What is to be done, and what a failure means, the journal and its
 * scheduler decide; here an attempt is handed to a worker and its result fetched. Each attempt is handed out once: whatever goes
 * wrong on the way ends it, and the next has another token.
 */
import {
  asCycleboxError,
  type Clock,
  CycleboxError,
  type Disposable,
  DisposableStore,
  Emitter,
  type ErrorData,
  type Event,
  errorFromData,
  statFile,
  systemClock,
  toDisposable,
} from '../base/index.js';
import type { Runner, RunReport, RunRequest } from '../inbox/index.js';
import type { Lane, LaneListener } from './lane.js';
import { type JobMessage, type JobReply, modelOf, parseJobReply, type RemoteDevice } from './messages.js';
import { ahead, hasRoom, jobFor, type Placeable, workerFor } from './placement.js';
import { connectRedis, listen, namesOf, QueueOwner, type Redis, recallMark, shownUrl } from './redis/index.js';
import type { ModelSource, WatcherStore } from './store/index.js';
import { Workers } from './workers.js';

export interface RemoteRunnerOptions {
  /** `redis://…` */
  readonly redis: string;
  /** The queue's. */
  readonly name: string;
  /** For so long a worker may be silent. */
  readonly lockMs: number;
  readonly store: WatcherStore;
  /** A model that a worker lacks; undefined where there is none of that hash here. Default: none. */
  readonly modelOf?: ((sha256: string) => Promise<ModelSource | undefined>) | undefined;
  readonly clock?: Clock | undefined;
}

export type DispatchEvent =
  | {
      readonly type: 'workerJoined';
      readonly worker: string;
      readonly host: string;
      readonly slots: number;
      readonly devices: readonly string[];
    }
  /** `isLost`: it was not heard of any more; else it has said good-bye. `jobs`: which it still had. */
  | {
      readonly type: 'workerGone';
      readonly worker: string;
      readonly host: string;
      readonly isLost: boolean;
      readonly jobs: number;
    }
  /** More or fewer jobs can be out at a time. */
  | { readonly type: 'capacity'; readonly size: number }
  | { readonly type: 'warning'; readonly error: CycleboxError };

/** A device of a worker, and where that is. */
export interface RemoteDeviceFacts extends RemoteDevice {
  readonly worker: string;
  readonly host: string;
  readonly pid: number;
}

interface Attempt extends Placeable {
  readonly message: JobMessage;
  passedOver: number;
  lane: Lane | undefined;
  isBegun: boolean;
  readonly settle: (reply: JobReply) => void;
  readonly fail: (error: CycleboxError) => void;
}

const sweepEveryMs = 600_000;

export class RemoteRunner implements Disposable {
  readonly #options: RemoteRunnerOptions;
  readonly #clock: Clock;
  readonly #events = new Emitter<DispatchEvent>();
  readonly #opened = new DisposableStore();
  /** Of all attempts that are out, by token. */
  readonly #attempts = new Map<string, Attempt>();
  /** Those that no worker has been given yet, the first first. */
  #line: readonly Attempt[] = [];
  #redis: Redis | undefined;
  #owner: QueueOwner | undefined;
  #workers: Workers | undefined;
  #size = 0;
  #ownerTimer: Disposable | undefined;
  #sweepTimer: Disposable | undefined;
  #disposed = false;

  constructor(options: RemoteRunnerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  readonly onEvent: Event<DispatchEvent> = this.#events.event;

  /** For the inbox. */
  readonly runner: Runner = {
    isElsewhere: true,
    run: request => this.#run(request),
    selfTest: () => this.#test(),
    recall: () => this.#recall(),
  };

  /** Jobs that may be out at a time: those that run, those that are next, and some to choose among. */
  get size(): number {
    return this.#size;
  }

  get devices(): readonly RemoteDeviceFacts[] {
    return (this.#workers?.lanes ?? []).flatMap(({ record: { id: worker, host, pid, devices } }) =>
      devices.map(device => ({ ...device, worker, host, pid })),
    );
  }

  /** Jobs that run at a time when all are at work. */
  get slots(): number {
    return (this.#workers?.lanes ?? []).reduce((sum, { slots }) => sum + slots, 0);
  }

  /**
   * Takes the queue and gets to know its workers.
   * @param state the id of the state folder
   * @throws QUEUE_UNAVAILABLE, QUEUE_IN_USE, STORE_UNAVAILABLE, FILE_NOT_FOUND (a folder that is shared)
   */
  async start(state: string): Promise<void> {
    const { redis: url, name, lockMs, store } = this.#options;
    await store.check();
    const names = namesOf(name);
    const redis = await this.#connection(url);
    this.#redis = redis;
    const clock = this.#clock;
    this.#owner = new QueueOwner({ redis, key: names.owner, lockMs, state, clock });
    await this.#owner.claim();
    this.#opened.add(this.#owner);
    this.#keepClaim(this.#owner);
    await redis.publish(names.cancel, '*');
    this.#workers = this.#opened.add(
      new Workers({
        ...{ redis, names, lockMs, clock, store: store.identity, listener: this.#listener },
        onJoined: lane => this.#joined(lane),
        onChanged: () => this.#changed(),
        onGone: (lane, isLost) => this.#gone(lane, isLost),
        onWarning: error => this.#events.fire({ type: 'warning', error }),
      }),
    );
    const hello = await this.#connection(url);
    await listen(hello, names.hello);
    hello.on('message', () => void this.#workers?.look());
    redis.on('ready', () => this.#reconnected());
    await this.#workers.start();
    this.#sweep();
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    void this.#ownerTimer?.dispose();
    void this.#sweepTimer?.dispose();
    for (const attempt of [...this.#attempts.values()]) this.#giveUp(attempt, 'The daemon stops.');
    await this.#opened.dispose();
    this.#events.dispose();
  }

  async #connection(url: string): Promise<Redis> {
    const redis = await connectRedis(url);
    this.#opened.add(toDisposable(() => redis.disconnect()));
    return redis;
  }

  readonly #listener: LaneListener = {
    begun: token => {
      const attempt = this.#attempts.get(token);
      if (attempt) attempt.isBegun = true;
    },
    replied: (token, reply) => this.#replied(token, reply),
    broke: (token, why) => this.#end(token, new CycleboxError('INTERNAL', `A worker failed: ${why}`)),
    forgotten: token =>
      this.#end(token, new CycleboxError('CANCELLED', 'Redis has lost the job: it is handed out again.')),
  };

  async #run(request: RunRequest): Promise<RunReport> {
    this.#requireReady();
    const { store } = this.#options;
    const { job, token, path, source, expected, signal } = request;
    // As it is before it is read: what changes later is noticed by it.
    const before = await statFile(source);
    const files = { job, token, path };
    try {
      await store.offer(files, { source, expected }, signal);
      const reply = await this.#reply(request);
      if (reply.kind === 'unoffered') return await this.#offerModel(reply.model, request);
      if (reply.kind !== 'not-done' && reply.accompanied) request.onAccompanied();
      if (reply.kind !== 'done') throw notDone(reply);
      await store.take(files, request.temporary, signal);
      const { source: content } = reply.report;
      if (!content || before.kind !== 'file') return reply.report;
      return { ...reply.report, source: { ...content, changed: before.changed } };
    } finally {
      await store.discard(files);
    }
  }

  /** The job is handed out again when the model is there. @throws CANCELLED, NO_WORKER, STORE_UNAVAILABLE */
  async #offerModel(sha256: string, { translation }: RunRequest): Promise<never> {
    const { store, modelOf: find } = this.#options;
    const model = await find?.(sha256);
    if (!model) throw lacksModel(sha256, translation.key);
    await store.offerModel(model);
    throw new CycleboxError('CANCELLED', `The model ${sha256} is in ${store.name} now: the job is handed out again.`);
  }

  #reply(request: RunRequest): Promise<JobReply> {
    const { job, token, path, translation, mayGrow, alone, timeoutMs, signal } = request;
    const { identity } = request.expected;
    const message: JobMessage = { job, token, path, translation, identity, mayGrow, alone, timeoutMs };
    return new Promise((settle, fail) => {
      const attempt: Attempt = {
        ...{ message, settle, fail, model: modelOf(translation) },
        ...{ passedOver: 0, lane: undefined, isBegun: false },
      };
      const abort = () => this.#giveUp(attempt, 'The job was cancelled.');
      this.#attempts.set(token, attempt);
      this.#line = [...this.#line, attempt];
      if (signal.aborted) return abort();
      signal.addEventListener('abort', abort, { once: true });
      this.#place();
    });
  }

  /** Hands out what workers have room for. */
  #place(): void {
    const lanes = this.#workers?.lanes ?? [];
    for (const attempt of this.#line)
      if (!lanes.some(lane => lane.serves(attempt))) this.#end(attempt.message.token, unserved(attempt, lanes));
    while (this.#line.length > 0) {
      const free = lanes.filter(({ given, slots }) => given < slots).length;
      const [first] = this.#line;
      if (!first) return;
      const pair = this.#line.length <= free ? forJob(first, lanes) : forLane(this.#line, lanes);
      if (!pair) return;
      for (const other of this.#line)
        if (other !== pair.attempt && isBefore(this.#line, other, pair)) other.passedOver++;
      this.#give(pair.attempt, pair.lane);
    }
  }

  #give(attempt: Attempt, lane: Lane): void {
    this.#line = this.#line.filter(one => one !== attempt);
    attempt.lane = lane;
    lane.give(attempt.message).catch(error => {
      this.#end(attempt.message.token, asCycleboxError(error, {}, 'QUEUE_UNAVAILABLE'));
    });
  }

  #replied(token: string, reply: unknown): void {
    const attempt = this.#forget(token);
    if (!attempt) return;
    try {
      const parsed = parseJobReply(reply);
      if (parsed.kind === 'unoffered') attempt.lane?.lacks(parsed.model);
      attempt.settle(parsed);
    } catch (error) {
      attempt.fail(asCycleboxError(error));
    }
    this.#place();
  }

  #end(token: string, error: CycleboxError): void {
    const attempt = this.#forget(token);
    attempt?.fail(error);
    if (attempt?.lane) this.#place();
  }

  #forget(token: string): Attempt | undefined {
    const attempt = this.#attempts.get(token);
    if (!attempt) return undefined;
    this.#attempts.delete(token);
    this.#line = this.#line.filter(one => one !== attempt);
    attempt.lane?.leave(token);
    return attempt;
  }

  /** Whoever has it is told, and is not waited for: what it makes is not published. */
  #giveUp(attempt: Attempt, why: string): void {
    const { token } = attempt.message;
    const { lane } = attempt;
    this.#end(token, new CycleboxError('CANCELLED', why));
    if (lane && this.#redis?.status === 'ready') void this.#withdraw(lane, token);
  }

  async #withdraw(lane: Lane, token: string): Promise<void> {
    try {
      if (!(await lane.takeBack(token))) await this.#redis?.publish(namesOf(this.#options.name).cancel, token);
    } catch {
      // It runs to its end, for nothing.
    }
  }

  #recall(): void {
    for (const attempt of [...this.#attempts.values()]) void this.#recallOne(attempt);
  }

  /** What has begun goes on; what waits for a place at its worker comes back from there. */
  async #recallOne({ message: { token }, lane, isBegun }: Attempt): Promise<void> {
    const isBack = !lane || (!isBegun && (await lane.takeBack(token).catch(() => false)));
    const { cancel } = namesOf(this.#options.name);
    if (!isBack) await this.#redis?.publish(cancel, `${recallMark}${token}`).catch(() => {});
    else this.#end(token, new CycleboxError('CANCELLED', 'It had not begun when the queue was paused.'));
  }

  #joined({ record: { id: worker, host, slots, devices, store } }: Lane): void {
    const names = devices.map(({ device, name }) => `${device} (${name})`);
    this.#events.fire({ type: 'workerJoined', worker, host, slots, devices: names });
    const { identity } = this.#options.store;
    if (store !== identity) this.#events.fire({ type: 'warning', error: elsewhere(worker, host, store, identity) });
  }

  /** @param isLost else what it had is given back, and nobody is to blame */
  #gone(lane: Lane, isLost: boolean): void {
    const { id: worker, host } = lane.record;
    const { tokens } = lane;
    this.#events.fire({ type: 'workerGone', worker, host, isLost, jobs: tokens.length });
    for (const token of tokens) {
      const isBegun = this.#attempts.get(token)?.isBegun ?? false;
      this.#end(token, isLost && isBegun ? lost(lane) : new CycleboxError('CANCELLED', 'The worker is gone.'));
    }
    this.#changed();
  }

  #changed(): void {
    const lanes = this.#workers?.lanes ?? [];
    const size = lanes.reduce((sum, { slots }) => sum + (slots === 0 ? 0 : 2 * slots + ahead), 0);
    for (const lane of lanes) if (lane.record.isDraining) this.#recallFrom(lane);
    this.#place();
    if (size === this.#size) return;
    this.#size = size;
    this.#events.fire({ type: 'capacity', size });
  }

  #recallFrom(lane: Lane): void {
    for (const attempt of [...this.#attempts.values()]) if (attempt.lane === lane) void this.#recallOne(attempt);
  }

  #reconnected(): void {
    if (this.#disposed) return;
    void this.#owner?.renew().catch(() => {});
    this.#workers?.reconnected();
  }

  #keepClaim(owner: QueueOwner): void {
    this.#ownerTimer = this.#clock.after(this.#options.lockMs / 3, () => {
      if (this.#disposed) return;
      if (this.#redis?.status === 'ready') void owner.renew().catch(() => {});
      this.#keepClaim(owner);
    });
  }

  #sweep(): void {
    if (this.#disposed) return;
    void this.#options.store.sweep(token => this.#attempts.has(token)).catch(() => {});
    this.#sweepTimer = this.#clock.after(sweepEveryMs, () => this.#sweep());
  }

  async #test(): Promise<void> {
    this.#requireReady();
    await this.#options.store.check();
  }

  /** @throws QUEUE_UNAVAILABLE, QUEUE_IN_USE */
  #requireReady(): void {
    if (this.#redis?.status !== 'ready') {
      const where = shownUrl(this.#options.redis);
      throw new CycleboxError('QUEUE_UNAVAILABLE', `There is no connection to Redis at ${where}; it is tried again.`);
    }
    this.#owner?.require();
  }
}

interface Pair {
  readonly attempt: Attempt;
  readonly lane: Lane;
}

function forJob(attempt: Attempt, lanes: readonly Lane[]): Pair | undefined {
  const lane = workerFor(attempt, lanes);
  return lane && { attempt, lane };
}

/** The least loaded worker chooses. */
function forLane(line: readonly Attempt[], lanes: readonly Lane[]): Pair | undefined {
  const withRoom = lanes.filter(hasRoom).sort((a, b) => a.given / a.slots - b.given / b.slots);
  for (const lane of withRoom) {
    const attempt = jobFor(lane, line);
    if (attempt) return { attempt, lane };
  }
  return undefined;
}

function isBefore(line: readonly Attempt[], other: Attempt, { attempt, lane }: Pair): boolean {
  return line.indexOf(other) < line.indexOf(attempt) && lane.serves(other);
}

function notDone(reply: Extract<JobReply, { readonly kind: 'failed' | 'not-done' }>): CycleboxError {
  if (reply.kind === 'failed') return errorFromData(reply.error as ErrorData);
  if (reply.why === 'redelivered')
    return new CycleboxError('WORKER_LOST', 'The worker that had it was not heard of any more.');
  if (reply.why === 'unable') return new CycleboxError('CANCELLED', 'The worker cannot work at the moment.');
  if (reply.why === 'stopping') return new CycleboxError('CANCELLED', 'The worker stops.');
  return new CycleboxError('NO_WORKER', 'The worker has no such translation any more.');
}

function lost({ record: { id, host } }: Lane): CycleboxError {
  return new CycleboxError('WORKER_LOST', `The worker ${id} on ${host} was not heard of any more.`);
}

/** Where there are no workers at all, or none that takes anything, jobs wait in the journal until there are. */
function unserved({ message: { translation } }: Attempt, lanes: readonly Lane[]): CycleboxError {
  if (lanes.every(({ slots }) => slots === 0)) return new CycleboxError('CANCELLED', 'There are no workers.');
  const message = `No worker has ${translation.key} in version ${translation.version}: start one with the same plugins and models.`;
  return new CycleboxError('NO_WORKER', message);
}

function lacksModel(sha256: string, key: string): CycleboxError {
  const message = `A worker has not the model ${sha256} for ${key}, and neither has this machine: install it here or there.`;
  return new CycleboxError('NO_WORKER', message);
}

function elsewhere(worker: string, host: string, its: string, ours: string): CycleboxError {
  const shown = (store: string) => (store === 'folder' ? 'shared folders' : store);
  const message = `The worker ${worker} on ${host} has ${shown(its)} for a store, and this daemon ${shown(ours)}: it gets no jobs. Give both the same "store".`;
  return new CycleboxError('STORE_UNAVAILABLE', message);
}
