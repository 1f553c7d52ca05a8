/**
 * The reference evaluator against results written down by hand: other engines are held to it, so it needs a check that
 * does not come from itself.
 */
import { describe, expect, it } from 'vitest';
import { evaluate, openEngine } from '../../src/engine/index.js';
import {
  concat,
  conv2d,
  conv2dInputGrad,
  conv2dWeightGrad,
  convTranspose2d,
  GraphBuilder,
  instanceNorm,
  leakyReluGrad,
  matmul,
  pad,
  reflectPad,
  reflectPadGrad,
  slice,
  sliceGrad,
  softplus,
  type Tensor,
  transpose,
} from '../../src/graph/index.js';
import { tinyOnnx } from '../support/tiny-onnx.js';

describe('the reference evaluator', () => {
  it('conv2d is a cross-correlation: the kernel is not turned', () => {
    const image = tensor([1, 1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(evaluated(image, x => conv2d(x, constant(x, [1, 1, 2, 2], [1, 10, 100, 1000])))).toEqual([
      [1, 1, 2, 2],
      [5421, 6532, 8754, 9865],
    ]);
  });

  it('conv2d sums channels, steps by its stride and pads top, left, bottom, right', () => {
    const image = tensor([1, 2, 2, 3], [1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60]);
    const result = evaluated(image, x =>
      conv2d(x, constant(x, [1, 2, 1, 2], [1, 0, 0, 1]), { stride: [1, 2], padding: [1, 0, 0, 1] }),
    );
    expect(result).toEqual([
      [1, 1, 3, 2],
      [0, 0, 21, 3, 54, 6],
    ]);
  });

  it('conv2dInputGrad spreads each cell by the kernel', () => {
    const dy = tensor([1, 1, 2, 2], [1, 2, 3, 4]);
    const result = evaluated(dy, x =>
      conv2dInputGrad(x, constant(x, [1, 1, 1, 2], [1, 10]), [1, 1], [0, 0, 0, 0], [2, 3]),
    );
    expect(result).toEqual([
      [1, 1, 2, 3],
      [1, 12, 20, 3, 34, 40],
    ]);
  });

  it('convTranspose2d with stride 2, padding 1 and output padding 1 doubles the size, as in PyTorch', () => {
    const image = tensor([1, 1, 1, 2], [1, 2]);
    const result = evaluated(image, x =>
      convTranspose2d(x, constant(x, [1, 1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9]), {
        stride: 2,
        padding: 1,
        outputPadding: 1,
      }),
    );
    expect(result).toEqual([
      [1, 1, 2, 4],
      [5, 14, 10, 12, 8, 23, 16, 18],
    ]);
  });

  it('conv2dWeightGrad correlates the image with the adjoint', () => {
    const image = tensor([1, 1, 2, 3], [1, 2, 3, 4, 5, 6]);
    const result = evaluated(image, x =>
      conv2dWeightGrad(x, constant(x, [1, 1, 2, 2], [1, 0, 0, 10]), [1, 1], [0, 0, 0, 0], [1, 2]),
    );
    expect(result).toEqual([
      [1, 1, 1, 2],
      [51, 62],
    ]);
  });

  it('reflectPad does not repeat the edge, and its adjoint folds back', () => {
    const image = tensor([1, 1, 2, 3], [1, 2, 3, 4, 5, 6]);
    expect(evaluated(image, x => reflectPad(x, [1, 2, 0, 1]))).toEqual([
      [1, 1, 3, 6],
      [6, 5, 4, 5, 6, 5, 3, 2, 1, 2, 3, 2, 6, 5, 4, 5, 6, 5],
    ]);
    const ones = tensor([1, 1, 3, 6], Array(18).fill(1));
    expect(evaluated(ones, dy => reflectPadGrad(dy, [1, 2, 0, 1]))).toEqual([
      [1, 1, 2, 3],
      [1, 3, 2, 2, 6, 4],
    ]);
  });

  it('instanceNorm divides by the biased deviation of each plane', () => {
    const image = tensor([1, 2, 1, 4], [1, 1, 5, 5, 10, 20, 10, 20]);
    const [, values] = evaluated(image, x => instanceNorm(x, 0));
    expect(values).toEqual([-1, -1, 1, 1, -1, 1, -1, 1]);
  });

  it('moves elements by axes, starts and steps', () => {
    const matrix = tensor([2, 3], [1, 2, 3, 4, 5, 6]);
    expect(evaluated(matrix, x => transpose(x, [1, 0]))[1]).toEqual([1, 4, 2, 5, 3, 6]);
    expect(evaluated(matrix, x => concat([x, x], 1))[1]).toEqual([1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]);
    expect(evaluated(matrix, x => slice(x, [0, 0], [2, 3], [1, 2]))[1]).toEqual([1, 3, 4, 6]);
    expect(evaluated(matrix, x => sliceGrad(x, [2, 6], [0, 1], [2, 6], [1, 2]))[1]).toEqual([
      0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6,
    ]);
    expect(evaluated(matrix, x => pad(x, [1, 0], [0, 1]))[1]).toEqual([0, 0, 0, 0, 1, 2, 3, 0, 4, 5, 6, 0]);
    expect(evaluated(matrix, x => matmul(x, x, { transposeB: true }))[1]).toEqual([14, 32, 32, 77]);
  });

  it('softplus neither overflows nor loses small values; leakyReluGrad takes the slope at zero', () => {
    const [, values] = evaluated(tensor([3], [1000, -1000, -40]), softplus);
    expect(values).toEqual([1000, 0, Math.log1p(Math.exp(-40))]);
    const slopes = evaluated(tensor([3], [1, 0, -1]), x => leakyReluGrad(x, constant(x, [3], [8, 8, 8]), 0.5));
    expect(slopes[1]).toEqual([8, 4, 4]);
  });

  it('reads model files, in full precision only', async () => {
    const engine = await openEngine('reference');
    const program = await engine.load({ bytes: tinyOnnx({ kind: 'negate' }) });
    const { translated } = await program.run({ image: { shape: [1, 3, 1, 1], data: Float32Array.of(1, 2, -3) } });
    expect([...translated!.data]).toEqual([-1, -2, 3]);
    await expect(engine.load({ path: 'nowhere.onnx' })).rejects.toMatchObject({ code: 'MODEL_MISSING' });
    await expect(engine.load({ bytes: tinyOnnx({ kind: 'negate' }) }, { precision: 'float16' })).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
    });
  });
});

interface Values {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

function tensor(shape: readonly number[], values: readonly number[]): Values {
  return { shape, data: Float64Array.from(values) };
}

function constant(beside: Tensor, shape: readonly number[], values: readonly number[]): Tensor {
  return beside.builder.constant(Float32Array.from(values), shape);
}

/** Shape and values of `f` of one tensor. */
function evaluated(x: Values, f: (x: Tensor) => Tensor): [number[], number[]] {
  const builder = new GraphBuilder();
  builder.output('y', f(builder.input('x', x.shape)));
  const y = evaluate(builder.build(), { inputs: { x } }).outputs['y']!;
  return [[...y.shape], [...y.data]];
}
