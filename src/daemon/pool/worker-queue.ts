/**
 * Jobs that wait for a worker, first come, first served, as far as one is free for their model. It knows no devices: who
 * is free, its owner says. Each that waits is given a worker, cancelled, or refused at the end: exactly one of these.
 */
import { CycleboxError, type Disposable } from '../../base/index.js';
import type { ComputeModel, ComputeTask } from '../../worker/index.js';

interface Waiter<Worker> {
  /** Undefined: any worker will do. */
  readonly model: ComputeModel | undefined;
  readonly take: (worker: Worker) => void;
  readonly refuse: (error: CycleboxError) => void;
}

export class WorkerQueue<Worker> implements Disposable {
  readonly #waiting = new Set<Waiter<Worker>>();
  #disposed = false;

  /** Resolves when `serve` has a worker for it. @throws CANCELLED by the signal, or when the line is disposed of */
  acquire({ model, signal }: Partial<Pick<ComputeTask, 'model' | 'signal'>>): Promise<Worker> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(waiter);
        signal?.removeEventListener('abort', abort);
      };
      const waiter: Waiter<Worker> = {
        model,
        take: worker => {
          leave();
          resolve(worker);
        },
        refuse: error => {
          leave();
          reject(error);
        },
      };
      const abort = () =>
        waiter.refuse(new CycleboxError('CANCELLED', 'The job was cancelled while it waited for a device.'));
      if (this.#disposed) return waiter.refuse(shuttingDown());
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.add(waiter);
    });
  }

  /** @param takeFor the worker that is free for a model, which is the caller's from then on */
  assign(takeFor: (model: ComputeModel | undefined) => Worker | undefined): void {
    for (const waiter of [...this.#waiting]) {
      const worker = takeFor(waiter.model);
      if (worker !== undefined) waiter.take(worker);
    }
  }

  dispose(): void {
    this.#disposed = true;
    for (const waiter of [...this.#waiting]) waiter.refuse(shuttingDown());
  }
}

function shuttingDown(): CycleboxError {
  return new CycleboxError('CANCELLED', 'The workers are shutting down.');
}
