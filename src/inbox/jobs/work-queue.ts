/**
 * Which job runs when, in memory. It holds only a small window over the journal, which is where jobs are kept: losing
 * this queue loses nothing. `LocalQueue` runs them in this process; another backend implements the same interface.
 */
import PQueue from 'p-queue';
import type { JobId } from '../../base/index.js';

export interface WorkQueue {
  /** Jobs waiting here or running. */
  readonly size: number;
  has(job: JobId): boolean;
  /** `work` must not reject. Higher priorities go first. */
  add(job: JobId, work: () => Promise<void>, priority?: number): void;
  /** How many run at a time, from the next job on. */
  setConcurrency(concurrency: number): void;
  /** Starts no more jobs until resumed. */
  pause(): void;
  resume(): void;
  /** Drops what waits; what runs goes on. */
  clear(): void;
  /** Resolves when nothing is running. */
  whenNothingRuns(): Promise<void>;
}

export class LocalQueue implements WorkQueue {
  readonly #queue: PQueue;
  readonly #waiting = new Set<JobId>();
  readonly #running = new Set<JobId>();

  constructor(concurrency: number) {
    this.#queue = new PQueue({ concurrency });
  }

  get size(): number {
    return this.#waiting.size + this.#running.size;
  }

  has(job: JobId): boolean {
    return this.#waiting.has(job) || this.#running.has(job);
  }

  add(job: JobId, work: () => Promise<void>, priority = 0): void {
    this.#waiting.add(job);
    void this.#queue.add(() => this.#run(job, work), { priority });
  }

  setConcurrency(concurrency: number): void {
    this.#queue.concurrency = concurrency;
  }

  pause(): void {
    this.#queue.pause();
  }

  resume(): void {
    this.#queue.start();
  }

  clear(): void {
    this.#queue.clear();
    this.#waiting.clear();
  }

  whenNothingRuns(): Promise<void> {
    return this.#queue.onPendingZero();
  }

  async #run(job: JobId, work: () => Promise<void>): Promise<void> {
    this.#waiting.delete(job);
    this.#running.add(job);
    try {
      await work();
    } finally {
      this.#running.delete(job);
    }
  }
}
