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
  readonly #options: BackOffOptions;
  #failures = 0;

  constructor(options: BackOffOptions = {}) {
    this.#options = options;
  }

  /** Failures since the last reset. */
  get failures(): number {
    return this.#failures;
  }

  /** Counts a failure and returns the delay before the next try, in ms. */
  next(): number {
    return backOffDelay(++this.#failures, this.#options);
  }

  reset(): void {
    this.#failures = 0;
  }
}

/** The delay after the failure of this number, from 1, in ms. */
export function backOffDelay(failure: number, options: BackOffOptions = {}): number {
  const { firstMs = 1000, maxMs = 30_000, factor = 2, jitter = 0.2, random = Math.random } = options;
  const fullMs = Math.min(maxMs, firstMs * factor ** (failure - 1));
  return fullMs * (1 - jitter * random());
}
