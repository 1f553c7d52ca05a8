/**
 * How long to wait before trying again: doubles from `firstMs` to `maxMs`, with a random part so that many waiting
 * parties do not return at once. Pure arithmetic; whoever waits does so on its own clock.
 */
export interface BackOffOptions {
  readonly firstMs?: number | undefined;
  readonly maxMs?: number | undefined;
  readonly factor?: number | undefined;
  /** The share of each delay that is random, in [0, 1]. */
  readonly jitter?: number | undefined;
  readonly random?: (() => number) | undefined;
}

export class BackOff {
  readonly #options: Required<{ [K in keyof BackOffOptions]: NonNullable<BackOffOptions[K]> }>;
  #failures = 0;

  constructor(options: BackOffOptions = {}) {
    const { firstMs = 1000, maxMs = 30_000, factor = 2, jitter = 0.2, random = Math.random } = options;
    this.#options = { firstMs, maxMs, factor, jitter, random };
  }

  /** Failures since the last reset. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts a failure and returns the delay before the next try, in ms. */
  next(): number {
    const { firstMs, maxMs, factor, jitter, random } = this.#options;
    const fullMs = Math.min(maxMs, firstMs * factor ** this.#failures++);
    return fullMs * (1 - jitter * random());
  }

  reset(): void {
    this.#failures = 0;
  }
}
