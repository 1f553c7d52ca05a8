/**
 * KID (Bińkowski, Sutherland, Arbel and Gretton 2018): the squared maximum mean discrepancy of two sets of features under
 * the kernel (x·y / d + 1)³, by the estimator without bias, which for equal sets is 0 on average and may be negative.
 * Mean and deviation are those over random subsets, as in the paper; ours are half a set, 1000 at most.
 */
import { Random } from '../../base/index.js';

export interface KernelDistance {
  readonly mean: number;
  /** Standard deviation over the subsets: what another draw of as many images would change it by, roughly. */
  readonly deviation: number;
}

/** One row of features per image. */
export type Features = readonly Float32Array[];

const subsets = 100;
const largestSubset = 1000;

/** Sets of at least four rows. The same seed draws the same subsets. */
export function kernelDistance(a: Features, b: Features, seed: number): KernelDistance {
  const size = Math.min(largestSubset, Math.floor(Math.min(a.length, b.length) / 2));
  const kernels = { aa: kernelMatrix(a, a), bb: kernelMatrix(b, b), ab: kernelMatrix(a, b) };
  const random = new Random(seed);
  const values = Array.from({ length: subsets }, () =>
    discrepancy(kernels, drawn(a.length, size, random), drawn(b.length, size, random)),
  );
  const mean = values.reduce((sum, value) => sum + value, 0) / subsets;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / subsets;
  return { mean, deviation: Math.sqrt(variance) };
}

type Matrix = readonly Float64Array[];

function kernelMatrix(a: Features, b: Features): Matrix {
  return a.map(x => Float64Array.from(b, y => (dot(x, y) / x.length + 1) ** 3));
}

/** Equation 4 of the paper for the rows `i` of a and `j` of b: as many of each. */
function discrepancy(
  { aa, bb, ab }: { readonly aa: Matrix; readonly bb: Matrix; readonly ab: Matrix },
  i: readonly number[],
  j: readonly number[],
): number {
  const [m, n] = [i.length, j.length];
  const within = offDiagonal(aa, i) / (m * (m - 1)) + offDiagonal(bb, j) / (n * (n - 1));
  let between = 0;
  for (const row of i) for (const column of j) between += ab[row]![column]!;
  return within - (2 * between) / (m * n);
}

function offDiagonal(kernel: Matrix, rows: readonly number[]): number {
  let sum = 0;
  for (const row of rows) for (const column of rows) if (row !== column) sum += kernel[row]![column]!;
  return sum;
}

function drawn(count: number, size: number, random: Random): readonly number[] {
  return random.shuffle(Array.from({ length: count }, (_, index) => index)).slice(0, size);
}

function dot(x: Float32Array, y: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i]! * y[i]!;
  return sum;
}
