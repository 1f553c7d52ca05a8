/**
 * The compute worker that jobs go to now. When the settings change, the next job gets a worker with the new ones, and
 * the old one goes when its last job has ended.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Disposable } from '../../base/index.js';
import { type ComputeReport, type ComputeTask, ComputeWorker, type ComputeWorkerOptions } from '../../worker/index.js';

interface Held {
  readonly worker: ComputeWorker;
  jobs: number;
}

export class WorkerSlot implements Disposable {
  readonly #common: Omit<ComputeWorkerOptions, 'settings'>;
  readonly #retired = new Set<Held>();
  #options: Partial<ComputeWorkerOptions>;
  #current: Held;

  /** @param common what holds for every worker; @param options what may change */
  constructor(common: Omit<ComputeWorkerOptions, 'settings'>, options: Partial<ComputeWorkerOptions>) {
    this.#common = common;
    this.#options = options;
    this.#current = this.#open();
  }

  get pid(): number | undefined {
    return this.#current.worker.pid;
  }

  /** @throws what `ComputeWorker.run` does */
  async run(task: ComputeTask): Promise<ComputeReport> {
    const held = this.#current;
    held.jobs++;
    try {
      return await held.worker.run(task);
    } finally {
      held.jobs--;
      if (held !== this.#current && held.jobs === 0) await this.#close(held);
    }
  }

  /** Ends the process, whatever it is at; the next job gets a new one. */
  restart(): Promise<void> {
    return this.#current.worker.restart();
  }

  /** From the next job on. True when the options differ, and the next job gets a new worker. */
  configure(options: Partial<ComputeWorkerOptions>): boolean {
    if (isDeepStrictEqual(options, this.#options)) return false;
    this.#options = options;
    const old = this.#current;
    this.#retired.add(old);
    this.#current = this.#open();
    if (old.jobs === 0) void this.#close(old);
    return true;
  }

  async dispose(): Promise<void> {
    await Promise.all([this.#current, ...this.#retired].map(held => held.worker.dispose()));
  }

  #open(): Held {
    return { worker: new ComputeWorker({ ...this.#common, ...this.#options }), jobs: 0 };
  }

  async #close(held: Held): Promise<void> {
    await held.worker.dispose();
    this.#retired.delete(held);
  }
}
