/** Discriminators beyond the reference's: one number for an image, and halving after a blur. */
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/engine/index.js';
import { GraphBuilder, gradients, mean, scalar, sqrt, square, sub, sum } from '../../src/graph/index.js';
import { blurPool } from '../../src/nets/blur-pool.js';
import {
  buildNetwork,
  type DiscriminatorSpec,
  describeNetwork,
  type ImageSpec,
  norms,
  type PatchSpec,
  parametersOf,
} from '../../src/nets/index.js';
import { type Argument, expectDerivatives, expectGradients } from '../graph/central-differences.js';
import { imageValues, inDouble, networkOf, networkValues } from './network-values.js';

const patch: PatchSpec = { kind: 'patch', layers: 3, width: 4, inputChannels: 3 };
const image: ImageSpec = { kind: 'image', layers: 4, width: 4, inputChannels: 3 };
const shapeOf = (spec: DiscriminatorSpec, size: readonly [number, number]) => networkOf(spec, [2, 3, ...size]).y.shape;

describe('an image discriminator', () => {
  it.each([
    [64, 64],
    [48, 80],
    [57, 33],
  ] as const)('gives one number for each image, of any size: %i × %i', (height, width) => {
    expect(shapeOf(image, [height, width])).toEqual([2, 1, 1, 1]);
    expect(shapeOf({ ...image, downsample: 'blur' }, [height, width])).toEqual([2, 1, 1, 1]);
  });

  it('sees the whole image: every pixel has a say', () => {
    const { builder, x, y } = networkOf(image, [1, 3, 32, 32]);
    builder.output('slope', gradients(scalar(y), [x])[0]!);
    const inputs = inDouble({ x: imageValues([1, 3, 32, 32]) });
    const { slope } = evaluate(builder.build(), { inputs, variables: inDouble(networkValues(image)) }).outputs;
    expect(slope!.data.every(value => value !== 0)).toBe(true);
  });

  it('tells images apart that differ in nothing but brightness', () => {
    const { builder, y } = networkOf(image, [2, 3, 16, 16]);
    builder.output('y', y);
    const dark = imageValues([1, 3, 16, 16]).data.map(value => 0.2 * value - 0.5);
    const data = Float64Array.from([...dark, ...dark.map(value => value + 1)]);
    const inputs = { x: { shape: [2, 3, 16, 16], data } };
    const { data: logits } = evaluate(builder.build(), { inputs, variables: inDouble(networkValues(image)) }).outputs[
      'y'
    ]!;
    expect(Math.abs(logits[0]! - logits[1]!)).toBeGreaterThan(1e-3);
  });

  it('has no normalisation before its mean, and ends in one row of weights', () => {
    const keys = parametersOf({ ...image, norm: 'group' }).map(({ key, shape }) => `${key} ${shape}`);
    expect(keys).toEqual([
      'model.0.weight 4,3,4,4',
      'model.0.bias 4',
      'model.2.weight 8,4,4,4',
      'model.2.bias 8',
      'model.3.weight 8',
      'model.3.bias 8',
      'model.5.weight 16,8,4,4',
      'model.5.bias 16',
      'model.6.weight 16',
      'model.6.bias 16',
      'model.8.weight 32,16,4,4',
      'model.8.bias 32',
      'model.11.weight 1,32,1,1',
      'model.11.bias 1',
    ]);
    expect(describeNetwork({ ...image, norm: 'none' })).toBe(
      'image discriminator of 4 layers, width 4, 3 channels, no normalisation',
    );
  });
});

describe('halving after a blur', () => {
  it.each([
    [5, 8],
    [7, 4],
    [2, 3],
    [1, 6],
  ])('is a binomial filter with a mirrored border, every other value of it kept: %i × %i', (height, width) => {
    const shape = [2, 3, height, width];
    const { data } = inDouble({ x: imageValues(shape) })['x']!;
    const mirrored = (cell: number, size: number) => {
      if (size === 1) return 0;
      return cell < 0 ? -cell : cell >= size ? 2 * size - 2 - cell : cell;
    };
    const taps = [-1, 0, 1].map(offset => ({ offset, weight: offset === 0 ? 0.5 : 0.25 }));
    const expected: number[] = [];
    for (let plane = 0; plane < 6; plane++)
      for (let row = 0; row < height; row += 2)
        for (let column = 0; column < width; column += 2) {
          let value = 0;
          for (const down of taps)
            for (const across of taps) {
              const line = plane * height + mirrored(row + down.offset, height);
              value += down.weight * across.weight * data[line * width + mirrored(column + across.offset, width)]!;
            }
          expected.push(value);
        }
    const builder = new GraphBuilder();
    builder.output('y', blurPool(builder.input('x', shape)));
    const y = evaluate(builder.build(), { inputs: { x: { shape, data } } }).outputs['y']!;
    expect(y.shape).toEqual([2, 3, Math.ceil(height / 2), Math.ceil(width / 2)]);
    y.data.forEach((value, at) => {
      expect(value).toBeCloseTo(expected[at]!, 12);
    });
  });

  it('has its gradients', () => {
    expectGradients([{ name: 'x', shape: [1, 2, 5, 4], values: imageValues([1, 2, 5, 4]).data }], ([x]) =>
      blurPool(x!),
    );
  });

  it.each([1, 2, 3, 4])('gives maps of the size that strides give: %i layers', layers => {
    for (const size of [
      [64, 64],
      [48, 80],
    ] as const) {
      expect(shapeOf({ ...patch, layers, downsample: 'blur' }, size)).toEqual(shapeOf({ ...patch, layers }, size));
    }
  });

  it('answers less to a shift of the image by one pixel', () => {
    // A shift by 1 of an image that repeats every 16 pixels: were there no sampling, the mean of all logits would stay.
    const row = imageValues([1, 3, 16, 16]).data;
    const repeated = (shift: number) =>
      Float64Array.from({ length: 3 * 64 * 64 }, (_, at) => {
        const [column, line] = [(at + shift) % 16, Math.floor(at / 64) % 16];
        return row[(Math.floor(at / 4096) * 16 + line) * 16 + column]!;
      });
    const change = (spec: PatchSpec) => {
      const { builder, y } = networkOf(spec, [1, 3, 64, 64]);
      builder.output('y', y);
      const [here, there] = [0, 1].map(shift => {
        const inputs = { x: { shape: [1, 3, 64, 64], data: repeated(shift) } };
        const { data } = evaluate(builder.build(), { inputs, variables: inDouble(networkValues(spec)) }).outputs['y']!;
        return data;
      });
      const spread = here!.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const moved = here!.reduce((total, value, at) => total + Math.abs(value - there![at]!), 0) / here!.length;
      return moved / spread;
    };
    const spec: PatchSpec = { ...patch, layers: 2, norm: 'none' };
    expect(change({ ...spec, downsample: 'blur' })).toBeLessThan(0.7 * change(spec));
  });
});

describe('the gradient penalty of wgan-gp', () => {
  const penalised: readonly DiscriminatorSpec[] = [
    ...norms.filter(norm => norm !== 'batch').map(norm => ({ ...patch, width: 2, layers: 1, norm })),
    { ...patch, width: 2, layers: 1, norm: 'none', downsample: 'blur' },
    { kind: 'image', layers: 2, width: 2, inputChannels: 3, norm: 'none' },
  ];

  it.each(penalised)('has its gradients through a whole discriminator: %o', spec => {
    const values = networkValues(spec, 5);
    const shape = [2, 3, 8, 8];
    const checked = parametersOf(spec)
      .filter(({ cancels, shape: of }) => !cancels && of.length !== 4)
      .slice(0, 3);
    const first = parametersOf(spec)[0]!;
    const args = [first, ...checked].map(
      ({ key, shape: of }): Argument => ({ name: key, shape: of, values: values[key]!.data }),
    );
    const builder = new GraphBuilder();
    const inputs = args.map(({ name, shape: of }) => builder.input(name, of));
    const x = builder.constant(imageValues(shape).data, shape);
    const y = buildNetwork(
      spec,
      x,
      (key, of) =>
        args.some(({ name }) => name === key) ? builder.input(key, of) : builder.constant(values[key]!.data, of),
      { mode: 'training' },
    );
    const [slope] = gradients(scalar(sum(mean(y, [1, 2, 3]))), [x]);
    const length = sqrt(sum(square(slope!), [1, 2, 3]));
    expectDerivatives(scalar(mean(square(sub(length, 1)))), inputs, args);
  });
});
