/**
 * One convolution has several spellings in ONNX, chosen by shape and by whether its kernel is fixed. Each must mean what
 * the reference evaluator computes, and must be the one that was meant to be chosen: the conformance suite cannot see which.
 */
import { fromBinary } from '@bufbuild/protobuf';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, evaluate, openEngine } from '../../src/engine/index.js';
import {
  add,
  concat,
  conv2d,
  conv2dInputGrad,
  conv2dWeightGrad,
  convTranspose2d,
  type Graph,
  GraphBuilder,
  instanceNorm,
  instanceNormGrad,
  leakyReluGrad,
  mul,
  type Padding,
  reflectPad,
  reflectPadGrad,
  type Stride,
  sign,
  slice,
  symbol,
  type Tensor,
} from '../../src/graph/index.js';
import { ModelProtoSchema } from '../../src/onnx/generated/index.js';
import { decodeOnnx, encodeOnnx, type LoweringOptions } from '../../src/onnx/index.js';
import { doubles, expectNear, mapped, tensor } from '../engine/near.js';
import { seededRandom } from '../graph/random-values.js';

type Write = (builder: GraphBuilder) => Tensor;

const once: Stride = [1, 1];
const twice: Stride = [2, 2];
const none: Padding = [0, 0, 0, 0];
const float32Noise = 3e-6;
/** Tiles are transformed with factors of up to 8, whose sums cancel: several times the error of a plain sum. */
const tiledNoise = 2e-5;

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine('cpu', { threads: 2 });
});
afterAll(() => engine.dispose());

describe('a convolution whose kernel changes between runs', () => {
  it('with far fewer outputs than inputs spreads the outputs', async () => {
    const graph = graphOf(b => conv2d(b.input('x', [2, 12, 9, 11]), b.input('w', [3, 12, 7, 7]), { padding: 2 }));
    expect(operations(graph)).toContain('ConvTranspose');
    await expectExact(graph);
  });

  it('with more padding than kernel stays a Conv', async () => {
    const graph = graphOf(b => conv2d(b.input('x', [1, 8, 5, 6]), b.input('w', [2, 8, 3, 3]), { padding: 4 }));
    expect(operations(graph)).toEqual(['Conv']);
    await expectExact(graph);
  });
});

describe('a convolution with a fixed kernel and few outputs', () => {
  it('computes blocks of four where height and width are even', async () => {
    const graph = graphOf(b => conv2d(b.input('x', [2, 16, 14, 12]), fixed(b, [3, 16, 7, 7]), { padding: 1 }));
    expect(operations(graph)).toContain('DepthToSpace');
    await expectExact(graph);
  });

  it('does so for symbolic sizes known to be even', async () => {
    const shape = [symbol('batch'), 16, symbol('height', 4), symbol('width', 2)];
    const graph = graphOf(b => conv2d(b.input('x', shape), fixed(b, [1, 16, 5, 5]), { padding: 2 }));
    expect(operations(graph)).toContain('DepthToSpace');
    await expectExact(graph, { x: [2, 16, 8, 10] });
  });

  it.each([
    ['odd', [1, 16, 13, 12]],
    ['of unknown parity', [1, 16, symbol('height'), symbol('width')]],
  ])('is a Conv where a size is %s', async (_, shape) => {
    const graph = graphOf(b => conv2d(b.input('x', shape), fixed(b, [3, 16, 3, 3])));
    expect(operations(graph)).toEqual(['Conv']);
    await expectExact(graph, { x: [1, 16, 13, 12] });
  });
});

describe('an input gradient', () => {
  it('of far fewer channels than the result unfolds them', async () => {
    const graph = graphOf(b =>
      conv2dInputGrad(b.input('dy', [2, 3, 9, 8]), b.input('w', [3, 16, 5, 5]), once, [2, 1, 2, 3], [9, 8]),
    );
    expect(operations(graph)).toContain('Conv');
    await expectExact(graph);
  });

  it.each([
    ['large', 24, 'Conv', 'ConvTranspose'],
    ['small', 23, 'ConvTranspose', 'Conv'],
  ])('of a dense and %s image, %i cells high, is a %s', async (_, height, chosen, other) => {
    const graph = graphOf(b => {
      const dy = b.input('dy', [2, 4, height, 24]);
      return conv2dInputGrad(dy, b.input('w', [4, 5, 3, 3]), once, none, [height + 2, 26]);
    });
    expect(operations(graph)).toContain(chosen);
    expect(operations(graph)).not.toContain(other);
    await expectExact(graph);
  });

  it.each([
    ['one of 32 × 63 cells', [1, 4, 32, 63], 'ConvTranspose'],
    ['one of 32 × 64 cells', [1, 4, 32, 64], 'Conv'],
    ['two of 32 × 32 cells', [2, 4, 32, 32], 'Conv'],
  ] as const)('of a dense batch for WebGPU, %s, is what a card does faster', async (_, shape, chosen) => {
    const graph = graphOf(b => {
      const size = [shape[2] + 2, shape[3] + 2] as const;
      return conv2dInputGrad(b.input('dy', shape), b.input('w', [4, 5, 3, 3]), once, none, size);
    });
    const own = operations(graph, { target: 'webgpu' }).filter(op => op.startsWith('Conv'));
    expect(own).toEqual([chosen]);
    await expectExact(graph, {}, { target: 'webgpu' });
  });

  it.each([3, 4])('with a fixed kernel of %i × %i cells that doubles the size is four small Convs', async kernel => {
    const options = { stride: 2, padding: 1, outputPadding: kernel === 3 ? 1 : 0 };
    const graph = graphOf(b => convTranspose2d(b.input('x', [2, 6, 5, 7]), fixed(b, [6, 4, kernel, kernel]), options));
    expect(operations(graph).filter(op => op === 'Conv')).toHaveLength(4);
    await expectExact(graph);
  });

  it('with a fixed kernel that does not double the size is a ConvTranspose', async () => {
    const graph = graphOf(b => convTranspose2d(b.input('x', [1, 6, 5, 7]), fixed(b, [6, 4, 3, 3]), { stride: 2 }));
    expect(operations(graph)).toEqual(['ConvTranspose']);
    await expectExact(graph);
  });
});

describe('a weight gradient', () => {
  it.each([
    ['of a large kernel is unfolded by slices', [2, 3, 12, 11], [2, 5, 6, 5], once, [7, 7]],
    ['of few outputs unfolds them', [2, 16, 9, 8], [2, 2, 7, 8], once, [3, 1]],
    ['of a strided kernel that leaves cells over', [2, 4, 9, 10], [2, 5, 4, 4], twice, [3, 3]],
  ] as const)('%s', async (_, x, dy, stride, kernel) => {
    await expectExact(graphOf(b => conv2dWeightGrad(b.input('x', x), b.input('dy', dy), stride, none, kernel)));
  });

  it('summed over three images is one accumulated product', async () => {
    const graph = graphOf(b => add(add(gradient(b, 1), gradient(b, 2)), gradient(b, 3)));
    expect(operations(graph).filter(op => op === 'Gemm')).toHaveLength(3);
    expect(operations(graph)).not.toContain('Add');
    await expectExact(graph);
  });

  it('that is needed for itself too is not swallowed by a sum', async () => {
    const graph = graphOf(b => {
      const first = gradient(b, 1);
      return mul(add(first, gradient(b, 2)), first);
    });
    expect(operations(graph)).toContain('Add');
    await expectExact(graph);
  });
});

it.each([0, 0.2, 1.5])('the gradient of a leaky ReLU of slope %d passes by the sign of its input', async slope => {
  const graph = graphOf(b =>
    leakyReluGrad(mul(b.input('x', [3, 50]), sign(b.input('s', [3, 50]))), b.input('dy', [3, 50]), slope),
  );
  expect(operations(graph).includes('Where')).toBe(slope > 1);
  await expectExact(graph);
});

it.each([6, 100])('a mirrored border is folded back onto an image %i cells high', async height => {
  await expectExact(graphOf(b => reflectPadGrad(b.input('dy', [2, 3, height + 5, 9]), [3, 1, 2, 3])));
});

describe('for WebGPU', () => {
  const webgpu = { target: 'webgpu' } as const;

  it.each([
    ['of a small kernel', [2, 3, 9, 8], [2, 5, 9, 8], once, [1, 1, 1, 1]],
    ['with steps that leave cells over', [2, 4, 9, 10], [2, 5, 4, 4], twice, none],
  ] as const)('a weight gradient %s is unfolded without groups', async (_, x, dy, stride, padding) => {
    const graph = graphOf(b => conv2dWeightGrad(b.input('x', x), b.input('dy', dy), stride, padding, [3, 3]));
    expect(groups(encodeOnnx(graph))).toEqual([x[1], x[1]]);
    expect(groups(encodeOnnx(graph, webgpu))).toEqual([1, 1]);
    await expectExact(graph, {}, webgpu);
  });

  it('a weight gradient of many images has no slices', async () => {
    const images = [8, 4, 5, 6];
    const graph = graphOf(b => conv2dWeightGrad(b.input('x', images), b.input('dy', [8, 5, 3, 4]), once, none, [3, 3]));
    expect(operations(graph)).toContain('Slice');
    expect(operations(graph, webgpu)).not.toContain('Slice');
    await expectExact(graph, {}, webgpu);
  });

  it.each([
    ['that its cells can be cut into evenly', [1, 3, 26, 26], 1],
    ['of several images', [1, 3, 26, 26], 3],
    ['that need cells of zeros', [1, 3, 29, 25], 1],
    ['of the image itself, where its results are few', [1, 8, 29, 25], 2],
  ] as const)('a weight gradient over many cells is a product of slices: %s', async (_, [n, c, h, w], count) => {
    const one = (b: GraphBuilder, index: number) =>
      conv2dWeightGrad(
        b.input(`x${index}`, [n, c, h, w]),
        b.input(`dy${index}`, [n, c === 8 ? 2 : 4, h - 2, w - 2]),
        once,
        none,
        [3, 3],
      );
    const graph = graphOf(b =>
      Array.from({ length: count - 1 }, (_, index) => index).reduce((sum, index) => add(sum, one(b, index)), one(b, 9)),
    );
    expect(operations(graph)).toContain('Gemm');
    expect(operations(graph, webgpu).filter(op => op === 'MatMul')).toHaveLength(1);
    expect(operations(graph, webgpu)).not.toContain('Gemm');
    await expectExact(graph, {}, webgpu);
  });

  it('a weight gradient over few cells stays one product', () => {
    const graph = graphOf(b =>
      conv2dWeightGrad(b.input('x', [1, 3, 18, 18]), b.input('dy', [1, 4, 16, 16]), once, none, [3, 3]),
    );
    expect(operations(graph, webgpu)).toContain('Gemm');
  });

  it('the border of an image of a usual size is folded by products', async () => {
    const graph = graphOf(b => reflectPadGrad(b.input('dy', [1, 2, 106, 80]), [3, 3, 3, 3]));
    expect(operations(graph)).toContain('Slice');
    expect(operations(graph, webgpu)).toEqual(['MatMul', 'MatMul']);
    await expectExact(graph, {}, webgpu);
  });

  it('slices that are all of a value are its parts, however many', async () => {
    const parts = (b: GraphBuilder, stops: readonly number[]) => {
      const x = mul(b.input('x', [2, 24]), 2);
      return stops.map((stop, at) => slice(x, [0, stops[at - 1] ?? 0], [2, stop]));
    };
    const together = graphOf(b => concat(parts(b, [1, 4, 6, 7, 8, 10, 11, 15, 20, 24]).reverse(), 1));
    expect(operations(together, webgpu).filter(op => op !== 'Split')).toEqual(['Mul', 'Concat']);
    await expectExact(together, {}, webgpu);
    const lessThanAll = graphOf(b => concat(parts(b, [1, 4, 6]), 1));
    expect(operations(lessThanAll, webgpu).filter(op => op === 'Slice')).toHaveLength(3);
    await expectExact(lessThanAll, {}, webgpu);
  });

  it('a sign is chosen, since there is no Sign', async () => {
    const graph = graphOf(b => sign(b.input('x', [3, 5])));
    expect(operations(graph, webgpu)).not.toContain('Sign');
    await expectExact(graph, {}, webgpu);
  });

  it('the mean is taken off before values are normalised, whose variance its kernels lose far from zero', async () => {
    const graph = graphOf(b => instanceNorm(b.input('x', [2, 3, 5, 7])));
    expect(operations(graph)).toEqual(['InstanceNormalization']);
    const own = operations(graph, webgpu).filter(op => op !== 'Reshape');
    expect(own).toEqual(['ReduceMean', 'Sub', 'LayerNormalization']);
    await expectExact(graph, {}, webgpu);
  });

  it('a normalisation and its gradient share the deviation', async () => {
    const graph = graphOf(b => {
      const x = b.input('x', [2, 3, 5, 7]);
      return add(instanceNorm(x), instanceNormGrad(x, b.input('dy', [2, 3, 5, 7]), 1e-5));
    });
    const own = operations(graph, webgpu);
    expect(own.filter(op => op === 'LayerNormalization')).toHaveLength(1);
    expect(own).not.toContain('Sqrt');
    await expectExact(graph, {}, webgpu);
  });

  it('normalisation at any size is spelt out', async () => {
    const sizes = [1, 3, symbol('height'), symbol('width')];
    const graph = graphOf(b => instanceNorm(b.input('x', sizes)));
    expect(operations(graph, webgpu)).toContain('Sqrt');
    await expectExact(graph, { x: [1, 3, 6, 5] }, webgpu);
  });
});

describe('a 3 × 3 convolution of many channels and cells, whose kernel changes between runs,', () => {
  const kernel = [64, 66, 3, 3] as const;
  const borders = [
    ['no border', none, none],
    ['zeros', none, [1, 1, 1, 1]],
    ['a mirrored border', [1, 1, 1, 1], none],
    ['both, uneven', [2, 0, 1, 3], [0, 2, 1, 1]],
  ] as const;
  const sizes = [
    [1, 26, 28],
    [2, 27, 30],
  ] as const;
  const cases = borders.flatMap(border => sizes.map(size => [...border, size] as const));

  it.each(cases)('and %s is filtered in tiles, forwards and backwards', async (_, mirrored, padding, [n, h, w]) => {
    const [height, width] = [h + mirrored[0] + mirrored[2], w + mirrored[1] + mirrored[3]];
    const x = [n, 66, h, w];
    const dy = [n, 64, height + padding[0] + padding[2] - 2, width + padding[1] + padding[3] - 2];
    const forward = graphOf(b => conv2d(reflectPad(b.input('x', x), mirrored), b.input('w', kernel), { padding }));
    const image = graphOf(b => {
      const whole = conv2dInputGrad(b.input('dy', dy), b.input('w', kernel), once, padding, [height, width]);
      return reflectPadGrad(whole, mirrored);
    });
    const weights = graphOf(b => {
      const bordered = reflectPad(b.input('x', x), mirrored);
      return conv2dWeightGrad(bordered, b.input('dy', dy), once, padding, [3, 3]);
    });
    for (const graph of [forward, image, weights]) {
      for (const op of ['Conv', 'ConvTranspose', 'Pad']) expect(operations(graph)).not.toContain(op);
      await expectExact(graph, {}, {}, tiledNoise);
    }
  });

  it.each([
    ['few', 24, 1],
    ['many', 32, 3],
  ])('adds weight gradients of %s tiles up before it transforms them back', async (_, size, factors) => {
    const graph = graphOf(b =>
      [1, 2, 3]
        .map(index => {
          const x = reflectPad(b.input(`x${index}`, [1, 64, size, size]), 1);
          return conv2dWeightGrad(x, b.input(`dy${index}`, [1, 64, size, size]), once, none, [3, 3]);
        })
        .reduce((sum, next) => add(sum, next)),
    );
    expect(operations(graph).filter(op => op === 'MatMul')).toHaveLength(factors + 1);
    await expectExact(graph, {}, {}, tiledNoise);
  });

  it.each([
    [16, 'FusedMatMul', 'Conv'],
    [15, 'Conv', 'FusedMatMul'],
  ])('of very many channels and %i × 16 cells is computed by %s', async (height, chosen, other) => {
    const graph = graphOf(b =>
      conv2d(b.input('x', [1, 128, height, 16]), b.input('w', [129, 128, 3, 3]), { padding: 1 }),
    );
    expect(operations(graph)).toContain(chosen);
    expect(operations(graph)).not.toContain(other);
    await expectExact(graph, {}, {}, tiledNoise);
  });

  it.each([
    ['a fixed kernel', [1, 64, 26, 26], true, {}],
    ['few cells', [1, 64, 20, 20], false, {}],
    ['WebGPU', [1, 64, 26, 26], false, { target: 'webgpu' }],
  ] as const)('is an ordinary Conv for %s', (_, x, isFixed, options) => {
    const graph = graphOf(b =>
      conv2d(b.input('x', x), isFixed ? fixed(b, [64, 64, 3, 3]) : b.input('w', [64, 64, 3, 3])),
    );
    expect(operations(graph, options)).toEqual(['Conv']);
  });
});

function gradient(builder: GraphBuilder, index: number): Tensor {
  const x = builder.input(`x${index}`, [1, 4, 8, 9]);
  return conv2dWeightGrad(x, builder.input(`dy${index}`, [1, 5, 8, 9]), once, [1, 1, 1, 1], [3, 3]);
}

function graphOf(write: Write): Graph {
  const builder = new GraphBuilder();
  builder.output('y', write(builder));
  return builder.build();
}

function fixed(builder: GraphBuilder, shape: readonly number[]): Tensor {
  return builder.constant(tensor(seededRandom(5), shape).data, shape);
}

/** Names of the ONNX nodes that a graph becomes. */
function operations(graph: Graph, options: LoweringOptions = {}): string[] {
  const { graph: encoded } = fromBinary(ModelProtoSchema, encodeOnnx(graph, options));
  return (encoded?.node ?? []).map(node => node.opType);
}

function groups(bytes: Uint8Array): number[] {
  return decodeOnnx(bytes).convolutions.map(convolution => convolution.groups);
}

/** The file is what is run, on the CPU whatever it is written for. */
async function expectExact(
  graph: Graph,
  shapes: Readonly<Record<string, readonly number[]>> = {},
  options: LoweringOptions = {},
  noise = float32Noise,
): Promise<void> {
  const random = seededRandom(3);
  const inputs = Object.fromEntries(
    Object.entries(graph.inputs).map(([name, id]) => {
      const shape = shapes[name] ?? (graph.nodes[id]!.shape as readonly number[]);
      return [name, tensor(random, shape)];
    }),
  );
  const program = await engine.load({ bytes: encodeOnnx(graph, options) });
  const { y } = await program.run(inputs);
  await program.dispose();
  expectNear('y', y!, evaluate(graph, { inputs: mapped(inputs, doubles) }).outputs['y']!, noise);
}
