/**
 * What an operation's reference kernel is given and gives: plain row-major doubles. Kernels are written to be read, not
 * to be fast; the other engines are held to what they compute, so each says its operation's definition and no more.
 */
import { type Attributes, type OpName, sizeOf } from '../../graph/index.js';

/** Row-major doubles. `data.length` is the product of `shape`. */
export interface Float64Tensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export type Float64Tensors = Readonly<Record<string, Float64Tensor>>;

/** What a graph is evaluated on: values for its inputs and its variables, by name. */
export interface Feeds {
  readonly inputs?: Float64Tensors;
  readonly variables?: Float64Tensors;
}

export interface KernelContext<O extends OpName> {
  readonly inputs: readonly Float64Tensor[];
  readonly attributes: Attributes<O>;
  /** Shape of the result, symbols replaced by their values. Kernels read sizes here, not in the attributes. */
  readonly shape: readonly number[];
  readonly feeds: Feeds;
}

/** The values of the result, of length `sizeOf(shape)`. */
export type Kernel<O extends OpName> = (context: KernelContext<O>) => Float64Array;

/** Elements between neighbours along each axis of a row-major tensor. */
export function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
}

/** Place of an index in a row-major tensor. */
export function offsetOf(index: readonly number[], strides: readonly number[]): number {
  return index.reduce((offset, position, axis) => offset + position * strides[axis]!, 0);
}

/** Calls `visit` for every index of a tensor in row-major order; the array is reused between calls. */
export function forEachIndex(
  shape: readonly number[],
  visit: (index: readonly number[], offset: number) => void,
): void {
  const index = shape.map(() => 0);
  const size = sizeOf(shape);
  for (let offset = 0; offset < size; offset++) {
    visit(index, offset);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]! += 1;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
}
