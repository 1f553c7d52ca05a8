/**
 * Shape inference: what does not fit is refused in words that name the operation, the shapes and what was expected;
 * what fits keeps symbols through whole networks.
 */
import { describe, expect, it, test } from 'vitest';
import { operationNames } from '../../src/engine/index.js';
import {
  type Attributes,
  add,
  concat,
  conv2d,
  convTranspose2d,
  dividedBy,
  formatShape,
  GraphBuilder,
  instanceNorm,
  leakyRelu,
  type OpName,
  plus,
  reflectPad,
  relu,
  reshape,
  type Shape,
  sameDimension,
  symbol,
  type Tensor,
  times,
} from '../../src/graph/index.js';

interface Misfit<O extends OpName = OpName> {
  readonly op: O;
  readonly shapes: readonly Shape[];
  readonly attributes: Attributes<O>;
  /** What the message says is expected. */
  readonly expected: RegExp;
}

type AnyMisfit = { readonly [O in OpName]: Misfit<O> }[OpName];

const stride = [1, 1] as const;
const padding = [0, 0, 0, 0] as const;
const square = [3, 3] as const;
const image = [1, 3, 5, 5];

const misfits: readonly AnyMisfit[] = [
  {
    op: 'leakyReluGrad',
    shapes: [
      [2, 3],
      [3, 2],
    ],
    attributes: { slope: 0 },
    expected: /equal shapes/,
  },
  { op: 'add', shapes: [[2, 3], [2]], attributes: {}, expected: /broadcast/ },
  {
    op: 'sub',
    shapes: [
      [2, 3],
      [4, 3],
    ],
    attributes: {},
    expected: /broadcast/,
  },
  {
    op: 'mul',
    shapes: [
      [2, 3, 1],
      [3, 4, 2],
    ],
    attributes: {},
    expected: /broadcast/,
  },
  { op: 'div', shapes: [[symbol('n')], [3]], attributes: {}, expected: /broadcast/ },
  { op: 'sum', shapes: [[2, 3]], attributes: { axes: [2] }, expected: /axes below 2, got 2/ },
  { op: 'mean', shapes: [[2, 3]], attributes: { axes: [-1] }, expected: /axes below 2, got -1/ },
  { op: 'broadcast', shapes: [[2, 3]], attributes: { shape: [1, 3] }, expected: /broadcasts to/ },
  { op: 'broadcast', shapes: [[2, 3]], attributes: { shape: [5, 4] }, expected: /broadcast/ },
  { op: 'reshape', shapes: [[2, 3]], attributes: { shape: [5] }, expected: /as many elements/ },
  {
    op: 'transpose',
    shapes: [[2, 3]],
    attributes: { permutation: [0, 0] },
    expected: /permutation of 2 axes, got \[0,0\]/,
  },
  { op: 'transpose', shapes: [[2, 3]], attributes: { permutation: [0] }, expected: /permutation of 2 axes/ },
  {
    op: 'concat',
    shapes: [
      [2, 3],
      [3, 3],
    ],
    attributes: { axis: 1 },
    expected: /differ only along axis 1/,
  },
  {
    op: 'concat',
    shapes: [
      [2, 3],
      [2, 3, 1],
    ],
    attributes: { axis: 1 },
    expected: /differ only along axis 1/,
  },
  {
    op: 'concat',
    shapes: [
      [2, 3],
      [2, 3],
    ],
    attributes: { axis: 2 },
    expected: /axis below 2, got 2/,
  },
  { op: 'slice', shapes: [[4]], attributes: { starts: [1], stops: [5], steps: [1] }, expected: /on axis 0, got 1…5/ },
  { op: 'slice', shapes: [[4]], attributes: { starts: [2], stops: [2], steps: [1] }, expected: /start < stop/ },
  { op: 'slice', shapes: [[4]], attributes: { starts: [], stops: [], steps: [] }, expected: /every axis/ },
  {
    op: 'sliceGrad',
    shapes: [[3]],
    attributes: { shape: [4], starts: [0], stops: [4], steps: [2] },
    expected: /the slice's shape \[2\]/,
  },
  { op: 'pad', shapes: [[2, 3]], attributes: { before: [1], after: [1] }, expected: /before and after every axis/ },
  { op: 'pad', shapes: [[3]], attributes: { before: [-1], after: [0] }, expected: /count ≥ 0/ },
  {
    op: 'reflectPad',
    shapes: [[1, 3, 3, 5]],
    attributes: { padding: [3, 0, 0, 0] },
    expected: /above the padding \[3,0,0,0\]/,
  },
  { op: 'reflectPad', shapes: [[3, 5]], attributes: { padding: [1, 1, 1, 1] }, expected: /4 axes/ },
  {
    op: 'reflectPadGrad',
    shapes: [[1, 1, 5, 5]],
    attributes: { padding: [2, 2, 2, 2] },
    expected: /that reflectPad \[2,2,2,2\] can give/,
  },
  { op: 'reflectPadGrad', shapes: [[5, 5]], attributes: { padding: [1, 1, 1, 1] }, expected: /4 axes/ },
  {
    op: 'matmul',
    shapes: [
      [2, 3],
      [2, 3],
    ],
    attributes: { transposeA: false, transposeB: false },
    expected: /equal inner axes/,
  },
  {
    op: 'matmul',
    shapes: [
      [2, 2, 3],
      [4, 3, 5],
    ],
    attributes: { transposeA: false, transposeB: false },
    expected: /equal leading axes/,
  },
  { op: 'matmul', shapes: [[3], [3]], attributes: { transposeA: false, transposeB: false }, expected: /ranks ≥ 2/ },
  { op: 'conv2d', shapes: [image, [8, 4, 3, 3]], attributes: { stride, padding }, expected: /input channels/ },
  { op: 'conv2d', shapes: [image, [8, 3, 7, 7]], attributes: { stride, padding }, expected: /as large as the kernel/ },
  {
    op: 'conv2d',
    shapes: [
      [3, 5, 5],
      [8, 3, 3, 3],
    ],
    attributes: { stride, padding },
    expected: /4 axes/,
  },
  {
    op: 'conv2dInputGrad',
    shapes: [
      [1, 8, 3, 3],
      [4, 3, 3, 3],
    ],
    attributes: { stride, padding, size: [5, 5] },
    expected: /channels as the kernel puts out/,
  },
  {
    op: 'conv2dInputGrad',
    shapes: [
      [1, 8, 3, 3],
      [8, 3, 3, 3],
    ],
    attributes: { stride, padding, size: [6, 5] },
    expected: /spatial size \[4, 3\], the convolution's of \[6, 5\]/,
  },
  {
    op: 'conv2dWeightGrad',
    shapes: [image, [1, 8, 4, 3]],
    attributes: { stride, padding, kernel: square },
    expected: /spatial size \[3, 3\]/,
  },
  {
    op: 'conv2dWeightGrad',
    shapes: [image, [2, 8, 3, 3]],
    attributes: { stride, padding, kernel: square },
    expected: /spatial size/,
  },
  { op: 'instanceNorm', shapes: [[3, 5]], attributes: { epsilon: 1e-5 }, expected: /4 axes/ },
  { op: 'instanceNormGrad', shapes: [image, [1, 3, 5, 6]], attributes: { epsilon: 1e-5 }, expected: /equal shapes/ },
];

describe('a misfit names the operation, the shapes and what was expected:', () => {
  it.each(misfits.map(one => ({ title: `${one.op} of ${one.shapes.map(formatShape).join(' and ')}`, one })))(
    '$title',
    ({ one }) => {
      const builder = new GraphBuilder();
      const inputs = one.shapes.map((shape, at) => builder.input(`x${at}`, shape));
      const message = messageOf(() => builder.emit(one.op, inputs, one.attributes));
      expect(message).toMatch(new RegExp(`^SHAPE_MISMATCH: ${one.op}: got .*, expected `));
      expect(message).toMatch(one.expected);
      // A kernel too large for its image is told by its size alone.
      const told = /as large/.test(message) ? one.shapes.slice(0, 1) : one.shapes;
      for (const shape of told) expect(message).toContain(formatShape(shape));
    },
  );

  test('every operation that can be misused has a case', () => {
    const anyShape = ['input', 'variable', 'constant', 'neg', 'abs', 'sign', 'exp', 'log', 'sqrt'];
    anyShape.push('tanh', 'sigmoid', 'softplus', 'leakyRelu');
    const covered = new Set([...anyShape, ...misfits.map(({ op }) => op)]);
    expect([...covered].sort()).toEqual([...operationNames].sort());
  });

  it('a tensor of another graph', () => {
    const [one, other] = [new GraphBuilder(), new GraphBuilder()];
    const message = messageOf(() => add(one.input('x', [2]), other.input('y', [2])));
    expect(message).toBe('GRAPH_INVALID: add: an input is of another graph.');
  });

  it('a name used again with another shape', () => {
    const builder = new GraphBuilder();
    builder.input('image', [1, 3]);
    expect(messageOf(() => builder.input('image', [1, 4]))).toMatch(/input image: got \[1, 4\], expected \[1, 3\]/);
  });

  it('an update of another shape than its variable', () => {
    const builder = new GraphBuilder();
    const w = builder.variable('w', [2]);
    expect(messageOf(() => builder.update(w, builder.input('x', [3])))).toMatch(
      /update of w: got \[3\], expected \[2\]/,
    );
  });

  it('a constant whose values do not fill its shape', () => {
    const message = messageOf(() => new GraphBuilder().constant(new Float32Array(5), [2, 3]));
    expect(message).toMatch(/constant: 5 values do not fill \[2, 3\]/);
  });
});

describe('symbolic dimensions', () => {
  const [n, height, width] = [symbol('n'), symbol('height', 4), symbol('width', 4)];
  const imageOf = (builder: GraphBuilder) => builder.input('image', [n, 3, height, width]);
  const weights = (builder: GraphBuilder, ...shape: number[]) => builder.variable(`w ${shape}`, shape);

  it('come out of a residual generator as they went in', () => {
    const builder = new GraphBuilder();
    const image = imageOf(builder);
    let x: Tensor = relu(instanceNorm(conv2d(reflectPad(image, 3), weights(builder, 8, 3, 7, 7))));
    expect(formatShape(x.shape)).toBe('[n, 8, height, width]');
    x = conv2d(x, weights(builder, 16, 8, 3, 3), { stride: 2, padding: 1 });
    expect(formatShape(x.shape)).toBe('[n, 16, height/2, width/2]');
    x = conv2d(x, weights(builder, 32, 16, 3, 3), { stride: 2, padding: 1 });
    expect(formatShape(x.shape)).toBe('[n, 32, height/4, width/4]');
    x = add(x, instanceNorm(conv2d(reflectPad(x, 1), weights(builder, 32, 32, 3, 3))));
    const doubling = { stride: 2, padding: 1, outputPadding: 1 };
    x = convTranspose2d(x, weights(builder, 32, 16, 3, 3), doubling);
    x = convTranspose2d(x, weights(builder, 16, 8, 3, 3), doubling);
    x = conv2d(reflectPad(x, 3), weights(builder, 3, 8, 7, 7));
    expect(x.shape).toEqual(image.shape);
  });

  it('meet again across the skips of a U-Net', () => {
    const builder = new GraphBuilder();
    const image = builder.input('image', [n, 3, symbol('height', 8), symbol('width', 8)]);
    const halving = { stride: 2, padding: 1 };
    const levels = [image];
    for (const [from, to] of [
      [3, 8],
      [8, 16],
      [16, 16],
    ] as const) {
      levels.push(leakyRelu(conv2d(levels.at(-1)!, weights(builder, to, from, 4, 4), halving)));
    }
    expect(formatShape(levels[3]!.shape)).toBe('[n, 16, height/8, width/8]');
    let x = convTranspose2d(levels[3]!, weights(builder, 16, 16, 4, 4), halving);
    x = convTranspose2d(concat([levels[2]!, x], 1), weights(builder, 32, 8, 4, 4), halving);
    x = convTranspose2d(concat([levels[1]!, x], 1), weights(builder, 16, 3, 4, 4), halving);
    expect(x.shape).toEqual(image.shape);
  });

  it('are refused where a stride may not divide them, with the remedy', () => {
    const builder = new GraphBuilder();
    const image = builder.input('image', [1, 3, symbol('height', 2), symbol('width', 2)]);
    const half = conv2d(image, weights(builder, 4, 3, 3, 3), { stride: 2, padding: 1 });
    const message = messageOf(() => conv2d(half, weights(builder, 4, 4, 3, 3), { stride: 2, padding: 1 }));
    expect(message).toMatch(/height.* only known to be a multiple of 2\. Declare the symbol with a larger multiple/);
  });

  it('of different names do not add', () => {
    const builder = new GraphBuilder();
    const [x, y] = [builder.input('x', [symbol('a')]), builder.input('y', [symbol('b')])];
    expect(messageOf(() => add(x, y))).toMatch(/add: got \[a\] and \[b\]/);
  });

  it('are reshaped where the elements are known to be as many', () => {
    const builder = new GraphBuilder();
    const half = dividedBy(height, 2);
    const x = builder.input('x', [n, 6, half, width]);
    expect(formatShape(reshape(x, [n, 2, times(half, 3), width]).shape)).toBe('[n, 2, 3*height/2, width]');
    const bordered = builder.input('bordered', [1, 6, plus(half, 3)]);
    expect(formatShape(reshape(bordered, [times(plus(half, 3), 2), 3]).shape)).toBe('[height+6, 3]');
    expect(messageOf(() => reshape(x, [n, 2, times(half, 2), width]))).toMatch(
      /reshape: .* as many elements as before/,
    );
    expect(messageOf(() => reshape(bordered, [times(half, 2), 3]))).toMatch(/as many elements as before/);
  });

  it('calculate: halves, sums and multiples in lowest terms', () => {
    const size = symbol('size', 12);
    expect(formatShape([times(dividedBy(size, 4), 2)])).toBe('[size/2]');
    expect(formatShape([dividedBy(plus(times(size, 2), 6), 3)])).toBe('[2*size/3+2]');
    expect(formatShape([plus(size, -5)])).toBe('[size-5]');
    expect(sameDimension(times(dividedBy(size, 3), 3), size)).toBe(true);
    expect(sameDimension(plus(size, 1), size)).toBe(false);
  });
});

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return String(error);
  }
  throw new Error('nothing was thrown');
}
