/**
 * Seeded values for tests. Every maker gives float32 numbers, so that an engine in float32 and the evaluator in double
 * precision start from the same input.
 */
import { sizeOf } from '../../src/graph/index.js';

/** Uniform in [0, 1). */
export type Random = () => number;

/** One element; `at` is its place in the tensor. */
export type Maker = (random: Random, at: number) => number;

/** mulberry32 (Tommy Ettinger, public domain). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const between =
  (low: number, high: number): Maker =>
  random =>
    low + random() * (high - low);

/** Either sign, never within 0.2 of zero: for operations with a kink or a pole there. */
export const awayFromZero: Maker = random => (0.2 + random()) * (random() < 0.5 ? -1 : 1);

export const listed =
  (values: readonly number[]): Maker =>
  (_, at) =>
    values[at % values.length]!;

/** Planes of `cells` elements around `mean`, each with another offset, of standard deviation near `deviation`. */
export const offsetPlanes =
  (mean: number, deviation: number, cells: number): Maker =>
  (random, at) =>
    mean * (1 + 0.1 * Math.floor(at / cells)) + deviation * Math.sqrt(12) * (random() - 0.5);

export function randomValues(random: Random, shape: readonly number[], maker: Maker = between(-1, 1)): Float32Array {
  return Float32Array.from({ length: sizeOf(shape) }, (_, at) => maker(random, at));
}
