/**
 * What engines compute beyond the small cases of the gradient checks: real kernel sizes on odd images, few and many
 * channels on either side, values at the ends of float32, and instance norm far from zero.
 */
import { convolutionCases, type OperationCase, operationCases } from '../graph/operation-cases.js';
import { between, listed, offsetPlanes } from '../graph/random-values.js';

const magnitudes = [1e-30, 1e-7, 1e-3, 0.1, 0.5, 1, 3, 5, 8.5, 15, 20, 30, 50, 87, 100, 1e3, 1e30];
const bothSigns = [0, ...magnitudes, ...magnitudes.map(value => -value)];
const none = {};

const extremes: readonly OperationCase[] = [
  ...(['tanh', 'sigmoid', 'softplus', 'neg', 'abs', 'sign'] as const).map(
    (op): OperationCase => ({
      op,
      title: 'tiny, usual and large values',
      shapes: [[bothSigns.length]],
      attributes: none,
      makers: [listed(bothSigns)],
    }),
  ),
  {
    op: 'exp',
    title: 'from vanishing to overflow',
    shapes: [[9]],
    attributes: none,
    makers: [listed([-200, -80, -1, -1e-6, 0, 1e-6, 1, 88, 200])],
  },
  {
    op: 'log',
    title: 'zero, tiny and large',
    shapes: [[6]],
    attributes: none,
    makers: [listed([0, 1e-30, 0.5, 1, 1.0001, 1e30])],
  },
  { op: 'sqrt', title: 'zero, tiny and large', shapes: [[4]], attributes: none, makers: [listed([0, 1e-30, 2, 1e30])] },
  {
    op: 'leakyRelu',
    title: 'zero takes the slope',
    shapes: [[bothSigns.length]],
    attributes: { slope: 0.2 },
    makers: [listed(bothSigns)],
  },
  {
    op: 'leakyRelu',
    title: 'slope 0, all magnitudes',
    shapes: [[bothSigns.length]],
    attributes: { slope: 0 },
    makers: [listed(bothSigns)],
  },
  ...[0.2, 0].map(
    (slope): OperationCase => ({
      op: 'leakyReluGrad',
      title: `zero takes the slope ${slope}`,
      shapes: [
        [1, 2, 2, 3],
        [1, 2, 2, 3],
      ],
      attributes: { slope },
      makers: [listed([0, 1, -1, 0, 1e-30, -1e-30]), between(-2, 2)],
    }),
  ),
  {
    op: 'div',
    title: 'far magnitudes',
    shapes: [[4], [4]],
    attributes: none,
    makers: [listed([1e30, 1e-30, 1, -3]), listed([1e-5, 1e5, 3e7, 7])],
  },
];

const larger: readonly OperationCase[] = [
  {
    op: 'mean',
    title: 'values far from zero',
    shapes: [[2, 3, 31, 17]],
    attributes: { axes: [2, 3] },
    makers: [between(99, 101)],
  },
  { op: 'sum', title: 'many values', shapes: [[3, 5, 23, 29]], attributes: { axes: [0, 2, 3] } },
  { op: 'sum', title: 'first axis', shapes: [[5, 7, 3]], attributes: { axes: [0] } },
  {
    op: 'matmul',
    title: 'odd sizes',
    shapes: [
      [17, 33],
      [33, 9],
    ],
    attributes: { transposeA: false, transposeB: false },
  },
  {
    op: 'matmul',
    title: 'a row by a column',
    shapes: [
      [1, 65],
      [1, 65],
    ],
    attributes: { transposeA: false, transposeB: true },
  },
  {
    op: 'concat',
    title: 'four images',
    shapes: [
      [2, 1, 5, 3],
      [2, 4, 5, 3],
      [2, 2, 5, 3],
      [2, 3, 5, 3],
    ],
    attributes: { axis: 1 },
  },
  {
    op: 'concat',
    title: 'height',
    shapes: [
      [1, 2, 5, 3],
      [1, 2, 2, 3],
    ],
    attributes: { axis: 2 },
  },
  { op: 'reflectPad', title: '3 around an odd image', shapes: [[2, 3, 13, 9]], attributes: { padding: [3, 3, 3, 3] } },
  { op: 'reflectPad', title: 'top only', shapes: [[1, 2, 5, 3]], attributes: { padding: [2, 0, 0, 0] } },
  {
    op: 'reflectPadGrad',
    title: '3 around an odd image',
    shapes: [[2, 3, 19, 15]],
    attributes: { padding: [3, 3, 3, 3] },
  },
  {
    op: 'reflectPadGrad',
    title: '1 around a wide image',
    shapes: [[2, 2, 6, 23]],
    attributes: { padding: [1, 1, 1, 1] },
  },
  { op: 'reflectPadGrad', title: 'left only', shapes: [[1, 2, 3, 9]], attributes: { padding: [0, 3, 0, 0] } },
  {
    op: 'reflectPadGrad',
    title: 'bottom only, all but one cell',
    shapes: [[1, 2, 5, 4]],
    attributes: { padding: [0, 0, 2, 0] },
  },
  { op: 'transpose', title: 'five axes', shapes: [[2, 3, 4, 2, 3]], attributes: { permutation: [0, 3, 1, 4, 2] } },
  {
    op: 'sliceGrad',
    title: 'one cell of many',
    shapes: [[1, 1]],
    attributes: { shape: [5, 7], starts: [4, 6], stops: [5, 7], steps: [1, 1] },
  },
  {
    op: 'sliceGrad',
    title: 'step past the end',
    shapes: [[2, 2]],
    attributes: { shape: [6, 9], starts: [1, 0], stops: [6, 9], steps: [4, 5] },
  },
];

const convolutions = [
  { title: '7×7 on few channels', x: [1, 3, 15, 19], w: [5, 3, 7, 7] },
  { title: '7×7 to few channels', x: [2, 6, 13, 11], w: [3, 6, 7, 7], padding: [3, 3, 3, 3] },
  { title: '3×3, batch 3, odd', x: [3, 5, 13, 17], w: [7, 5, 3, 3], padding: [1, 1, 1, 1] },
  { title: '3×3, stride 2, odd image', x: [2, 4, 13, 17], w: [6, 4, 3, 3], stride: [2, 2], padding: [1, 1, 1, 1] },
  { title: '3×3, stride 2, even image', x: [2, 4, 12, 18], w: [6, 4, 3, 3], stride: [2, 2], padding: [1, 1, 1, 1] },
  { title: '4×4, stride 2', x: [2, 3, 14, 10], w: [8, 3, 4, 4], stride: [2, 2], padding: [1, 1, 1, 1] },
  { title: '4×4, stride 2, many to few', x: [2, 9, 9, 11], w: [2, 9, 4, 4], stride: [2, 2], padding: [1, 1, 1, 1] },
  { title: '4×4, stride 1, to one channel', x: [2, 8, 7, 9], w: [1, 8, 4, 4], padding: [1, 1, 1, 1] },
  { title: '1×1, stride 2', x: [2, 3, 7, 6], w: [4, 3, 1, 1], stride: [2, 2] },
  { title: 'more padding than kernel', x: [1, 2, 3, 5], w: [3, 2, 2, 2], padding: [2, 3, 2, 2] },
  {
    title: 'more padding than kernel, stride 2',
    x: [1, 2, 3, 5],
    w: [3, 2, 2, 2],
    stride: [2, 2],
    padding: [2, 3, 2, 2],
  },
  { title: 'one row', x: [2, 3, 1, 9], w: [2, 3, 1, 3], padding: [0, 1, 0, 1] },
  {
    title: 'strides differ, asymmetric padding',
    x: [2, 3, 10, 9],
    w: [4, 3, 3, 5],
    stride: [3, 2],
    padding: [0, 2, 1, 1],
  },
  { title: 'stride 4, kernel 4', x: [1, 3, 12, 16], w: [5, 3, 4, 4], stride: [4, 4] },
] as const;

const epsilon = 1e-5;
const normalisation: readonly OperationCase[] = [
  { op: 'instanceNorm', title: 'a larger odd plane', shapes: [[2, 3, 33, 31]], attributes: { epsilon } },
  { op: 'instanceNorm', title: 'one cell per plane', shapes: [[2, 3, 1, 1]], attributes: { epsilon } },
  {
    op: 'instanceNorm',
    title: 'nearly constant planes',
    shapes: [[1, 3, 5, 7]],
    attributes: { epsilon },
    makers: [between(0.5, 0.5 + 1e-4)],
  },
  ...[1, 0.01, 30].flatMap((deviation): OperationCase[] => {
    const far = offsetPlanes(100 * deviation, deviation, 9 * 7);
    const shape = [2, 3, 9, 7];
    const title = `mean at 100 deviations of ${deviation}`;
    return [
      { op: 'instanceNorm', title, shapes: [shape], attributes: { epsilon }, makers: [far] },
      { op: 'instanceNormGrad', title, shapes: [shape, shape], attributes: { epsilon }, makers: [far, between(-1, 1)] },
    ];
  }),
];

export const conformanceCases: readonly OperationCase[] = [
  ...operationCases,
  ...extremes,
  ...larger,
  ...convolutions.flatMap(convolutionCases),
  ...normalisation,
];
