/**
 * The language as functions on tensors: one per operation, and the usual compositions (losses, moments, transposed
 * convolution). Numbers stand for scalar constants.
 */
import { type Dimension, numericShape, type Shape, times } from './dimension.js';
import { transposedSize } from './inference.js';
import type { OpName, Padding, Stride } from './operations.js';
import { type Emitter, Tensor } from './tensor.js';

export type Operand = Tensor | number;

type UnaryName = 'neg' | 'abs' | 'sign' | 'exp' | 'log' | 'sqrt' | 'tanh' | 'sigmoid' | 'softplus';
type BinaryName = 'add' | 'sub' | 'mul' | 'div';

const unary = (op: UnaryName) => (x: Tensor) => x.builder.emit(op, [x], {});
const binary = (op: BinaryName) => (a: Operand, b: Operand) => {
  const builder = builderOf(op, a, b);
  return builder.emit(op, [lift(builder, a), lift(builder, b)], {});
};

export const neg = unary('neg');
export const abs = unary('abs');
export const sign = unary('sign');
export const exp = unary('exp');
export const log = unary('log');
export const sqrt = unary('sqrt');
export const tanh = unary('tanh');
export const sigmoid = unary('sigmoid');
export const softplus = unary('softplus');
export const add = binary('add');
export const sub = binary('sub');
export const mul = binary('mul');
export const div = binary('div');

export function leakyRelu(x: Tensor, slope = 0.2): Tensor {
  return x.builder.emit('leakyRelu', [x], { slope });
}

export function relu(x: Tensor): Tensor {
  return leakyRelu(x, 0);
}

export function leakyReluGrad(x: Tensor, dy: Tensor, slope: number): Tensor {
  return x.builder.emit('leakyReluGrad', [x, dy], { slope });
}

/** Sum over `axes` (default: all), which stay with size 1. */
export function sum(x: Tensor, axes: readonly number[] = allAxes(x)): Tensor {
  return axes.length === 0 ? x : x.builder.emit('sum', [x], { axes });
}

/** Mean over `axes` (default: all), which stay with size 1. */
export function mean(x: Tensor, axes: readonly number[] = allAxes(x)): Tensor {
  return axes.length === 0 ? x : x.builder.emit('mean', [x], { axes });
}

export function broadcast(x: Tensor, shape: Shape): Tensor {
  return x.builder.emit('broadcast', [x], { shape });
}

/** Adjoint of broadcasting to x's shape: sums what was repeated, down to `shape`. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  const lead = x.shape.length - shape.length;
  const axes = allAxes(x).filter(axis => axis < lead || (shape[axis - lead] === 1 && x.shape[axis] !== 1));
  return reshape(sum(x, axes), shape);
}

export function reshape(x: Tensor, shape: Shape): Tensor {
  return x.builder.emit('reshape', [x], { shape });
}

/** Axis i of the result is axis `permutation[i]` of x. */
export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  return x.builder.emit('transpose', [x], { permutation });
}

export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  return tensors[0]!.builder.emit('concat', tensors, { axis });
}

export function slice(
  x: Tensor,
  starts: readonly number[],
  stops: readonly number[],
  steps: readonly number[] = starts.map(() => 1),
): Tensor {
  return x.builder.emit('slice', [x], { starts, stops, steps });
}

export function sliceGrad(
  dy: Tensor,
  shape: readonly number[],
  starts: readonly number[],
  stops: readonly number[],
  steps: readonly number[],
): Tensor {
  return dy.builder.emit('sliceGrad', [dy], { shape, starts, stops, steps });
}

/** Zeros around every axis. */
export function pad(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  return x.builder.emit('pad', [x], { before, after });
}

/** Mirrored border on the spatial axes of NCHW; the edge cell is not repeated. */
export function reflectPad(x: Tensor, padding: Padding | number): Tensor {
  return x.builder.emit('reflectPad', [x], { padding: allSides(padding) });
}

export function reflectPadGrad(dy: Tensor, padding: Padding): Tensor {
  return dy.builder.emit('reflectPadGrad', [dy], { padding });
}

export function matmul(a: Tensor, b: Tensor, { transposeA = false, transposeB = false } = {}): Tensor {
  return a.builder.emit('matmul', [a, b], { transposeA, transposeB });
}

export interface ConvolutionOptions {
  readonly stride?: Stride | number;
  readonly padding?: Padding | number;
}

/** x `[n, c, h, w]` with kernel `[k, c, kh, kw]` → `[n, k, h', w']`; zero padding. */
export function conv2d(x: Tensor, w: Tensor, { stride = 1, padding = 0 }: ConvolutionOptions = {}): Tensor {
  return x.builder.emit('conv2d', [x, w], { stride: bothWays(stride), padding: allSides(padding) });
}

export function conv2dInputGrad(
  dy: Tensor,
  w: Tensor,
  stride: Stride,
  padding: Padding,
  size: readonly [Dimension, Dimension],
): Tensor {
  return dy.builder.emit('conv2dInputGrad', [dy, w], { stride, padding, size });
}

export function conv2dWeightGrad(
  x: Tensor,
  dy: Tensor,
  stride: Stride,
  padding: Padding,
  kernel: readonly [number, number],
): Tensor {
  return x.builder.emit('conv2dWeightGrad', [x, dy], { stride, padding, kernel });
}

/** x `[n, c, h, w]` with kernel `[c, k, kh, kw]` (PyTorch's ConvTranspose2d layout) → `[n, k, h', w']`. */
export function convTranspose2d(
  x: Tensor,
  w: Tensor,
  { stride = 1, padding = 0, outputPadding = 0 }: ConvolutionOptions & { readonly outputPadding?: number } = {},
): Tensor {
  const steps = bothWays(stride);
  const sides = allSides(padding);
  const [kernelHeight, kernelWidth] = numericShape(w.shape.slice(2), 'A kernel');
  const size = [
    transposedSize(x.shape[2]!, kernelHeight!, steps[0], sides[0] + sides[2], outputPadding),
    transposedSize(x.shape[3]!, kernelWidth!, steps[1], sides[1] + sides[3], outputPadding),
  ] as const;
  return conv2dInputGrad(x, w, steps, sides, size);
}

/** Per sample and channel over h × w, without scale and shift (Ulyanov et al. 2016, as PyTorch's InstanceNorm2d). */
export function instanceNorm(x: Tensor, epsilon = 1e-5): Tensor {
  return x.builder.emit('instanceNorm', [x], { epsilon });
}

export function instanceNormGrad(x: Tensor, dy: Tensor, epsilon: number): Tensor {
  return x.builder.emit('instanceNormGrad', [x, dy], { epsilon });
}

/**
 * Per sample and group of neighbouring channels, over the group's channels and h × w, without scale and shift (Wu & He 2018,
 * equation 7, as PyTorch's GroupNorm). The channels are a multiple of `groups`.
 */
export function groupNorm(x: Tensor, groups: number, epsilon = 1e-5): Tensor {
  const [n, channels, height, width] = x.shape as readonly [Dimension, number, Dimension, Dimension];
  const grouped = reshape(x, [n, groups, times(height, channels / groups), width]);
  return reshape(instanceNorm(grouped, epsilon), x.shape);
}

export interface BatchNorm {
  readonly normalised: Tensor;
  /** Of the batch, per channel: `[c]`. */
  readonly mean: Tensor;
  /** Biased, the one that was divided by. */
  readonly variance: Tensor;
}

/**
 * Per channel over the batch and h × w, by the batch's own mean and variance, without scale and shift (Ioffe & Szegedy 2015,
 * algorithm 1, as PyTorch's BatchNorm2d in training). x `[n, c, h, w]`, all numbers.
 */
export function batchNorm(x: Tensor, epsilon = 1e-5): BatchNorm {
  const [n, channels, height, width] = numericShape(x.shape, 'batchNorm') as [number, number, number, number];
  const [byChannel, whole] = [
    [channels, n, height, width],
    [1, channels, n * height, width],
  ];
  const joined = reshape(n === 1 ? x : transpose(x, [1, 0, 2, 3]), whole);
  const normalised = instanceNorm(joined, epsilon);
  const centre = mean(joined, [2, 3]);
  return {
    normalised: n === 1 ? normalised : transpose(reshape(normalised, byChannel), [1, 0, 2, 3]),
    mean: reshape(centre, [channels]),
    variance: reshape(mean(square(sub(joined, centre)), [2, 3]), [channels]),
  };
}

export function square(x: Tensor): Tensor {
  return mul(x, x);
}

/** Mean squared error, shape []. The target may be a number. */
export function meanSquaredError(x: Tensor, target: Operand): Tensor {
  return scalar(mean(square(sub(x, target))));
}

/** Mean absolute error, shape []. */
export function meanAbsoluteError(x: Tensor, target: Operand): Tensor {
  return scalar(mean(abs(sub(x, target))));
}

/** Mean binary cross-entropy of logits against one target in [0, 1]: `softplus(x) - target · x`. Shape []. */
export function binaryCrossEntropyWithLogits(x: Tensor, target: number): Tensor {
  return scalar(mean(sub(softplus(x), mul(x, target))));
}

/** A tensor of one element as shape []. */
export function scalar(x: Tensor): Tensor {
  return reshape(x, []);
}

function allAxes(x: Tensor): number[] {
  return x.shape.map((_, axis) => axis);
}

function bothWays(stride: Stride | number): Stride {
  return typeof stride === 'number' ? [stride, stride] : stride;
}

function allSides(padding: Padding | number): Padding {
  return typeof padding === 'number' ? [padding, padding, padding, padding] : padding;
}

function builderOf(op: OpName, ...operands: readonly Operand[]): Emitter {
  for (const operand of operands) if (operand instanceof Tensor) return operand.builder;
  throw new TypeError(`${op}: at least one operand must be a tensor`);
}

function lift(builder: Emitter, operand: Operand): Tensor {
  return typeof operand === 'number' ? builder.constant(operand) : operand;
}
