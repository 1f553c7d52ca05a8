/**
 * Time as a dependency, so that tests turn the hands themselves. `epochMs` is for showing and recording; every delay
 * and timeout is measured on `monotonicMs`, which no clock adjustment moves.
 */
import { type Disposable, toDisposable } from './disposable.js';

export interface Clock {
  /** Milliseconds since 1970; may jump. */
  epochMs(): number;
  /** Milliseconds since an arbitrary start; never goes back. */
  monotonicMs(): number;
  /** Calls back once after `delayMs`; disposing cancels. */
  after(delayMs: number, callback: () => void): Disposable;
}

export const systemClock: Clock = {
  epochMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return toDisposable(() => clearTimeout(timer));
  },
};

/** A clock that stands still until told to move. For tests. */
export class ManualClock implements Clock {
  #nowMs = 0;
  readonly #startEpochMs: number;
  readonly #due = new Set<{ atMs: number; callback: () => void }>();

  constructor(startEpochMs = 1_700_000_000_000) {
    this.#startEpochMs = startEpochMs;
  }

  epochMs(): number {
    return this.#startEpochMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Disposable {
    const entry = { atMs: this.#nowMs + delayMs, callback };
    this.#due.add(entry);
    return toDisposable(() => {
      this.#due.delete(entry);
    });
  }

  /** Moves time on by `ms`, calling what falls due in order of time. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const next = [...this.#due].filter(entry => entry.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
      if (!next) break;
      this.#due.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.callback();
    }
    this.#nowMs = endMs;
  }
}
