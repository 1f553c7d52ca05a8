/**
 * The catalogue of the tensor language: every operation with its attributes. All tensors are float32; images are
 * NCHW. The set is closed under differentiation: each operation's gradient is written in operations of this list.
 *
 * Joining the list means an entry in six tables, which the compiler then asks for: shape inference, gradients, the
 * reference evaluator, the lowerings to ONNX and to TensorFlow.js, and the list of checked operations in the tests.
 */
import type { Dimension, Shape } from './dimension.js';

/** Cells added before and after the two spatial axes: `[top, left, bottom, right]`, as ONNX orders them. */
export type Padding = readonly [top: number, left: number, bottom: number, right: number];
/** Vertical and horizontal step. */
export type Stride = readonly [vertical: number, horizontal: number];

type None = Readonly<Record<string, never>>;

export interface Convolution {
  readonly stride: Stride;
  /** Zero padding. */
  readonly padding: Padding;
}

export interface Slice {
  /** First index taken, per axis. */
  readonly starts: readonly number[];
  /** First index not taken, per axis. */
  readonly stops: readonly number[];
  /** Step, per axis, ≥ 1. */
  readonly steps: readonly number[];
}

export interface Operations {
  /** Handed in at each run. */
  readonly input: { readonly name: string };
  /** Kept by the engine between runs: weights, moments. */
  readonly variable: { readonly name: string };
  /** Fixed values, row-major. */
  readonly constant: { readonly data: Float32Array };

  readonly neg: None;
  readonly abs: None;
  /** -1, 0 or 1. Gradient zero. */
  readonly sign: None;
  readonly exp: None;
  readonly log: None;
  readonly sqrt: None;
  readonly tanh: None;
  readonly sigmoid: None;
  /** `log(1 + exp(x))`, without overflow. */
  readonly softplus: None;
  /** `x > 0 ? x : slope · x`; slope 0 is ReLU. */
  readonly leakyRelu: { readonly slope: number };
  /** (x, dy): `x > 0 ? dy : slope · dy`. */
  readonly leakyReluGrad: { readonly slope: number };

  /** Binary operations broadcast as NumPy does. */
  readonly add: None;
  readonly sub: None;
  readonly mul: None;
  readonly div: None;

  /** Sum over `axes`, which stay with size 1. */
  readonly sum: { readonly axes: readonly number[] };
  /** Mean over `axes`, which stay with size 1. */
  readonly mean: { readonly axes: readonly number[] };
  /** Adjoint of `sum`: repeats axes of size 1. */
  readonly broadcast: { readonly shape: Shape };

  readonly reshape: { readonly shape: Shape };
  readonly transpose: { readonly permutation: readonly number[] };
  readonly concat: { readonly axis: number };
  readonly slice: Slice;
  /** Adjoint of `slice`: puts values back at their places in a tensor of zeros of `shape`. */
  readonly sliceGrad: Slice & { readonly shape: readonly number[] };
  /** Zeros around: cells per axis, before and after. */
  readonly pad: { readonly before: readonly number[]; readonly after: readonly number[] };
  /** Mirrored border without repeating the edge, on the two spatial axes of NCHW. */
  readonly reflectPad: { readonly padding: Padding };
  /** Adjoint of `reflectPad`: folds the border back onto the cells it mirrored. */
  readonly reflectPadGrad: { readonly padding: Padding };

  /** `[…, m, k] × […, k, n]`, either transposed first; leading axes equal. */
  readonly matmul: { readonly transposeA: boolean; readonly transposeB: boolean };

  /** (x `[n, c, h, w]`, w `[k, c, kh, kw]`) → `[n, k, h', w']`: cross-correlation. */
  readonly conv2d: Convolution;
  /** (dy `[n, k, h', w']`, w `[k, c, kh, kw]`) → `[n, c, ...size]`. Also the transposed convolution. */
  readonly conv2dInputGrad: Convolution & { readonly size: readonly [Dimension, Dimension] };
  /** (x `[n, c, h, w]`, dy `[n, k, h', w']`) → `[k, c, ...kernel]`. */
  readonly conv2dWeightGrad: Convolution & { readonly kernel: readonly [number, number] };

  /** Per sample and channel, `(x - mean) / sqrt(variance + epsilon)`, biased variance over h × w. */
  readonly instanceNorm: { readonly epsilon: number };
  /** (x, dy) → dx of `instanceNorm`. */
  readonly instanceNormGrad: { readonly epsilon: number };
}

export type OpName = keyof Operations;
export type Attributes<O extends OpName> = Operations[O];
