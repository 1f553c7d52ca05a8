/**
 * Sums and means over axes, and instance normalisation, which is two of them per image plane.
 */
import { sizeOf } from '../../graph/index.js';
import { type Float64Tensor, forEachIndex, type Kernel, offsetOf, stridesOf } from './kernel.js';

export const sum: Kernel<'sum'> = ({ inputs: [x], attributes: { axes }, shape }) => total(x!, axes, shape);

export const mean: Kernel<'mean'> = ({ inputs: [x], attributes: { axes }, shape }) => {
  const count = sizeOf(x!.shape) / sizeOf(shape);
  return total(x!, axes, shape).map(value => value / count);
};

export const instanceNorm: Kernel<'instanceNorm'> = ({ inputs: [x], attributes: { epsilon }, shape }) =>
  perPlane(shape, [x!.data], ([values]) => normalised(values!, epsilon).y);

/** The derivative of `(x - mean) · r` by x, applied to dy: `r · (dy - mean(dy) - y · mean(dy · y))`. */
export const instanceNormGrad: Kernel<'instanceNormGrad'> = ({ inputs: [x, dy], attributes: { epsilon }, shape }) =>
  perPlane(shape, [x!.data, dy!.data], ([values, adjoint]) => {
    const { y, r } = normalised(values!, epsilon);
    const along = average(adjoint!.map((value, at) => value * y[at]!));
    const offset = average(adjoint!);
    return adjoint!.map((value, at) => r * (value - offset - y[at]! * along));
  });

/** `shape` is x's with 1 at `axes`. */
function total(x: Float64Tensor, axes: readonly number[], shape: readonly number[]): Float64Array {
  const strides = stridesOf(shape).map((stride, axis) => (axes.includes(axis) ? 0 : stride));
  const result = new Float64Array(sizeOf(shape));
  forEachIndex(x.shape, (index, at) => {
    result[offsetOf(index, strides)]! += x.data[at]!;
  });
  return result;
}

function normalised(plane: Float64Array, epsilon: number): { y: Float64Array; r: number } {
  const centre = average(plane);
  const variance = average(plane.map(value => (value - centre) ** 2));
  const r = 1 / Math.sqrt(variance + epsilon);
  return { y: plane.map(value => (value - centre) * r), r };
}

function average(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Applies `f` to the `[h, w]` planes of tensors `[n, c, h, w]`. */
function perPlane(
  [n, c, h, w]: readonly number[],
  tensors: readonly Float64Array[],
  f: (planes: readonly Float64Array[]) => Float64Array,
): Float64Array {
  const cells = h! * w!;
  const result = new Float64Array(n! * c! * cells);
  for (let start = 0; start < result.length; start += cells) {
    result.set(f(tensors.map(tensor => tensor.subarray(start, start + cells))), start);
  }
  return result;
}
