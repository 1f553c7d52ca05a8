/** How long a training stood still for want of data, of the time since it first asked for some. */
import type { Clock } from '../../base/index.js';

export interface Waiting {
  readonly waitedMs: number;
  /** From the first request until now. */
  readonly elapsedMs: number;
  /** The one as a fraction of the other, in [0, 1]. */
  readonly share: number;
}

export class WaitMeter {
  readonly #clock: Clock;
  #startMs: number | undefined;
  #sinceMs = 0;
  #open = 0;
  #waitedMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts the time that `work` takes. Of two at a time, their common time counts once. */
  async measure<T>(work: () => Promise<T>): Promise<T> {
    this.#startMs ??= this.#clock.monotonicMs();
    if (this.#open++ === 0) this.#sinceMs = this.#clock.monotonicMs();
    try {
      return await work();
    } finally {
      if (--this.#open === 0) this.#waitedMs += this.#clock.monotonicMs() - this.#sinceMs;
    }
  }

  get waiting(): Waiting {
    const nowMs = this.#clock.monotonicMs();
    const elapsedMs = nowMs - (this.#startMs ?? nowMs);
    const waitedMs = this.#waitedMs + (this.#open > 0 ? nowMs - this.#sinceMs : 0);
    return { waitedMs, elapsedMs, share: elapsedMs > 0 ? waitedMs / elapsedMs : 0 };
  }
}
