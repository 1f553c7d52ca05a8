/**
 * Seeded random numbers that are the same on every machine: xoshiro128** (Blackman & Vigna 2018), seeded by splitmix32.
 * Not for secrets. The whole state is plain JSON, so that a resumed training draws what the interrupted one would have.
 */

/** Plain JSON; `spare` is the second of the last pair of normal numbers, if not yet handed out. */
export interface RandomState {
  readonly words: readonly [number, number, number, number];
  readonly spare: number | null;
}

export class Random {
  readonly #words: Uint32Array;
  #spare: number | null = null;

  /** @param seed an integer; its lower 53 bits count. */
  constructor(seed: number) {
    const next = splitMix(seed);
    this.#words = Uint32Array.from({ length: 4 }, next);
  }

  /** Goes on where `state` was read. */
  static from(state: RandomState): Random {
    const random = new Random(0);
    random.#words.set(state.words);
    random.#spare = state.spare;
    return random;
  }

  get state(): RandomState {
    const [a, b, c, d] = this.#words as unknown as [number, number, number, number];
    return { words: [a, b, c, d], spare: this.#spare };
  }

  /** A number in [0, 1) with 53 random bits. */
  uniform(): number {
    const high = this.#next() >>> 5;
    const low = this.#next() >>> 6;
    return (high * 2 ** 26 + low) / 2 ** 53;
  }

  /** An integer in [0, n), every one equally likely; n from 1 to 2³². */
  integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32) throw new RangeError(`integer(${n}): n must be 1…2³²`);
    const fair = 2 ** 32 - (2 ** 32 % n);
    let value = this.#next();
    while (value >= fair) value = this.#next();
    return value % n;
  }

  /** Mean 0, standard deviation 1, by Marsaglia's polar method. */
  normal(): number {
    if (this.#spare !== null) {
      const spare = this.#spare;
      this.#spare = null;
      return spare;
    }
    for (;;) {
      const [x, y] = [2 * this.uniform() - 1, 2 * this.uniform() - 1];
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      this.#spare = y * scale;
      return x * scale;
    }
  }

  /** Shuffles in place (Fisher-Yates) and returns the same array. */
  shuffle<T>(items: T[]): T[] {
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      [items[last], items[other]] = [items[other]!, items[last]!];
    }
    return items;
  }

  #next(): number {
    const words = this.#words;
    const [a, b, c, d] = [words[0]!, words[1]!, words[2]!, words[3]!];
    const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
    words[2] = c ^ a;
    words[3] = d ^ b;
    words[1] = b ^ words[2]!;
    words[0] = a ^ words[3]!;
    words[2] = words[2]! ^ (b << 9);
    words[3] = rotate(words[3]!, 11);
    return result;
  }
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

/** Seeds below 2³² give 2³² different streams. */
function splitMix(seed: number): () => number {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`A seed must be an integer, got ${seed}`);
  let state = scramble(seed >>> 0) ^ Math.floor(seed / 2 ** 32);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return scramble(state) >>> 0;
  };
}

function scramble(word: number): number {
  const once = Math.imul(word ^ (word >>> 16), 0x21f0aaad);
  const twice = Math.imul(once ^ (once >>> 15), 0x735a2d97);
  return twice ^ (twice >>> 15);
}
