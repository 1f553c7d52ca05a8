/**
 * The decoded pictures of a list of samples, kept while memory allows. What is kept first stays: samples come in
 * shuffled order, so that throwing the oldest out for the newest would only lower the share that is found.
 */
import type { Pixels } from './decode-parts.js';

/** Bytes that several caches share; first come, first served. */
export class ByteBudget {
  #freeBytes: number;

  constructor(bytes: number) {
    this.#freeBytes = bytes;
  }

  /** Whether so many were still free; they are taken then. */
  take(bytes: number): boolean {
    if (bytes > this.#freeBytes) return false;
    this.#freeBytes -= bytes;
    return true;
  }
}

export class DecodedCache {
  readonly #decode: (index: number) => Promise<readonly Pixels[]>;
  readonly #budget: ByteBudget;
  readonly #kept = new Map<number, readonly Pixels[]>();
  readonly #underWay = new Map<number, Promise<readonly Pixels[]>>();

  constructor(decode: (index: number) => Promise<readonly Pixels[]>, budget: ByteBudget) {
    this.#decode = decode;
    this.#budget = budget;
  }

  /** A sample that is asked for twice at a time is decoded once. Asks before it returns. */
  async get(index: number): Promise<readonly Pixels[]> {
    const known = this.#kept.get(index) ?? this.#underWay.get(index);
    if (known) return known;
    const decoding = this.#decode(index);
    this.#underWay.set(index, decoding);
    try {
      const pictures = await decoding;
      if (this.#budget.take(bytesOf(pictures))) this.#kept.set(index, pictures);
      return pictures;
    } finally {
      this.#underWay.delete(index);
    }
  }
}

function bytesOf(pictures: readonly Pixels[]): number {
  return pictures.reduce((sum, { rgb }) => sum + rgb.byteLength, 0);
}
