/**
 * Means and variances of the channels of a value that comes in parts: each part's own moments in float64, then joined to
 * those of the parts before (Chan, Golub, LeVeque 1979, "Updating formulae and a pairwise algorithm", equation 2.1). No
 * cell may be in two parts.
 */
import type { ChannelMoments } from '../graph/index.js';

export class MomentSum {
  #count = 0;
  readonly #means: Float64Array;
  /** Per channel, the sum of squared differences from the mean. */
  readonly #squares: Float64Array;

  constructor(channels: number) {
    this.#means = new Float64Array(channels);
    this.#squares = new Float64Array(channels);
  }

  /** @param data channels one after the other, `plane` cells each */
  add(data: Float32Array, plane: number): void {
    const total = this.#count + plane;
    for (let channel = 0; channel < this.#means.length; channel++) {
      const part = momentsOf(data, channel * plane, plane);
      const apart = part.mean - this.#means[channel]!;
      this.#means[channel]! += (apart * plane) / total;
      this.#squares[channel]! += part.squares + (apart * apart * this.#count * plane) / total;
    }
    this.#count = total;
  }

  get moments(): ChannelMoments {
    const variances = this.#squares.map(sum => sum / Math.max(1, this.#count));
    return { count: this.#count, means: this.#means.slice(), variances };
  }
}

/** In one pass, of differences from the first cell, so that a large mean takes nothing from the variance. */
function momentsOf(
  data: Float32Array,
  from: number,
  count: number,
): { readonly mean: number; readonly squares: number } {
  const base = data[from]!;
  let sum = 0;
  let squares = 0;
  for (let i = from; i < from + count; i++) {
    const apart = data[i]! - base;
    sum += apart;
    squares += apart * apart;
  }
  return { mean: base + sum / count, squares: Math.max(0, squares - (sum * sum) / count) };
}
