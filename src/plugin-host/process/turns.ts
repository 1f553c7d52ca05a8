/** One piece of work after the other, in the order in which they were asked for; a piece that is cancelled before its turn is left out. */
import { throwIfAborted } from '../../base/index.js';

export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** @throws CANCELLED before its turn by the signal, or what the work throws */
  next<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const turn = this.#last.then(() => {
      throwIfAborted(signal, 'It was cancelled while it waited for its turn.');
      return work();
    });
    this.#last = turn.catch(() => {});
    return turn;
  }
}
