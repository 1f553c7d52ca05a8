import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/index.js';
import { evaluate } from '../../src/engine/index.js';
import { conv2d, GraphBuilder } from '../../src/graph/index.js';
import { buildNetwork, parametersOf, type ResnetSpec } from '../../src/nets/index.js';
import { resizeAndConvolve } from '../../src/nets/resize-and-convolve.js';

const [channels, outputs, height, width] = [2, 3, 4, 5];
const random = new Random(1);
const drawn = (size: number) => Float64Array.from({ length: size }, () => random.normal());

/** Every pixel as a block of 2 × 2. */
function doubled(x: Float64Array): Float64Array {
  return Float64Array.from({ length: x.length * 4 }, (_, at) => {
    const [column, row] = [at % (2 * width), Math.floor(at / (2 * width)) % (2 * height)];
    const channel = Math.floor(at / (4 * width * height));
    return x[(channel * height + (row >> 1)) * width + (column >> 1)]!;
  });
}

/** `[c, k, 3, 3]` → `[k, c, 3, 3]`, turned by 180°. */
function turned(kernel: Float64Array): Float64Array {
  return Float64Array.from({ length: kernel.length }, (_, at) => {
    const [cell, c, k] = [at % 9, Math.floor(at / 9) % channels, Math.floor(at / 9 / channels)];
    return kernel[(c * outputs + k) * 9 + 8 - cell]!;
  });
}

describe('upsampling by resizing', () => {
  it('is nearest-neighbour doubling and then a convolution with the turned kernel', () => {
    const [x, kernel] = [drawn(channels * height * width), drawn(channels * outputs * 9)];
    const builder = new GraphBuilder();
    const input = builder.input('x', [1, channels, height, width]);
    builder.output('once', resizeAndConvolve(input, builder.input('kernel', [channels, outputs, 3, 3])));
    const wide = builder.input('wide', [1, channels, 2 * height, 2 * width]);
    builder.output('twice', conv2d(wide, builder.input('turned', [outputs, channels, 3, 3]), { padding: 1 }));
    const { outputs: results } = evaluate(builder.build(), {
      inputs: {
        x: { shape: [1, channels, height, width], data: x },
        kernel: { shape: [channels, outputs, 3, 3], data: kernel },
        wide: { shape: [1, channels, 2 * height, 2 * width], data: doubled(x) },
        turned: { shape: [outputs, channels, 3, 3], data: turned(kernel) },
      },
      variables: {},
    });
    const [once, twice] = [results['once']!, results['twice']!];
    expect(once.shape).toEqual([1, outputs, 2 * height, 2 * width]);
    once.data.forEach((value, at) => {
      expect(value).toBeCloseTo(twice.data[at]!, 10);
    });
  });

  it('has the weights of the transposed convolution that it stands for', () => {
    const spec: ResnetSpec = {
      kind: 'resnet',
      blocks: 1,
      width: 4,
      inputChannels: 3,
      outputChannels: 3,
      dropout: false,
    };
    expect(parametersOf({ ...spec, upsample: 'resize' })).toEqual(parametersOf(spec));
    const builder = new GraphBuilder();
    const y = buildNetwork({ ...spec, upsample: 'resize' }, builder.input('x', [1, 3, 8, 12]), (key, shape) =>
      builder.variable(key, shape),
    );
    expect(y.shape).toEqual([1, 3, 8, 12]);
  });
});
