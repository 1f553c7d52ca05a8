/**
 * Importing ONNX files as graphs: what an imported graph computes is what ONNX Runtime computes from the file, for every
 * operation that has a rule, in the spellings of several operation sets, and for whole networks as PyTorch exports them.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { type Engine, evaluate, openEngine, type TensorData } from '../../src/engine/index.js';
import { GraphBuilder, symbol } from '../../src/graph/index.js';
import { buildNetwork, type GeneratorSpec, sizeMultipleOf } from '../../src/nets/index.js';
import { foldedOnly, rules } from '../../src/onnx/import/rules.js';
import { checkImportable, encodeOnnx, importOnnx, readNetwork } from '../../src/onnx/index.js';
import { doubles, expectNear } from '../engine/near.js';
import { randomValues, seededRandom } from '../graph/random-values.js';
import { type NodeSpec, type OnnxFileSpec, onnxFile, type StoredTensor } from '../support/onnx-file.js';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine('cpu', { threads: 1 });
});
afterAll(() => engine.dispose());

interface Case {
  readonly title: string;
  readonly shape: readonly number[];
  readonly nodes: readonly NodeSpec[];
  readonly constants?: Readonly<Record<string, StoredTensor>>;
  readonly opset?: number;
  /** Default: y. */
  readonly outputs?: readonly string[];
}

const random = seededRandom(21);
const weights = (...shape: number[]): StoredTensor => ({ shape, values: [...randomValues(random, shape)] });
const positive = (...shape: number[]): StoredTensor => ({
  shape,
  values: [...randomValues(random, shape)].map(value => Math.abs(value) + 0.5),
});
const integers = (...values: number[]): StoredTensor => ({ shape: [values.length], values, as: 'int64' });
const image = [2, 4, 6, 8];

/** One node from x to y. */
function single(
  op: string,
  attributes: NodeSpec[3] = {},
  constants: Readonly<Record<string, StoredTensor>> = {},
  more: Partial<Case> = {},
): Case {
  const { title = '', shape = image, ...rest } = more;
  const nodes: NodeSpec[] = [[op, ['x', ...Object.keys(constants)], ['y'], attributes]];
  return { title: `${op} ${title}`.trim(), shape, nodes, constants, ...rest };
}

const elementwise: readonly Case[] = [
  ...['Identity', 'Neg', 'Abs', 'Sign', 'Exp', 'Sqrt', 'Log', 'Tanh', 'Sigmoid', 'Softplus', 'Relu', 'Reciprocal'].map(
    (op): Case =>
      ['Sqrt', 'Log', 'Reciprocal'].includes(op)
        ? {
            title: `${op} of positive values`,
            shape: image,
            nodes: [
              ['Exp', ['x'], ['e']],
              [op, ['e'], ['y']],
            ],
          }
        : single(op),
  ),
  single('LeakyRelu', {}, {}, { title: 'with its usual slope' }),
  single('LeakyRelu', { alpha: 0.2 }, {}, { title: 'with slope 0.2' }),
  single('PRelu', {}, { slope: weights(4, 1, 1) }, { title: 'per channel' }),
  single('Dropout'),
  single('Cast', { to: 1 }),
  single('Clip', {}, { low: { shape: [], values: [-0.25] }, high: { shape: [], values: [0.5] } }),
  single('Clip', { min: 0.1, max: 0.6 }, {}, { title: 'of old operation sets', opset: 10 }),
  ...[2, 3, 1, -1].map(power =>
    single('Pow', {}, { power: { shape: [], values: [power] } }, { title: `with exponent ${power}` }),
  ),
  ...['Add', 'Sub', 'Mul', 'Div'].flatMap(op => [
    single(op, {}, { b: positive(2, 4, 6, 8) }, { title: 'of equal shapes' }),
    single(op, {}, { b: positive(4, 1, 1) }, { title: 'per channel' }),
    single(op, {}, { b: positive() }, { title: 'with a number' }),
  ]),
  { title: 'Sum of three', shape: image, nodes: [['Sum', ['x', 'x', 'b'], ['y']]], constants: { b: weights(8) } },
  { title: 'Mean of two', shape: image, nodes: [['Mean', ['x', 'b'], ['y']]], constants: { b: weights(1, 4, 1, 1) } },
];

const reductions: readonly Case[] = [
  single('ReduceMean', { axes: [2, 3] }),
  single('ReduceMean', { axes: [-1], keepdims: 0 }, {}, { title: 'without the axis' }),
  single('ReduceSum', {}, { axes: integers(1) }, { title: 'with axes as an input' }),
  single('ReduceSum', { axes: [0, 2] }, {}, { title: 'with axes as an attribute', opset: 12 }),
  single('ReduceMean', { keepdims: 0 }, { axes: integers(-2, 1) }, { title: 'with axes as an input', opset: 18 }),
  single('GlobalAveragePool'),
  single('AveragePool', { kernel_shape: [2, 3], strides: [2, 1] }),
  single('AveragePool', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }, {}, { title: 'without the border' }),
  single('AveragePool', { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 }, {}, { title: 'with it' }),
];

const movement: readonly Case[] = [
  single('Reshape', {}, { shape: integers(0, -1, 12) }),
  single('Flatten'),
  single('Flatten', { axis: 2 }, {}, { title: 'from axis 2' }),
  single('Transpose', { perm: [0, 2, 3, 1] }),
  single('Transpose', {}, {}, { title: 'backwards', shape: [2, 3, 4] }),
  single('Squeeze', {}, { axes: integers(1) }, { shape: [2, 1, 3, 4] }),
  single('Squeeze', { axes: [1] }, {}, { title: 'of old operation sets', shape: [2, 1, 3, 4], opset: 11 }),
  single('Unsqueeze', {}, { axes: integers(0, -1) }, { shape: [2, 3] }),
  single('Expand', {}, { shape: integers(2, 4, 3) }, { shape: [1, 3] }),
  {
    title: 'Concat',
    shape: image,
    nodes: [['Concat', ['x', 'b'], ['y'], { axis: -3 }]],
    constants: { b: weights(2, 1, 6, 8) },
  },
  {
    title: 'Split by sizes',
    shape: image,
    nodes: [
      ['Split', ['x', 'sizes'], ['a', 'b'], { axis: 1 }],
      ['Concat', ['b', 'a'], ['y'], { axis: 1 }],
    ],
    constants: { sizes: integers(1, 3) },
  },
  {
    title: 'Split evenly',
    shape: image,
    nodes: [
      ['Split', ['x'], ['a', 'b'], { axis: 3 }],
      ['Sub', ['a', 'b'], ['y']],
    ],
  },
  single(
    'Slice',
    {},
    { starts: integers(1, -5), ends: integers(9999, 7), axes: integers(2, 3), steps: integers(2, 1) },
  ),
  single('Slice', { starts: [1, 0], ends: [3, -1], axes: [1, 2] }, {}, { title: 'of old operation sets', opset: 9 }),
  single('Gather', { axis: 1 }, { indices: integers(3, 0, -2) }),
  single('Gather', { axis: 2 }, { index: { shape: [], values: [4], as: 'int64' } }, { title: 'of one index' }),
  single('Pad', {}, { pads: integers(0, 0, 1, 2, 0, 0, 3, 0) }),
  single(
    'Pad',
    {},
    { pads: integers(0, 1, 1, 0, 0, 0, 0, 1), value: { shape: [], values: [0.75] } },
    { title: 'with a value' },
  ),
  single('Pad', { mode: 'reflect' }, { pads: integers(0, 0, 3, 1, 0, 0, 2, 3) }, { title: 'reflecting' }),
  single('Pad', { mode: 'edge' }, { pads: integers(0, 0, 2, 1, 0, 0, 0, 3) }, { title: 'with the edge' }),
  single('Pad', {}, { pads: integers(0, 0, -1, 2, 0, 0, 1, -3) }, { title: 'that crops' }),
  single('Pad', { mode: 'reflect', pads: [0, 0, 1, 1, 0, 0, 1, 1] }, {}, { title: 'of old operation sets', opset: 9 }),
  single('DepthToSpace', { blocksize: 2 }),
  single('DepthToSpace', { blocksize: 2, mode: 'CRD' }, {}, { title: 'columns, rows, depth' }),
  single('SpaceToDepth', { blocksize: 2 }),
  {
    title: 'Resize by factors',
    shape: image,
    nodes: [
      [
        'Resize',
        ['x', '', 'scales'],
        ['y'],
        { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
      ],
    ],
    constants: { scales: { shape: [4], values: [1, 1, 2, 3] } },
  },
  {
    title: 'Resize to sizes, as half pixels',
    shape: image,
    nodes: [['Resize', ['x', '', '', 'sizes'], ['y'], { mode: 'nearest' }]],
    constants: { sizes: integers(2, 4, 12, 32) },
  },
  ...['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'].map(
    (rule): Case => ({
      title: `Resize with interpolation, ${rule}`,
      shape: image,
      nodes: [['Resize', ['x', '', '', 'sizes'], ['y'], { mode: 'linear', coordinate_transformation_mode: rule }]],
      constants: { sizes: integers(2, 4, 11, 20) },
    }),
  ),
  {
    title: 'Resize with interpolation to fewer cells',
    shape: image,
    nodes: [['Resize', ['x', '', 'scales'], ['y'], { mode: 'linear' }]],
    constants: { scales: { shape: [4], values: [1, 1, 0.5, 0.75] } },
  },
  single(
    'Pad',
    { mode: 'reflect' },
    { pads: integers(2, 1, 0, 3), none: { shape: [], values: [0] }, axes: integers(2, -1) },
    { title: 'of two axes', opset: 18 },
  ),
  single('Upsample', { mode: 'nearest' }, { scales: { shape: [4], values: [1, 1, 2, 2] } }, { opset: 9 }),
];

const products: readonly Case[] = [
  single('MatMul', {}, { b: weights(8, 5) }),
  single('MatMul', {}, { b: weights(4, 8, 3) }, { title: 'with repeated axes' }),
  single('Gemm', { transB: 1, alpha: 0.5, beta: 2.5 }, { b: weights(3, 4), c: weights(3) }, { shape: [2, 4] }),
  single('Gemm', { transA: 1 }, { b: weights(2, 3) }, { title: 'turned', shape: [2, 4] }),
  single('Conv', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }, { w: weights(5, 4, 3, 3), b: weights(5) }),
  single('Conv', { strides: [2, 2], pads: [1, 0, 2, 1] }, { w: weights(3, 4, 4, 3) }, { title: 'with strides' }),
  single('Conv', { dilations: [2, 3] }, { w: weights(3, 4, 2, 2) }, { title: 'with dilation' }),
  single('Conv', { group: 2 }, { w: weights(6, 2, 3, 3), b: weights(6) }, { title: 'in groups' }),
  single('Conv', { group: 4, pads: [1, 1, 1, 1] }, { w: weights(4, 1, 3, 3) }, { title: 'by channel' }),
  single(
    'Conv',
    { auto_pad: 'SAME_UPPER', strides: [2, 2] },
    { w: weights(3, 4, 3, 3) },
    { title: 'padded by itself' },
  ),
  single(
    'ConvTranspose',
    { strides: [2, 2], pads: [1, 1, 1, 1], output_padding: [1, 1] },
    { w: weights(4, 3, 3, 3), b: weights(3) },
  ),
  single('ConvTranspose', { strides: [2, 2], pads: [1, 1, 1, 1] }, { w: weights(4, 3, 4, 4) }, { title: '4×4' }),
  single('ConvTranspose', { group: 2, strides: [3, 2] }, { w: weights(4, 2, 3, 3) }, { title: 'in groups' }),
];

const normalisation: readonly Case[] = [
  single('InstanceNormalization', { epsilon: 0.001 }, { scale: weights(4), shift: weights(4) }),
  single('BatchNormalization', {}, { scale: weights(4), shift: weights(4), mean: weights(4), variance: positive(4) }),
  {
    title: 'BatchNormalization in training mode, as an instance norm',
    shape: image,
    // Where the running moments are not asked for, ONNX Runtime 1.30 gives other numbers than the definition.
    outputs: ['y', 'running mean', 'running variance'],
    nodes: [
      ['Reshape', ['x', 'whole'], ['one']],
      [
        'BatchNormalization',
        ['one', 'scale', 'shift', 'mean', 'variance'],
        ['norm', 'running mean', 'running variance'],
        { training_mode: 1 },
      ],
      ['Reshape', ['norm', 'back'], ['y']],
    ],
    constants: {
      whole: integers(1, 8, 6, 8),
      back: integers(2, 4, 6, 8),
      scale: { shape: [8], values: [1, 1, 1, 1, 1, 1, 1, 1] },
      shift: { shape: [8], values: [0, 0, 0, 0, 0, 0, 0, 0] },
      mean: { shape: [8], values: [0, 0, 0, 0, 0, 0, 0, 0] },
      variance: { shape: [8], values: [1, 1, 1, 1, 1, 1, 1, 1] },
    },
  },
];

/** As PyTorch writes nn.ReflectionPad2d: the padding of four sides is turned round and filled up at run time. */
const computedPads: readonly NodeSpec[] = [
  ['Constant', [], ['sides'], { value: integers(3, 3, 3, 3) }],
  ['Constant', [], ['missing'], { value: integers(4) }],
  ['ConstantOfShape', ['missing'], ['zeros'], { value: integers(0) }],
  ['Concat', ['sides', 'zeros'], ['eight'], { axis: 0 }],
  ['Constant', [], ['pairs'], { value: integers(-1, 2) }],
  ['Reshape', ['eight', 'pairs'], ['table']],
  ['Constant', [], ['axis'], { value: integers(0) }],
  ['Constant', [], ['last'], { value: integers(-1) }],
  ['Constant', [], ['first'], { value: integers(-(2 ** 40)) }],
  ['Slice', ['table', 'last', 'first', 'axis', 'last'], ['turned']],
  ['Transpose', ['turned'], ['sideways'], { perm: [1, 0] }],
  ['Reshape', ['sideways', 'last'], ['list']],
  ['Cast', ['list'], ['pads'], { to: 7 }],
  ['Pad', ['x', 'pads'], ['y'], { mode: 'reflect' }],
];

/** As PyTorch writes interpolation to twice the size of the image. */
const computedSizes: readonly NodeSpec[] = [
  ['Shape', ['x'], ['shape']],
  ['Constant', [], ['height'], { value: { shape: [], values: [2], as: 'int64' } }],
  ['Gather', ['shape', 'height'], ['h'], { axis: 0 }],
  ['Constant', [], ['two'], { value: { shape: [], values: [2], as: 'int64' } }],
  ['Mul', ['h', 'two'], ['h2']],
  ['Cast', ['h2'], ['hf'], { to: 1 }],
  ['Floor', ['hf'], ['whole']],
  ['Cast', ['whole'], ['hi'], { to: 7 }],
  ['Constant', [], ['zero'], { value: integers(0) }],
  ['Unsqueeze', ['hi', 'zero'], ['hlist']],
  ['Slice', ['shape', 'zero', 'twoList'], ['lead']],
  ['Constant', [], ['three'], { value: integers(3) }],
  ['Constant', [], ['four'], { value: integers(4) }],
  ['Slice', ['shape', 'three', 'four'], ['w']],
  ['Mul', ['w', 'twoList'], ['w2']],
  ['Concat', ['lead', 'hlist', 'w2'], ['sizes'], { axis: 0 }],
  [
    'Resize',
    ['x', '', '', 'sizes'],
    ['y'],
    { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' },
  ],
];

const computed: readonly Case[] = [
  { title: 'padding computed at run time', shape: [1, 3, 8, 9], nodes: computedPads },
  { title: 'sizes computed at run time', shape: image, nodes: computedSizes, constants: { twoList: integers(2) } },
  {
    title: 'a shape that is chosen by a condition',
    shape: [2, 3],
    nodes: [
      ['Shape', ['x'], ['shape']],
      ['ConstantOfShape', ['rank'], ['ones'], { value: integers(1) }],
      ['Mul', ['ones', 'minus'], ['negative']],
      ['Equal', ['wanted', 'negative'], ['keep']],
      ['Where', ['keep', 'ones', 'wanted'], ['target']],
      ['Expand', ['x', 'target'], ['y']],
    ],
    constants: { rank: integers(3), minus: integers(-1), wanted: integers(4, -1, -1) },
  },
];

const cases = [...elementwise, ...reductions, ...movement, ...products, ...normalisation, ...computed];

describe('an imported operation computes what ONNX Runtime computes:', () => {
  it.each(cases)('$title', async ({ shape, nodes, constants = {}, opset, outputs = ['y'] }) => {
    const spec: OnnxFileSpec = { nodes, constants, inputs: { x: shape }, outputs, ...(opset && { opset }) };
    await expectSame(onnxFile(spec), { x: { shape, data: randomValues(seededRandom(5), shape) } });
  });

  it.each(['float list', 'half', 'double'] as const)('weights stored as %s', async as => {
    const values = [0.5, -1.25, 3, 0, 2 ** -20, -0.0625, 1024, -7.5];
    const nodes: NodeSpec[] =
      as === 'float list'
        ? [['Mul', ['x', 'b'], ['y']]]
        : [
            ['Cast', ['b'], ['c'], { to: 1 }],
            ['Mul', ['x', 'c'], ['y']],
          ];
    const bytes = onnxFile({
      nodes,
      constants: { b: { shape: [8], values, as } },
      inputs: { x: image },
      outputs: ['y'],
    });
    await expectSame(bytes, { x: { shape: image, data: randomValues(seededRandom(5), image) } });
  });

  it.each(['to-map', 'to-satellite'])('the committed generator %s, at two sizes', async name => {
    const bytes = await readFile(join(packageRoot, 'models', 'satellite-map', `${name}.onnx`));
    const network = readNetwork(bytes);
    const before = new Set<Float32Array>();
    for (const shape of [
      [1, 3, 16, 16],
      [1, 3, 12, 20],
    ]) {
      const graph = importOnnx(network, { image: shape });
      const kernels = graph.nodes.flatMap(node =>
        node.op === 'constant' && node.shape.length === 4 ? [node.attributes.data] : [],
      );
      if (before.size > 0) expect(kernels.filter(data => data.length > 64).every(data => before.has(data))).toBe(true);
      for (const data of kernels) before.add(data);
      await expectSame(bytes, { image: { shape, data: randomValues(seededRandom(5), shape) } }, 1e-5);
    }
  });
});

describe('an imported generator of our own computes the same:', () => {
  const common = { width: 4, inputChannels: 3, outputChannels: 3, dropout: false } as const;
  const specs: readonly GeneratorSpec[] = [
    { kind: 'resnet', blocks: 2, ...common },
    { kind: 'unet', levels: 5, ...common },
  ];
  it.each(specs)('$kind', async spec => {
    const multiple = sizeMultipleOf(spec);
    const builder = new GraphBuilder();
    const x = builder.input('image', [symbol('n'), 3, symbol('height', multiple), symbol('width', multiple)]);
    const values = seededRandom(9);
    const weight = (_key: string, shape: readonly number[]) =>
      builder.constant(
        randomValues(values, shape).map(value => value / 4),
        shape,
      );
    builder.output('translated', buildNetwork(spec, x, weight));
    const bytes = encodeOnnx(builder.build());
    const shape = [1, 3, 2 * multiple, 3 * multiple];
    await expectSame(bytes, { image: { shape, data: randomValues(seededRandom(5), shape) } }, 2e-5);
  });
});

test('every rule and every fold has a case', () => {
  const used = new Set(cases.flatMap(({ nodes }) => nodes.map(([op]) => op)));
  const missing = [...Object.keys(rules), ...foldedOnly].filter(op => !used.has(op));
  expect(missing).toEqual([]);
});

describe('the import refuses', () => {
  const file = (nodes: readonly NodeSpec[], constants: OnnxFileSpec['constants'] = {}) =>
    readNetwork(onnxFile({ nodes, constants, inputs: { x: [1, 3, 'h', 'w'] }, outputs: ['y'] }), 'net.onnx');
  const imported = (network: ReturnType<typeof file>) => importOnnx(network, { x: [1, 3, 8, 8] });

  it('an operation that it does not know, by its name', () => {
    expect(() => checkImportable(file([['NonMaxSuppression', ['x'], ['y']]]))).toThrow(
      expect.objectContaining({
        code: 'MODEL_INVALID',
        message: expect.stringMatching(/net\.onnx.*NonMaxSuppression/),
      }),
    );
  });

  it('a mode that the language has not, and says which', () => {
    const network = file([['Resize', ['x', '', 'scales'], ['y'], { mode: 'cubic' }]], {
      scales: { shape: [4], values: [1, 1, 2, 2] },
    });
    checkImportable(network);
    expect(() => imported(network)).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID', message: expect.stringMatching(/Resize with mode cubic/) }),
    );
  });

  it('a size of the image that the file fixes otherwise', () => {
    const network = file([['Neg', ['x'], ['y']]]);
    expect(() => importOnnx(network, { x: [1, 4, 8, 8] })).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }));
    expect(() => importOnnx(network, {})).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }));
  });

  it('bytes that are no model, by the name of the file', () => {
    const text = new TextEncoder().encode('not a network');
    expect(() => readNetwork(text, 'letter.onnx')).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID', message: expect.stringMatching(/letter\.onnx/) }),
    );
  });
});

/** Both from the same bytes; ONNX Runtime is the judge. */
async function expectSame(bytes: Uint8Array, inputs: Readonly<Record<string, TensorData>>, tolerance = 2e-6) {
  const program = await engine.load({ bytes });
  const expected = await program.run(inputs);
  await program.dispose();
  const network = readNetwork(bytes);
  checkImportable(network);
  const shapes = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape]));
  const feeds = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, doubles(value)]));
  const { outputs } = evaluate(importOnnx(network, shapes), { inputs: feeds });
  for (const [name, value] of Object.entries(expected)) expectNear(name, value, outputs[name]!, tolerance);
}
