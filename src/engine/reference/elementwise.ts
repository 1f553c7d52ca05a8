/**
 * Operations that work on each element by itself, and binary ones after broadcasting both operands to the result.
 */
import { sizeOf } from '../../graph/index.js';
import { type Float64Tensor, forEachIndex, type Kernel, offsetOf, stridesOf } from './kernel.js';

/** A kernel that needs no attributes. */
type Elementwise = (context: {
  readonly inputs: readonly Float64Tensor[];
  readonly shape: readonly number[];
}) => Float64Array;

const unary =
  (f: (x: number) => number): Elementwise =>
  ({ inputs: [x] }) =>
    x!.data.map(value => f(value));

const binary =
  (f: (a: number, b: number) => number): Elementwise =>
  ({ inputs: [a, b], shape }) => {
    const right = repeat(b!, shape);
    return repeat(a!, shape).map((value, at) => f(value, right[at]!));
  };

export const neg = unary(x => -x);
export const abs = unary(Math.abs);
export const sign = unary(Math.sign);
export const exp = unary(Math.exp);
export const log = unary(Math.log);
export const sqrt = unary(Math.sqrt);
export const tanh = unary(Math.tanh);
export const sigmoid = unary(x => 1 / (1 + Math.exp(-x)));
export const softplus = unary(x => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))));

export const leakyRelu: Kernel<'leakyRelu'> = ({ inputs: [x], attributes: { slope } }) =>
  x!.data.map(value => (value > 0 ? value : slope * value));

export const leakyReluGrad: Kernel<'leakyReluGrad'> = ({ inputs: [x, dy], attributes: { slope } }) =>
  dy!.data.map((value, at) => (x!.data[at]! > 0 ? value : slope * value));

export const add = binary((a, b) => a + b);
export const sub = binary((a, b) => a - b);
export const mul = binary((a, b) => a * b);
export const div = binary((a, b) => a / b);

/** The values of `x` repeated to fill `shape`, aligned at the last axis. */
export function repeat(x: Float64Tensor, shape: readonly number[]): Float64Array {
  const lead = shape.length - x.shape.length;
  const strides = stridesOf(x.shape).map((stride, axis) => (x.shape[axis] === 1 ? 0 : stride));
  const aligned = [...Array<number>(lead).fill(0), ...strides];
  const result = new Float64Array(sizeOf(shape));
  forEachIndex(shape, (index, at) => {
    result[at] = x.data[offsetOf(index, aligned)]!;
  });
  return result;
}
