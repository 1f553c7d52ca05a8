/**
 * What is drawn, and in which order: A goes through its shuffled samples epoch by epoch, B is drawn at random each time,
 * and every image is cropped and mirrored by itself; or pairs go through epochs and share crop and mirroring. Files and
 * sizes are no concern here. The order in which numbers are taken from the source is what a checkpoint's state means:
 * it may not change.
 */
import { Random, type RandomState } from '../../base/index.js';

/** Plain JSON. */
export interface SamplerState {
  readonly random: RandomState;
  /** Indices into A, or into the pairs, still to come in this epoch, next one last. */
  readonly remaining: readonly number[];
}

/** A sample and what is seen of it. */
export interface SampleView {
  readonly index: number;
  /** Fractions of the free room at which the crop starts, in [0, 1). */
  readonly x: number;
  readonly y: number;
  readonly mirrored: boolean;
}

/** Of A and of B. */
export type SampleViewPair = readonly [SampleView, SampleView];

/** Samples that may be drawn: lists of indices, rising. */
export interface Usable {
  readonly a: readonly number[];
  /** Undefined: A's are pairs. */
  readonly b: readonly number[] | undefined;
}

export class Sampler {
  readonly #usable: Usable;
  readonly #flip: boolean;
  readonly #random: Random;
  #remaining: number[];

  /**
   * @param start a fresh source, or where to go on: samples that are not usable any more leave the epoch under way, those
   * that have become usable join in the next one
   */
  constructor(usable: Usable, flip: boolean, start: Random | SamplerState) {
    this.#usable = usable;
    this.#flip = flip;
    this.#random = start instanceof Random ? start : Random.from(start.random);
    const known = new Set(usable.a);
    this.#remaining = start instanceof Random ? [] : start.remaining.filter(index => known.has(index));
  }

  /** As before the next draw. */
  get state(): SamplerState {
    return { random: this.#random.state, remaining: [...this.#remaining] };
  }

  next(): SampleViewPair {
    const a = this.#view(this.#nextOfEpoch());
    const { b } = this.#usable;
    return b ? [a, this.#view(b[this.#random.integer(b.length)]!)] : [a, a];
  }

  #nextOfEpoch(): number {
    if (this.#remaining.length === 0) {
      const { a, b = a } = this.#usable;
      // As in the reference, an epoch is as long as the larger domain.
      const length = Math.max(a.length, b.length);
      this.#remaining = this.#random.shuffle(Array.from({ length }, (_, at) => a[at % a.length]!));
    }
    return this.#remaining.pop()!;
  }

  #view(index: number): SampleView {
    const [x, y] = [this.#random.uniform(), this.#random.uniform()];
    // Drawn even where nothing is mirrored, so that the option changes nothing else.
    const mirrored = this.#random.uniform() < 0.5;
    return { index, x, y, mirrored: mirrored && this.#flip };
  }
}
