/**
 * What became of a queued run, as a log in the store that only grows: entry 1, 2, 3, …, each a name that one writer alone can give. So
 * all machines agree on the order of what was decided, whatever Redis has forgotten and clocks say. A claim's number is the owner's
 * fencing token: an entry of an owner that is none any more finds its number taken, and is not written.
 */
import { z } from 'zod';
import { CycleboxError, systemClock } from '../../base/index.js';
import { jsonIn, parseOrder, type RunOrder } from './run-order.js';
import type { RunStore } from './run-store.js';

const fault = z.object({ code: z.string(), message: z.string() });
const token = z.int().min(1);

const entrySchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('claimed'),
    worker: z.string(),
    host: z.string(),
    pid: z.int(),
    engine: z.string(),
    threads: z.int(),
  }),
  /** A checkpoint of this owner is in the store. */
  z.object({ kind: z.literal('began'), token }),
  /** The owner gives it back, as far as it has come. */
  z.object({ kind: z.literal('returned'), token }),
  z.object({ kind: z.literal('failed'), token, error: fault }),
  /** Trained to the end; the results are on their way to the run's folder. */
  z.object({ kind: z.literal('trained'), token, step: z.int() }),
  z.object({ kind: z.literal('delivered'), token }),
  /** By a worker that finds it lost too often. */
  z.object({ kind: z.literal('set-aside'), error: fault }),
  z.object({ kind: z.literal('cancelled') }),
  z.object({ kind: z.literal('retried') }),
]);

export type RunEntry = z.infer<typeof entrySchema>;
export type RunFault = z.infer<typeof fault>;

export interface RunOwner {
  readonly token: number;
  readonly worker: string;
  readonly host: string;
  readonly pid: number;
  readonly engine: string;
  readonly threads: number;
}

export type RunStanding = 'waiting' | 'running' | 'trained' | 'finished' | 'set-aside' | 'cancelled';

export interface RunState {
  /** Of the last entry; 0: none. */
  readonly number: number;
  readonly standing: RunStanding;
  /** While it runs, or its results are delivered. */
  readonly owner: RunOwner | undefined;
  /** What it began on, and goes on with, to the bit. */
  readonly device: Pick<RunOwner, 'engine' | 'threads'> | undefined;
  /** Since it was last retried. */
  readonly failures: number;
  /** Owners in a row that were lost before they had put a checkpoint into the store. */
  readonly lost: number;
  /** The owner has put one there. */
  readonly hasBegun: boolean;
  readonly error: RunFault | undefined;
  /** Whose files are the results. */
  readonly trainedBy: number | undefined;
}

/** Failures after which a run is set aside. */
export const mostFailures = 3;

export const untouched: RunState = {
  number: 0,
  standing: 'waiting',
  owner: undefined,
  device: undefined,
  failures: 0,
  lost: 0,
  hasBegun: false,
  error: undefined,
  trainedBy: undefined,
};

/** The state after one more entry. */
export function after(state: RunState, entry: RunEntry): RunState {
  const next = { ...state, number: state.number + 1 };
  switch (entry.kind) {
    case 'claimed': {
      const { kind: _, ...owner } = entry;
      const standing = state.standing === 'trained' ? 'trained' : 'running';
      return { ...next, standing, lost: lostWith(state), hasBegun: false, owner: { ...owner, token: next.number } };
    }
    case 'began': {
      const { owner } = state;
      const device = state.device ?? (owner && { engine: owner.engine, threads: owner.threads });
      return { ...next, device, hasBegun: true, lost: 0 };
    }
    case 'returned':
      return { ...next, standing: 'waiting', owner: undefined, lost: 0 };
    case 'failed': {
      const failures = state.failures + 1;
      const standing = failures >= mostFailures ? 'set-aside' : 'waiting';
      return { ...next, standing, failures, lost: 0, error: entry.error, owner: undefined };
    }
    case 'trained':
      return { ...next, standing: 'trained', error: undefined, trainedBy: entry.token };
    case 'delivered':
      return { ...next, standing: 'finished', owner: undefined };
    case 'set-aside':
      return { ...next, standing: 'set-aside', error: entry.error, owner: undefined };
    case 'cancelled':
      return { ...next, standing: 'cancelled', owner: undefined };
    case 'retried':
      return { ...next, standing: 'waiting', owner: undefined, failures: 0, lost: 0, error: undefined };
    default:
      return entry satisfies never;
  }
}

/** `lost`, where whoever has the run now is lost, too. */
export function lostWith({ standing, hasBegun, lost }: RunState): number {
  return standing === 'running' && !hasBegun ? lost + 1 : lost;
}

export const isEnded = ({ standing }: Pick<RunState, 'standing'>): boolean =>
  standing === 'finished' || standing === 'set-aside' || standing === 'cancelled';

const mostLooks = 40;
const lookEveryMs = 50;

/** One run in the store. */
export class RunLog {
  readonly id: string;
  readonly #store: RunStore;
  #state = untouched;
  #order: RunOrder | undefined;

  constructor(store: RunStore, id: string) {
    this.#store = store;
    this.id = id;
  }

  /** Where a file of the run lies in the store. */
  nameOf(path: string): string {
    return `${this.id}/${path}`;
  }

  /** Undefined where there is no such run. @throws STORE_UNAVAILABLE, PROTOCOL */
  async order(): Promise<RunOrder | undefined> {
    const text = this.#order ? undefined : await this.#store.read(this.nameOf('queue/order.json'));
    if (text !== undefined) this.#order = parseOrder(text, this.id);
    return this.#order;
  }

  /** False when there is one already. @throws STORE_UNAVAILABLE */
  create(order: RunOrder): Promise<boolean> {
    return this.#store.putNew(this.nameOf('queue/order.json'), `${JSON.stringify(order, undefined, 2)}\n`);
  }

  /** As it is now. @throws STORE_UNAVAILABLE, PROTOCOL */
  async state(): Promise<RunState> {
    for (;;) {
      const number = this.#state.number + 1;
      const text = await this.#readGiven(this.#entryName(number));
      if (text === undefined) return this.#state;
      this.#learn(this.#parse(text, number), number);
    }
  }

  /**
   * Adds what `decide` makes of the state as it is, and of nothing else.
   * @returns the state then; undefined when `decide` has nothing to add
   */
  async append(decide: (state: RunState) => RunEntry | undefined): Promise<RunState | undefined> {
    for (;;) {
      const state = await this.state();
      const entry = decide(state);
      if (!entry) return undefined;
      const text = `${JSON.stringify({ ...entry, atMs: Date.now() })}\n`;
      const isOurs = await this.#store.putNew(this.#entryName(state.number + 1), text);
      if (!isOurs) continue;
      this.#learn(entry, state.number + 1);
      return after(state, entry);
    }
  }

  /** Several may ask at a time: each entry counts once. */
  #learn(entry: RunEntry, number: number): void {
    if (this.#state.number + 1 === number) this.#state = after(this.#state, entry);
  }

  /** Adds an entry of the owner with this token. @returns undefined when it is the owner no more */
  appendAs(token: number, entry: RunEntry): Promise<RunState | undefined> {
    return this.append(({ owner }) => (owner?.token === token ? entry : undefined));
  }

  /** Where there are no hard links, a name is there for an instant before its content is. */
  async #readGiven(name: string): Promise<string | undefined> {
    for (let look = 1; ; look++) {
      const text = await this.#store.read(name);
      if (text !== '' || look === mostLooks) return text;
      await new Promise<void>(resolve => void systemClock.after(lookEveryMs, resolve));
    }
  }

  #entryName(number: number): string {
    return this.nameOf(`queue/log/${String(number).padStart(6, '0')}.json`);
  }

  #parse(text: string, number: number): RunEntry {
    const { data } = entrySchema.safeParse(jsonIn(text));
    if (data) return data;
    const message = `${this.#store.name}/${this.#entryName(number)} is not what this version of cyclebox writes. If it is empty, whoever wrote it was killed: remove it.`;
    throw new CycleboxError('PROTOCOL', message);
  }
}
