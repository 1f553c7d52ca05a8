/**
 * How far float32 may be from the double-precision result, element by element: `4 · 2^-23` of a magnitude that follows
 * from how the operation rounds. Sums round in proportion to the sum of the absolute values, not to the result;
 * normalising subtracts a mean, whose rounding counts in units of the deviation. Copies are exact.
 */
import { evaluate, type Float64Tensor } from '../../src/engine/index.js';
import { GraphBuilder, instanceNorm, type OpName } from '../../src/graph/index.js';
import type { OperationCase } from '../graph/operation-cases.js';

const factor = 4 * 2 ** -23;

/**
 * Whose rounding an engine is held to: IEEE 754's correctly rounded operations, or what WebGPU's shading language grants
 * its devices, `exp` within 3 + 2·|x| units in the last place.
 */
export type Arithmetic = 'ieee' | 'wgsl';
/** Below the smallest normal float32 an engine may flush to zero. */
const smallestNormal = 2 ** -126;

type Rounding = 'exact' | 'relative' | 'bounded' | 'sum' | 'norm' | 'norm gradient';

const roundings: Partial<Record<OpName, Rounding>> = {
  neg: 'exact',
  abs: 'exact',
  sign: 'exact',
  broadcast: 'exact',
  reshape: 'exact',
  transpose: 'exact',
  concat: 'exact',
  slice: 'exact',
  sliceGrad: 'exact',
  pad: 'exact',
  reflectPad: 'exact',
  // Near 0 or 1 these are told from their limits by an absolute error only.
  log: 'bounded',
  tanh: 'bounded',
  sigmoid: 'bounded',
  softplus: 'bounded',
  add: 'sum',
  sub: 'sum',
  sum: 'sum',
  mean: 'sum',
  reflectPadGrad: 'sum',
  matmul: 'sum',
  conv2d: 'sum',
  conv2dInputGrad: 'sum',
  conv2dWeightGrad: 'sum',
  instanceNorm: 'norm',
  instanceNormGrad: 'norm gradient',
};

/** The operation's result in double precision. */
export function exactResult({ op, attributes }: OperationCase, inputs: readonly Float64Tensor[]): Float64Tensor {
  const builder = new GraphBuilder();
  const tensors = inputs.map(({ shape }, at) => builder.input(`x${at}`, shape));
  builder.output('y', builder.emit(op, tensors, attributes));
  const feeds = Object.fromEntries(inputs.map((input, at) => [`x${at}`, input]));
  return evaluate(builder.build(), { inputs: feeds }).outputs['y']!;
}

/** Permitted absolute error of each element of `exact`, the result of `operation` on `inputs`. */
export function tolerances(
  operation: OperationCase,
  inputs: readonly Float64Tensor[],
  exact: Float64Tensor,
  arithmetic: Arithmetic = 'ieee',
): Float64Array {
  const rounding = roundings[operation.op] ?? 'relative';
  if (rounding === 'exact') return exact.data.map(() => 0);
  const granted = arithmetic === 'wgsl' ? wgslFactor(operation, inputs) : () => 1;
  return magnitudes(rounding, operation, inputs, exact).map(
    (magnitude, at) => factor * granted(at) * magnitude + smallestNormal,
  );
}

/** How many times the error of correctly rounded operations each element may have. */
function wgslFactor({ op }: OperationCase, [x]: readonly Float64Tensor[]): (element: number) => number {
  return at => (op === 'exp' ? Math.max(1, (3 + 2 * Math.abs(x!.data[at]!)) / 4) : 1);
}

function magnitudes(
  rounding: Exclude<Rounding, 'exact'>,
  operation: OperationCase,
  inputs: readonly Float64Tensor[],
  exact: Float64Tensor,
): Float64Array {
  switch (rounding) {
    case 'relative':
      return exact.data.map(Math.abs);
    case 'bounded':
      return exact.data.map(value => Math.max(1, Math.abs(value)));
    case 'sum':
      return exactResult(ofAbsolutes(operation), inputs.map(absolute)).data;
    case 'norm':
      return normMagnitude(inputs[0]!, epsilonOf(operation));
    case 'norm gradient':
      return normGradientMagnitude(inputs[0]!, inputs[1]!, epsilonOf(operation));
    default:
      return rounding satisfies never;
  }
}

function ofAbsolutes(operation: OperationCase): OperationCase {
  return operation.op === 'sub' ? { ...operation, op: 'add' } : operation;
}

function absolute({ shape, data }: Float64Tensor): Float64Tensor {
  return { shape, data: data.map(Math.abs) };
}

function epsilonOf(operation: OperationCase): number {
  return (operation.attributes as { readonly epsilon: number }).epsilon;
}

/** `(1 + |y|) · (1 + |mean| · r)`: the mean's own rounding, in deviations, shifts every y. */
function normMagnitude(x: Float64Tensor, epsilon: number): Float64Array {
  return perPlane(
    x,
    (values, y) => {
      const { mean, r } = moments(values, epsilon);
      return y.map(value => (1 + Math.abs(value)) * (1 + Math.abs(mean) * r));
    },
    epsilon,
  );
}

/** `r · (|dy| + mean|dy| + |y| · mean|dy · y|)`, with y off by its own rounding. */
function normGradientMagnitude(x: Float64Tensor, dy: Float64Tensor, epsilon: number): Float64Array {
  return perPlane(
    x,
    (values, y, start) => {
      const { mean, r } = moments(values, epsilon);
      const adjoint = dy.data.subarray(start, start + values.length).map(Math.abs);
      const along = average(adjoint.map((value, at) => value * (1 + Math.abs(y[at]!))));
      return adjoint.map(
        (value, at) => r * (1 + Math.abs(mean) * r) * (value + average(adjoint) + (1 + Math.abs(y[at]!)) * along),
      );
    },
    epsilon,
  );
}

function perPlane(
  x: Float64Tensor,
  f: (values: Float64Array, y: Float64Array, start: number) => Float64Array,
  epsilon: number,
): Float64Array {
  const y = normalised(x, epsilon);
  const cells = x.shape[2]! * x.shape[3]!;
  const result = new Float64Array(x.data.length);
  for (let start = 0; start < result.length; start += cells) {
    result.set(f(x.data.subarray(start, start + cells), y.subarray(start, start + cells), start), start);
  }
  return result;
}

function normalised(x: Float64Tensor, epsilon: number): Float64Array {
  const builder = new GraphBuilder();
  builder.output('y', instanceNorm(builder.input('x', x.shape), epsilon));
  return evaluate(builder.build(), { inputs: { x } }).outputs['y']!.data;
}

function moments(values: Float64Array, epsilon: number): { mean: number; r: number } {
  const mean = average(values);
  return { mean, r: 1 / Math.sqrt(average(values.map(value => (value - mean) ** 2)) + epsilon) };
}

function average(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
