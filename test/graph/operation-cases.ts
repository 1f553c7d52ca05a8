/**
 * Small inputs for every operation that has inputs, away from kinks and poles: gradients are checked on all of them,
 * and engines compute them too. A new operation needs a case here, or the tests of the lists fail.
 */
import type { Attributes, OpName } from '../../src/graph/index.js';
import { awayFromZero, between, type Maker } from './random-values.js';

export type OperationCase = {
  readonly [O in OpName]: {
    readonly op: O;
    /** What is particular about it; the test's name after the operation's. */
    readonly title: string;
    readonly shapes: readonly (readonly number[])[];
    readonly attributes: Attributes<O>;
    /** How the values of each input are made (the last for all further inputs); default between -1 and 1. */
    readonly makers?: readonly Maker[];
  };
}[OpName];

const none = {};
const positive = between(0.4, 2);

const unary: readonly OperationCase[] = [
  { op: 'neg', title: 'matrix', shapes: [[2, 3]], attributes: none },
  { op: 'abs', title: 'both signs', shapes: [[3, 5]], attributes: none, makers: [awayFromZero] },
  { op: 'sign', title: 'both signs', shapes: [[3, 5]], attributes: none, makers: [awayFromZero] },
  { op: 'exp', title: 'matrix', shapes: [[3, 4]], attributes: none },
  { op: 'log', title: 'positive', shapes: [[3, 4]], attributes: none, makers: [positive] },
  { op: 'sqrt', title: 'positive', shapes: [[3, 4]], attributes: none, makers: [positive] },
  { op: 'tanh', title: 'around zero', shapes: [[2, 7]], attributes: none, makers: [between(-3, 3)] },
  { op: 'sigmoid', title: 'around zero', shapes: [[2, 7]], attributes: none, makers: [between(-4, 4)] },
  { op: 'softplus', title: 'around zero', shapes: [[2, 7]], attributes: none, makers: [between(-4, 4)] },
  { op: 'leakyRelu', title: 'slope 0.2', shapes: [[3, 5]], attributes: { slope: 0.2 }, makers: [awayFromZero] },
  { op: 'leakyRelu', title: 'slope 0', shapes: [[3, 5]], attributes: { slope: 0 }, makers: [awayFromZero] },
  {
    op: 'leakyReluGrad',
    title: 'slope 0.2',
    shapes: [
      [3, 5],
      [3, 5],
    ],
    attributes: { slope: 0.2 },
    makers: [awayFromZero],
  },
];

/** Two operands: equal shapes, each broadcast, both broadcast, a scalar, and different ranks. */
const operands: readonly (readonly [string, readonly number[], readonly number[]])[] = [
  ['equal shapes', [2, 3], [2, 3]],
  ['right repeated along channels', [2, 3, 2, 2], [1, 3, 1, 1]],
  ['left repeated', [1, 3], [4, 3]],
  ['both repeated', [2, 1, 3], [1, 4, 1]],
  ['scalar on the right', [2, 3], []],
  ['scalar on the left', [], [5]],
  ['different ranks', [3], [2, 2, 3]],
  ['matrix of one element', [1, 1], [3]],
];

const binary = (['add', 'sub', 'mul', 'div'] as const).flatMap(op =>
  operands.map(
    ([title, left, right]): OperationCase => ({
      op,
      title,
      shapes: [left, right],
      attributes: none,
      makers: [between(-1, 1), op === 'div' ? awayFromZero : between(-1, 1)],
    }),
  ),
);

const reductions: readonly OperationCase[] = (['sum', 'mean'] as const).flatMap((op): OperationCase[] => [
  { op, title: 'all axes', shapes: [[2, 3, 4]], attributes: { axes: [0, 1, 2] } },
  { op, title: 'spatial axes', shapes: [[2, 3, 2, 3]], attributes: { axes: [2, 3] } },
  { op, title: 'first and last, in disorder', shapes: [[3, 2, 4]], attributes: { axes: [2, 0] } },
  { op, title: 'an axis of size 1', shapes: [[3, 1, 2]], attributes: { axes: [1] } },
]);

const movement: readonly OperationCase[] = [
  { op: 'broadcast', title: 'inner axes', shapes: [[2, 1, 1, 3]], attributes: { shape: [2, 4, 2, 3] } },
  { op: 'broadcast', title: 'new axes', shapes: [[3]], attributes: { shape: [2, 2, 3] } },
  { op: 'broadcast', title: 'from a scalar', shapes: [[]], attributes: { shape: [2, 3] } },
  { op: 'reshape', title: 'to a matrix', shapes: [[2, 3, 4]], attributes: { shape: [6, 4] } },
  { op: 'reshape', title: 'to a scalar', shapes: [[1, 1, 1]], attributes: { shape: [] } },
  { op: 'transpose', title: 'matrix', shapes: [[3, 4]], attributes: { permutation: [1, 0] } },
  { op: 'transpose', title: 'cycle of three', shapes: [[2, 3, 4]], attributes: { permutation: [2, 0, 1] } },
  { op: 'transpose', title: 'NCHW to NHWC', shapes: [[2, 3, 2, 4]], attributes: { permutation: [0, 2, 3, 1] } },
  {
    op: 'concat',
    title: 'channels',
    shapes: [
      [2, 3, 2, 3],
      [2, 1, 2, 3],
    ],
    attributes: { axis: 1 },
  },
  {
    op: 'concat',
    title: 'three along the first axis',
    shapes: [
      [1, 3],
      [3, 3],
      [2, 3],
    ],
    attributes: { axis: 0 },
  },
  {
    op: 'concat',
    title: 'last axis',
    shapes: [
      [2, 2],
      [2, 3],
    ],
    attributes: { axis: 1 },
  },
  {
    op: 'slice',
    title: 'dense window',
    shapes: [[2, 3, 4, 5]],
    attributes: { starts: [0, 1, 1, 0], stops: [2, 3, 3, 4], steps: [1, 1, 1, 1] },
  },
  {
    op: 'slice',
    title: 'steps that do not divide',
    shapes: [[1, 2, 5, 7]],
    attributes: { starts: [0, 0, 0, 1], stops: [1, 2, 5, 7], steps: [1, 1, 2, 3] },
  },
  {
    op: 'sliceGrad',
    title: 'dense window',
    shapes: [[2, 3]],
    attributes: { shape: [4, 5], starts: [1, 2], stops: [3, 5], steps: [1, 1] },
  },
  {
    op: 'sliceGrad',
    title: 'steps that do not divide',
    shapes: [[1, 2, 3, 2]],
    attributes: { shape: [1, 2, 5, 7], starts: [0, 0, 0, 1], stops: [1, 2, 5, 7], steps: [1, 1, 2, 3] },
  },
  { op: 'pad', title: 'matrix', shapes: [[2, 3]], attributes: { before: [1, 0], after: [2, 3] } },
  { op: 'pad', title: 'spatial', shapes: [[2, 2, 2, 3]], attributes: { before: [0, 0, 1, 2], after: [0, 0, 3, 0] } },
  { op: 'reflectPad', title: 'even', shapes: [[2, 2, 4, 5]], attributes: { padding: [3, 3, 3, 3] } },
  { op: 'reflectPad', title: 'asymmetric', shapes: [[1, 2, 3, 4]], attributes: { padding: [1, 3, 2, 0] } },
  { op: 'reflectPadGrad', title: 'even', shapes: [[2, 1, 7, 9]], attributes: { padding: [2, 2, 2, 2] } },
  { op: 'reflectPadGrad', title: 'asymmetric', shapes: [[1, 2, 6, 7]], attributes: { padding: [1, 3, 2, 0] } },
];

const matmul = [false, true].flatMap(transposeA =>
  [false, true].flatMap(transposeB =>
    [[], [2], [2, 3]].map(
      (lead): OperationCase => ({
        op: 'matmul',
        title: `${transposeA ? 'Aᵀ' : 'A'}·${transposeB ? 'Bᵀ' : 'B'}, leading axes [${lead}]`,
        shapes: [
          [...lead, ...(transposeA ? [4, 3] : [3, 4])],
          [...lead, ...(transposeB ? [2, 4] : [4, 2])],
        ],
        attributes: { transposeA, transposeB },
      }),
    ),
  ),
);

interface ConvolutionCase {
  readonly title: string;
  readonly x: readonly [number, number, number, number];
  readonly w: readonly [number, number, number, number];
  readonly stride?: readonly [number, number];
  readonly padding?: readonly [number, number, number, number];
}

const geometries: readonly ConvolutionCase[] = [
  { title: '3×3', x: [2, 2, 4, 5], w: [3, 2, 3, 3] },
  { title: '1×1', x: [2, 3, 3, 2], w: [2, 3, 1, 1] },
  { title: '3×3, padding 1', x: [1, 2, 3, 4], w: [2, 2, 3, 3], padding: [1, 1, 1, 1] },
  { title: '3×3, stride 2, padding 1, odd', x: [2, 2, 5, 7], w: [2, 2, 3, 3], stride: [2, 2], padding: [1, 1, 1, 1] },
  { title: '3×3, stride 2, padding 1, even', x: [1, 2, 6, 4], w: [2, 2, 3, 3], stride: [2, 2], padding: [1, 1, 1, 1] },
  { title: '4×4, stride 2, padding 1', x: [1, 2, 6, 8], w: [2, 2, 4, 4], stride: [2, 2], padding: [1, 1, 1, 1] },
  { title: 'wide kernel, strides differ', x: [1, 2, 4, 7], w: [2, 2, 2, 3], stride: [1, 3], padding: [0, 1, 1, 0] },
  { title: 'asymmetric padding', x: [1, 1, 4, 4], w: [2, 1, 3, 3], padding: [0, 2, 1, 1] },
  { title: 'stride above the kernel', x: [1, 2, 7, 5], w: [2, 2, 2, 2], stride: [3, 3] },
  { title: 'kernel as large as the image', x: [2, 2, 3, 4], w: [3, 2, 3, 4] },
];

/** The three operations of one convolution x, w → y. */
export function convolutionCases(geometry: ConvolutionCase): OperationCase[] {
  const { title, x, w, stride = [1, 1], padding = [0, 0, 0, 0] } = geometry;
  const rows = Math.floor((x[2] + padding[0] + padding[2] - w[2]) / stride[0]) + 1;
  const columns = Math.floor((x[3] + padding[1] + padding[3] - w[3]) / stride[1]) + 1;
  const y = [x[0], w[0], rows, columns];
  return [
    { op: 'conv2d', title, shapes: [x, w], attributes: { stride, padding } },
    { op: 'conv2dInputGrad', title, shapes: [y, w], attributes: { stride, padding, size: [x[2], x[3]] } },
    { op: 'conv2dWeightGrad', title, shapes: [x, y], attributes: { stride, padding, kernel: [w[2], w[3]] } },
  ];
}

const epsilon = 1e-5;
const normalisation: readonly OperationCase[] = [
  { op: 'instanceNorm', title: 'planes', shapes: [[2, 3, 3, 2]], attributes: { epsilon } },
  {
    op: 'instanceNorm',
    title: 'large epsilon',
    shapes: [[1, 2, 2, 4]],
    attributes: { epsilon: 0.5 },
  },
  {
    op: 'instanceNormGrad',
    title: 'planes',
    shapes: [
      [2, 2, 3, 2],
      [2, 2, 3, 2],
    ],
    attributes: { epsilon },
  },
  {
    op: 'instanceNormGrad',
    title: 'large epsilon',
    shapes: [
      [1, 2, 2, 4],
      [1, 2, 2, 4],
    ],
    attributes: { epsilon: 0.5 },
  },
];

export const operationCases: readonly OperationCase[] = [
  ...unary,
  ...binary,
  ...reductions,
  ...movement,
  ...matmul,
  ...geometries.flatMap(convolutionCases),
  ...normalisation,
];

export function caseName({ op, title, shapes }: OperationCase): string {
  return `${op}: ${title}, of ${shapes.map(shape => `[${shape}]`).join(' and ')}`;
}
