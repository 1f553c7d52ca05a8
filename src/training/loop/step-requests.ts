/**
 * What others ask of a running training (a checkpoint now, samples now): done when the step under way is complete, in the
 * order in which it was asked for. Within a step, nothing is consistent.
 */
import { CycleboxError } from '../../base/index.js';

export class StepRequests {
  #waiting: { readonly work: () => Promise<void>; readonly refuse: (reason: Error) => void }[] = [];
  #isOver = false;

  /** Resolves with what `work` gives. @throws CANCELLED when the training ends before, or what `work` throws */
  add<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isOver) return Promise.reject(trainingEnded());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ work: () => work().then(resolve, reject), refuse: reject });
    });
  }

  /** Does what has been asked for so far. Never throws: each asker learns for itself. */
  async runAll(): Promise<void> {
    for (const { work } of this.#waiting.splice(0)) await work();
  }

  /** From here on nothing is done any more. */
  close(): void {
    this.#isOver = true;
    for (const { refuse } of this.#waiting.splice(0)) refuse(trainingEnded());
  }
}

function trainingEnded(): CycleboxError {
  return new CycleboxError('CANCELLED', 'The training has ended; its last checkpoint has everything.');
}
