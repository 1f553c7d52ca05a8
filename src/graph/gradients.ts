/**
 * Reverse-mode differentiation. Each rule turns the adjoint of a result into adjoints of its inputs, written in the
 * same language, so that gradients can be differentiated again (gradient penalties).
 */
import { CycleboxError } from '../base/index.js';
import { numericShape, type Shape, sizeOf } from './dimension.js';
import {
  add,
  broadcast,
  conv2d,
  conv2dInputGrad,
  conv2dWeightGrad,
  div,
  instanceNorm,
  instanceNormGrad,
  leakyReluGrad,
  matmul,
  mean,
  mul,
  neg,
  pad,
  reflectPad,
  reflectPadGrad,
  reshape,
  sigmoid,
  sign,
  slice,
  sliceGrad,
  sqrt,
  square,
  sub,
  sumTo,
  transpose,
} from './functions.js';
import type { NodeId } from './graph.js';
import type { Attributes, OpName } from './operations.js';
import type { Tensor } from './tensor.js';

interface GradientContext<O extends OpName> {
  readonly inputs: readonly Tensor[];
  readonly attributes: Attributes<O>;
  /** The operation's result. */
  readonly y: Tensor;
  /** Its adjoint: the derivative of the differentiated sum by `y`, of y's shape. */
  readonly dy: Tensor;
}

/** Adjoints of the inputs; undefined where the derivative is zero almost everywhere. */
type Rule<O extends OpName> = (context: GradientContext<O>) => readonly (Tensor | undefined)[];

const zero = () => [undefined, undefined];

const rules: { readonly [O in OpName]: Rule<O> } = {
  input: zero,
  variable: zero,
  constant: zero,

  neg: ({ dy }) => [neg(dy)],
  abs: ({ inputs: [x], dy }) => [mul(dy, sign(x!))],
  sign: zero,
  exp: ({ y, dy }) => [mul(dy, y)],
  log: ({ inputs: [x], dy }) => [div(dy, x!)],
  sqrt: ({ y, dy }) => [div(mul(dy, 0.5), y)],
  tanh: ({ y, dy }) => [mul(dy, sub(1, square(y)))],
  sigmoid: ({ y, dy }) => [mul(dy, mul(y, sub(1, y)))],
  softplus: ({ inputs: [x], dy }) => [mul(dy, sigmoid(x!))],
  leakyRelu: ({ inputs: [x], attributes: { slope }, dy }) => [leakyReluGrad(x!, dy, slope)],
  leakyReluGrad: ({ inputs: [x], attributes: { slope }, dy }) => [undefined, leakyReluGrad(x!, dy, slope)],

  add: ({ inputs: [a, b], dy }) => [sumTo(dy, a!.shape), sumTo(dy, b!.shape)],
  sub: ({ inputs: [a, b], dy }) => [sumTo(dy, a!.shape), neg(sumTo(dy, b!.shape))],
  mul: ({ inputs: [a, b], dy }) => [sumTo(mul(dy, b!), a!.shape), sumTo(mul(dy, a!), b!.shape)],
  div: ({ inputs: [a, b], y, dy }) => [sumTo(div(dy, b!), a!.shape), neg(sumTo(mul(dy, div(y, b!)), b!.shape))],

  sum: ({ inputs: [x], dy }) => [broadcast(dy, x!.shape)],
  mean: ({ inputs: [x], attributes: { axes }, dy }) => {
    const shape = numericShape(x!.shape, 'The gradient of mean');
    const count = sizeOf(axes.map(axis => shape[axis]!));
    return [broadcast(mul(dy, 1 / count), shape)];
  },
  broadcast: ({ inputs: [x], dy }) => [sumTo(dy, x!.shape)],

  reshape: ({ inputs: [x], dy }) => [reshape(dy, x!.shape)],
  transpose: ({ attributes: { permutation }, dy }) => [
    transpose(
      dy,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
  ],
  concat: ({ inputs, attributes: { axis }, dy }) => {
    const total = numericShape(dy.shape, 'The gradient of concat');
    let start = 0;
    return inputs.map(input => {
      const stop = start + (input.shape[axis] as number);
      const part = slice(dy, replaced(zeros(total), axis, start), replaced(total, axis, stop));
      start = stop;
      return part;
    });
  },
  slice: ({ inputs: [x], attributes: { starts, stops, steps }, dy }) => {
    const shape = numericShape(x!.shape, 'The gradient of slice');
    const dense = steps.every(step => step === 1);
    if (!dense) return [sliceGrad(dy, shape, starts, stops, steps)];
    return [
      pad(
        dy,
        starts,
        shape.map((size, axis) => size - stops[axis]!),
      ),
    ];
  },
  sliceGrad: ({ attributes: { starts, stops, steps }, dy }) => [slice(dy, starts, stops, steps)],
  pad: ({ inputs: [x], attributes: { before }, dy }) => {
    const shape = numericShape(x!.shape, 'The gradient of pad');
    return [
      slice(
        dy,
        before,
        shape.map((size, axis) => size + before[axis]!),
      ),
    ];
  },
  reflectPad: ({ attributes: { padding }, dy }) => [reflectPadGrad(dy, padding)],
  reflectPadGrad: ({ attributes: { padding }, dy }) => [reflectPad(dy, padding)],

  matmul: ({ inputs: [a, b], attributes: { transposeA, transposeB }, dy }) => [
    transposeA
      ? matmul(b!, dy, { transposeA: transposeB, transposeB: true })
      : matmul(dy, b!, { transposeB: !transposeB }),
    transposeB
      ? matmul(dy, a!, { transposeA: true, transposeB: transposeA })
      : matmul(a!, dy, { transposeA: !transposeA }),
  ],

  // The three convolutions are one trilinear form <dy, conv(x, w)>; each is its derivative by one of the three.
  conv2d: ({ inputs: [x, w], attributes: { stride, padding }, dy }) => [
    conv2dInputGrad(dy, w!, stride, padding, spatial(x!.shape)),
    conv2dWeightGrad(x!, dy, stride, padding, kernel(w!.shape)),
  ],
  conv2dInputGrad: ({ inputs: [x, w], attributes: { stride, padding }, dy }) => [
    conv2d(dy, w!, { stride, padding }),
    conv2dWeightGrad(dy, x!, stride, padding, kernel(w!.shape)),
  ],
  conv2dWeightGrad: ({ inputs: [x, g], attributes: { stride, padding }, dy }) => [
    conv2dInputGrad(g!, dy, stride, padding, spatial(x!.shape)),
    conv2d(x!, dy, { stride, padding }),
  ],

  instanceNorm: ({ inputs: [x], attributes: { epsilon }, dy }) => [instanceNormGrad(x!, dy, epsilon)],
  // G = r · (g - mean(g) - y · mean(g · y)) is symmetric in g and its adjoint u, which gives U; with dr/dx = -r² · y / count
  // and dy/dx of the same form, d(u · G)/dx = -r · (y · mean(u · G) + G · mean(u · y) + U · mean(g · y)).
  instanceNormGrad: ({ inputs: [x, g], attributes: { epsilon }, y: G, dy: u }) => {
    const y = instanceNorm(x!, epsilon);
    const U = instanceNormGrad(x!, u, epsilon);
    const along = (a: Tensor, b: Tensor) => mean(mul(a, b), [2, 3]);
    const parts = add(add(mul(y, along(u, G)), mul(G, along(u, y))), mul(U, along(g!, y)));
    return [neg(mul(inverseDeviation(x!, epsilon), parts)), U];
  },
};

/**
 * Derivatives of a scalar by each of `by`. A tensor the scalar does not depend on gets zeros.
 * @param detached are taken as they are: no derivative is carried through them to what they were computed from
 * @throws NO_GRADIENT when `of` has more than one element.
 */
export function gradients(of: Tensor, by: readonly Tensor[], detached: readonly Tensor[] = []): Tensor[] {
  return knownGradients(of, by, detached).map(
    (gradient, index) => gradient ?? broadcast(of.builder.constant(0), by[index]!.shape),
  );
}

/** The same, with undefined for what the scalar does not depend on. */
export function knownGradients(
  of: Tensor,
  by: readonly Tensor[],
  detached: readonly Tensor[] = [],
): (Tensor | undefined)[] {
  if (sizeOf(numericShape(of.shape, 'A differentiated value')) !== 1) {
    throw new CycleboxError('NO_GRADIENT', `gradients: the value must be a scalar, got [${of.shape}]. Take its sum.`);
  }
  const seed = broadcast(of.builder.constant(1), of.shape);
  const adjoints = backpropagate(of, seed, by, detached);
  return by.map(tensor => adjoints.get(tensor.id));
}

/** Carries `adjoint`, of `of`'s shape, back to each of `by`, of which one may be computed from another. */
function backpropagate(
  of: Tensor,
  adjoint: Tensor,
  by: readonly Tensor[],
  detached: readonly Tensor[],
): ReadonlyMap<NodeId, Tensor> {
  const { builder } = of;
  const reaching = ancestorsReaching(of, idsOf(by), idsOf(detached));
  const adjoints = new Map<NodeId, Tensor>([[of.id, adjoint]]);
  for (const id of [...reaching].sort((a, b) => b - a)) {
    const dy = adjoints.get(id);
    const node = builder.node(id);
    if (!dy) continue;
    const inputs = node.inputs.map(input => builder.tensor(input));
    const rule = rules[node.op] as Rule<OpName>;
    const parts = rule({ inputs, attributes: node.attributes, y: builder.tensor(id), dy });
    inputs.forEach((input, index) => {
      const part = reaching.has(input.id) ? parts[index] : undefined;
      if (!part) return;
      const known = adjoints.get(input.id);
      adjoints.set(input.id, known ? add(known, part) : part);
    });
  }
  return adjoints;
}

/** Nodes on a path from one of `wanted` to `of` that goes through none of `detached`. */
function ancestorsReaching(of: Tensor, wanted: ReadonlySet<NodeId>, detached: ReadonlySet<NodeId>): Set<NodeId> {
  const reaching = new Set<NodeId>();
  const lowest = Math.min(...wanted);
  for (let id = lowest; id <= of.id; id++) {
    const onPath = !detached.has(id) && of.builder.node(id).inputs.some(input => reaching.has(input));
    if (onPath || wanted.has(id)) reaching.add(id);
  }
  return reaching;
}

function idsOf(tensors: readonly Tensor[]): ReadonlySet<NodeId> {
  return new Set(tensors.map(({ id }) => id));
}

/** `1 / sqrt(variance + epsilon)` per sample and channel. */
function inverseDeviation(x: Tensor, epsilon: number): Tensor {
  const variance = mean(square(sub(x, mean(x, [2, 3]))), [2, 3]);
  return div(1, sqrt(add(variance, epsilon)));
}

function spatial(shape: Shape) {
  return [shape[2]!, shape[3]!] as const;
}

function kernel(shape: Shape): readonly [number, number] {
  return numericShape(shape.slice(2), 'A kernel') as unknown as readonly [number, number];
}

function zeros(shape: readonly number[]): number[] {
  return shape.map(() => 0);
}

function replaced(list: readonly number[], index: number, value: number): number[] {
  return list.map((old, at) => (at === index ? value : old));
}
