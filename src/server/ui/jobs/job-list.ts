/**
 * A list of jobs as long as it likes, of which only what is looked at is held: blocks of rows, asked for by their place. News of the
 * stream change rows where they stand; at the head of the list they also join and leave it, elsewhere rows keep their places until it
 * is asked for anew. Counts come from the server, never from what is held here.
 */
import { signal } from '@preact/signals';
import type { Answer, JobFilter, JobRow, StreamEventOf } from '../contract.js';
import { ask, onJobs } from '../live/index.js';
import { fits } from './job-filter.js';

const blockRows = 100;
/** Blocks that are held; the one that was not looked at for longest goes. */
const mostBlocks = 30;
/** Between two askings that news brings about. */
const refreshMs = 700;

export class JobList {
  /** Of the filter. Undefined until it is known. */
  readonly total = signal<number | undefined>(undefined);
  readonly counts = signal<Answer<'countJobs'>['states']>({});
  /** Moves with every change of the rows. */
  readonly version = signal(0);
  readonly problem = signal<Error | undefined>(undefined);
  /** Rows that have changed while the head of the list was out of sight. */
  readonly unseen = signal(0);
  /** The id of a row that is not forgotten, however long it is out of sight. */
  kept: string | undefined;

  readonly #filter: JobFilter;
  readonly #blocks = new Map<number, readonly JobRow[]>();
  readonly #asked = new Set<number>();
  readonly #ended = new AbortController();
  readonly #stop: () => void;
  #visible = { first: 0, last: 0 };
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(filter: JobFilter) {
    this.#filter = filter;
    this.#stop = onJobs(event => this.#hear(event));
    void this.#count();
    void this.#load(0);
  }

  /** Undefined where it is not here yet. */
  row(index: number): JobRow | undefined {
    return this.#blocks.get(Math.floor(index / blockRows))?.[index % blockRows];
  }

  /** Of those that are held. */
  indexOf(id: string): number | undefined {
    for (const [block, rows] of this.#blocks) {
      const index = rows.findIndex(row => row.id === id);
      if (index >= 0) return block * blockRows + index;
    }
    return undefined;
  }

  /** Rows from `first` to `last` are looked at: what is missing of them comes. */
  look(first: number, last: number): void {
    this.#visible = { first, last };
    for (let block = Math.floor(first / blockRows); block * blockRows <= last; block++)
      if (!this.#blocks.has(block)) void this.#load(block);
  }

  /** Everything anew. */
  reload(): void {
    this.unseen.value = 0;
    const { first, last } = this.#visible;
    const seen = (block: number) => block * blockRows <= last && (block + 1) * blockRows > first;
    for (const block of [...this.#blocks.keys()]) if (!seen(block)) this.#blocks.delete(block);
    void this.#count();
    for (const block of new Set([...this.#blocks.keys(), Math.floor(first / blockRows)])) void this.#load(block);
  }

  dispose(): void {
    this.#stop();
    this.#ended.abort();
    clearTimeout(this.#timer);
  }

  #hear({ jobs, many }: StreamEventOf<'jobs'>): void {
    if (!many) for (const row of jobs) this.#replace(row);
    this.#refreshSoon();
  }

  #replace(row: JobRow): void {
    const isAtHead = this.#visible.first < blockRows / 4;
    const index = this.indexOf(row.id);
    if (isAtHead) this.#putAtHead(row);
    else if (index !== undefined) this.#putAt(index, row);
    else if (fits(row, this.#filter)) this.unseen.value++;
    this.version.value++;
  }

  #putAt(index: number, row: JobRow): void {
    const block = Math.floor(index / blockRows);
    this.#blocks.set(block, (this.#blocks.get(block) ?? []).with(index % blockRows, row));
  }

  /** The newest stand first: those that change go there, those that no longer fit go. */
  #putAtHead(row: JobRow): void {
    const head = this.#blocks.get(0);
    if (!head) return;
    const others = head.filter(({ id }) => id !== row.id);
    const next = fits(row, this.#filter) ? [row, ...others] : others;
    this.#blocks.set(0, next.slice(0, blockRows));
    this.total.value = Math.max(0, (this.total.value ?? 0) + next.length - head.length);
  }

  #refreshSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#count();
      if (this.#visible.first < blockRows / 4) void this.#load(0);
    }, refreshMs);
  }

  async #count(): Promise<void> {
    await this.#guarded(async signal => {
      const { total, states } = await ask('countJobs', { query: this.#filter, signal });
      this.total.value = total;
      this.counts.value = states;
    });
  }

  async #load(block: number): Promise<void> {
    if (this.#asked.has(block)) return;
    this.#asked.add(block);
    await this.#guarded(async signal => {
      const query = { ...this.#filter, limit: blockRows, skip: block * blockRows };
      const { jobs } = await ask('listJobs', { query, signal });
      this.#blocks.delete(block);
      this.#blocks.set(block, jobs);
      this.#forgetOldest();
      this.version.value++;
    });
    this.#asked.delete(block);
  }

  #forgetOldest(): void {
    if (this.#blocks.size <= mostBlocks) return;
    const oldest = [...this.#blocks].find(([, rows]) => !rows.some(({ id }) => id === this.kept));
    if (oldest) this.#blocks.delete(oldest[0]);
  }

  async #guarded(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    try {
      await work(this.#ended.signal);
      this.problem.value = undefined;
    } catch (error) {
      if (!this.#ended.signal.aborted) this.problem.value = error as Error;
    }
  }
}
