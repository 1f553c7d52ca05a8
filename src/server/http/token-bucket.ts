/** How often each address may ask: so many at once, and so many a second after that. Addresses that have been quiet are forgotten. */
import type { Clock } from '../../base/index.js';

export interface TokenBucketOptions {
  readonly clock: Clock;
  /** Requests at once. */
  readonly burst: number;
  readonly perSecond: number;
  /** Addresses that are remembered; beyond them the longest quiet is forgotten. Default 1000. */
  readonly mostAddresses?: number;
}

interface Level {
  readonly left: number;
  readonly atMs: number;
}

export class TokenBucket {
  readonly #options: TokenBucketOptions;
  /** The last to ask is last. */
  readonly #levels = new Map<string, Level>();

  constructor(options: TokenBucketOptions) {
    this.#options = options;
  }

  /** Takes one; false where there is none left. */
  take(address: string): boolean {
    const level = this.#levelOf(address);
    const isThere = level.left >= 1;
    this.#levels.delete(address);
    this.#levels.set(address, { ...level, left: isThere ? level.left - 1 : level.left });
    this.#forget();
    return isThere;
  }

  /** Whether there is one left. */
  has(address: string): boolean {
    return this.#levelOf(address).left >= 1;
  }

  /** Seconds until there is one again. */
  waitSeconds(address: string): number {
    return Math.max(1, Math.ceil((1 - this.#levelOf(address).left) / this.#options.perSecond));
  }

  #levelOf(address: string): Level {
    const { clock, burst, perSecond } = this.#options;
    const atMs = clock.monotonicMs();
    const known = this.#levels.get(address);
    if (!known) return { left: burst, atMs };
    return { left: Math.min(burst, known.left + ((atMs - known.atMs) / 1000) * perSecond), atMs };
  }

  #forget(): void {
    const { mostAddresses = 1000 } = this.#options;
    for (const address of this.#levels.keys()) {
      if (this.#levels.size <= mostAddresses) return;
      this.#levels.delete(address);
    }
  }
}
