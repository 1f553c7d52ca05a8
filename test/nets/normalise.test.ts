/** Normalisations of the networks: their parameters, what they compute in training and in use, and their gradients. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/index.js';
import { evaluate, openEngine } from '../../src/engine/index.js';
import {
  add,
  conv2d,
  GraphBuilder,
  leakyRelu,
  mean,
  scalar,
  sizeOf,
  square,
  type Tensor,
} from '../../src/graph/index.js';
import {
  buildNetwork,
  describeNetwork,
  type GeneratorSpec,
  initialise,
  type NetworkSpec,
  norms,
  type Parameter,
  type PixelSpec,
  parametersOf,
} from '../../src/nets/index.js';
import { groupsOf } from '../../src/nets/normalise.js';
import { type Argument, expectDerivatives } from '../graph/central-differences.js';
import { imageValues, inDouble, networkOf, networkValues } from './network-values.js';

const rgb = { inputChannels: 3, outputChannels: 3, dropout: false };
const resnet9: NetworkSpec = { kind: 'resnet', blocks: 9, width: 64, ...rgb };
const unet256: NetworkSpec = { kind: 'unet', levels: 8, width: 64, ...rgb };
const patch: NetworkSpec = { kind: 'patch', layers: 3, width: 64, inputChannels: 3 };
const pixel: PixelSpec = { kind: 'pixel', width: 2, inputChannels: 3 };

const keysOf = (spec: NetworkSpec, test: (parameter: Parameter) => boolean = () => true) =>
  parametersOf(spec)
    .filter(test)
    .map(({ key }) => key);

function trained(spec: NetworkSpec): number {
  return parametersOf(spec)
    .filter(({ role }) => role !== 'statistic')
    .reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

describe('parameters with batch normalisation', () => {
  // What pix2pix prints for its defaults: G 54.414 M, D 2.769 M; the discriminator sees both images.
  it.each([
    [{ ...unet256, norm: 'batch' }, 54_413_955],
    [{ ...patch, inputChannels: 6, norm: 'batch' }, 2_768_705],
  ] as [NetworkSpec, number][])('are as many as the reference prints: %o', (spec, expected) => {
    expect(trained(spec)).toBe(expected);
  });

  it('are named and ordered as in PyTorch’s state_dict, and the convolutions before them have no bias', () => {
    expect(keysOf({ ...resnet9, norm: 'batch' }).slice(0, 7)).toEqual([
      'model.1.weight',
      'model.2.weight',
      'model.2.bias',
      'model.2.running_mean',
      'model.2.running_var',
      'model.4.weight',
      'model.5.weight',
    ]);
    expect(keysOf({ ...resnet9, norm: 'batch' }).slice(-2)).toEqual(['model.26.weight', 'model.26.bias']);
  });

  it('leave the biases to the layers that the reference gives one', () => {
    const biased = (spec: NetworkSpec) => {
      const normed = new Set(keysOf(spec, ({ role }) => role === 'scale'));
      return keysOf(spec, ({ key, role }) => role === 'bias' && !normed.has(key.replace('bias', 'weight')));
    };
    expect(biased({ ...resnet9, norm: 'batch' })).toEqual(['model.26.bias']);
    expect(biased({ ...unet256, norm: 'batch' })).toEqual(['model.model.3.bias']);
    expect(biased({ ...patch, norm: 'batch' })).toEqual(['model.0.bias', 'model.11.bias']);
    expect(biased({ ...pixel, norm: 'batch' })).toEqual(['net.0.bias']);
  });
});

describe('parameters of other normalisations', () => {
  it.each([resnet9, unet256, patch, pixel])('nothing said is instance normalisation: $kind', spec => {
    expect(parametersOf({ ...spec, norm: 'instance' })).toEqual(parametersOf(spec));
    expect(parametersOf({ ...spec, norm: undefined })).toEqual(parametersOf(spec));
  });

  it.each([resnet9, unet256, patch, pixel])('without any, keys and shapes stay and every bias acts: $kind', spec => {
    const acting = parametersOf(spec).map(parameter => ({ ...parameter, cancels: false }));
    expect(parametersOf({ ...spec, norm: 'none' })).toEqual(acting);
  });

  it('group normalisation has scale and shift, and the biases before it act', () => {
    const spec: NetworkSpec = { ...patch, norm: 'group' };
    expect(keysOf(spec, ({ key }) => key.startsWith('model.3.'))).toEqual(['model.3.weight', 'model.3.bias']);
    expect(keysOf(spec, ({ cancels }) => cancels)).toEqual([]);
    expect(trained(spec) - trained(patch)).toBe(2 * (128 + 256 + 512));
  });

  it('groups divide the channels, 32 at most and of at least 8', () => {
    expect([4, 8, 15, 16, 24, 32, 48, 64, 128, 256, 512].map(groupsOf)).toEqual([1, 1, 1, 2, 3, 4, 6, 8, 16, 32, 32]);
    expect([20, 34, 100].map(groupsOf)).toEqual([2, 2, 10]);
  });

  it('are described where they differ', () => {
    expect(describeNetwork(resnet9)).toBe('resnet_9blocks, width 64, 3 → 3 channels');
    expect(describeNetwork({ ...resnet9, norm: 'group', upsample: 'resize', dropout: true } as NetworkSpec)).toBe(
      'resnet_9blocks, width 64, 3 → 3 channels, with dropout, upsampling by resizing, group normalisation',
    );
    expect(describeNetwork({ ...unet256, norm: 'none', upsample: 'resize' } as NetworkSpec)).toBe(
      'unet_256, width 64, 3 → 3 channels, upsampling by resizing, no normalisation',
    );
    expect(describeNetwork({ ...patch, norm: 'batch', downsample: 'blur' } as NetworkSpec)).toBe(
      'PatchGAN discriminator of 3 layers, width 64, 3 channels, downsampling after a blur, batch normalisation',
    );
  });
});

describe('fresh values', () => {
  it('scales are near one, running variances one, all else of normalisations zero', () => {
    const spec: NetworkSpec = { ...patch, norm: 'batch' };
    const values = initialise(spec, new Random(3));
    const scale = [...values['model.9.weight']!];
    const average = scale.reduce((sum, value) => sum + value, 0) / scale.length;
    expect(Math.abs(average - 1)).toBeLessThan(0.005);
    expect(Math.max(...scale.map(value => Math.abs(value - 1)))).toBeGreaterThan(0.03);
    expect(Math.max(...scale.map(value => Math.abs(value - 1)))).toBeLessThan(0.1);
    expect(new Set(values['model.9.running_var'])).toEqual(new Set([1]));
    expect(new Set([...values['model.9.bias']!, ...values['model.9.running_mean']!])).toEqual(new Set([0]));
  });

  it('kernels are drawn as CUT or He et al. draw them, where asked', () => {
    const deviation = (values: Float32Array) =>
      Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0) / values.length);
    const kernel = (kind: 'normal' | 'xavier' | 'he') =>
      deviation(initialise({ ...patch, width: 16 }, new Random(1), kind)['model.5.weight']!);
    const [fanIn, fanOut] = [32 * 16, 64 * 16];
    expect(kernel('normal') / 0.02).toBeCloseTo(1, 1);
    expect(kernel('xavier') / (0.02 * Math.sqrt(2 / (fanIn + fanOut)))).toBeCloseTo(1, 1);
    expect(kernel('he') / Math.sqrt(2 / fanIn)).toBeCloseTo(1, 1);
  });
});

describe('batch normalisation', () => {
  const spec: PixelSpec = { ...pixel, norm: 'batch' };
  const weights = inDouble(networkValues(spec));
  const [first, second] = [imageValues([2, 3, 4, 5], 4), imageValues([2, 3, 4, 5], 5)].map(
    x => inDouble({ x })['x']!,
  ) as [Float64, Float64];
  type Float64 = { readonly shape: readonly number[]; readonly data: Float64Array };
  const count = 2 * 4 * 5;

  /** What goes into the normalisation, per channel. */
  function entering(x: Float64): number[][] {
    const builder = new GraphBuilder();
    const weight = (key: string) => builder.variable(key, weights[key]!.shape);
    const bias = builder.constant(Float32Array.from(weights['net.0.bias']!.data), [1, 2, 1, 1]);
    const hidden = leakyRelu(add(conv2d(builder.input('x', x.shape), weight('net.0.weight')), bias));
    builder.output('y', conv2d(hidden, weight('net.2.weight')));
    const { data } = evaluate(builder.build(), { inputs: { x }, variables: weights }).outputs['y']!;
    return [0, 1, 2, 3].map(channel => [...data].filter((_, at) => Math.floor(at / 20) % 4 === channel));
  }

  const averageOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const varianceOf = (values: readonly number[]) => averageOf(values.map(value => (value - averageOf(values)) ** 2));

  /** What leaves the network when channel c enters with values and is normalised by these moments. */
  function leaving(
    channels: readonly number[][],
    moments: readonly { readonly mean: number; readonly variance: number }[],
  ) {
    const [scale, shift, last] = ['net.3.weight', 'net.3.bias', 'net.5.weight'].map(key => weights[key]!.data);
    return Array.from({ length: count }, (_, at) =>
      channels.reduce((sum, values, channel) => {
        const { mean: centre, variance } = moments[channel]!;
        const y = ((values[at]! - centre) / Math.sqrt(variance + 1e-5)) * scale![channel]! + shift![channel]!;
        return sum + last![channel]! * (y > 0 ? y : 0.2 * y);
      }, 0),
    );
  }

  function expectClose(actual: ArrayLike<number>, expected: readonly number[]): void {
    expect(actual).toHaveLength(expected.length);
    expected.forEach((value, at) => {
      expect(Math.abs(value - actual[at]!)).toBeLessThan(1e-6);
    });
  }

  it('in training goes by the moments of the batch', () => {
    const { builder, y } = networkOf(spec, first.shape, { mode: 'training' });
    builder.output('y', y);
    const channels = entering(first);
    const moments = channels.map(values => ({ mean: averageOf(values), variance: varianceOf(values) }));
    const { outputs } = evaluate(builder.build(), { inputs: { x: first }, variables: weights });
    expectClose(outputs['y']!.data, leaving(channels, moments));
  });

  it('in use goes by the running statistics', () => {
    const { builder, y } = networkOf(spec, first.shape);
    builder.output('y', y);
    const [centres, variances] = ['net.3.running_mean', 'net.3.running_var'].map(key => weights[key]!.data);
    const moments = [0, 1, 2, 3].map(channel => ({ mean: centres![channel]!, variance: variances![channel]! }));
    const { outputs } = evaluate(builder.build(), { inputs: { x: first }, variables: weights });
    expectClose(outputs['y']!.data, leaving(entering(first), moments));
  });

  it('leaves running statistics of passes that follow one another, as PyTorch’s module keeps them', async () => {
    const statistics = new Map<string, Tensor>();
    const { builder, weights: variables } = networkOf(spec, first.shape, { mode: 'training', statistics });
    buildNetwork(spec, builder.input('again', second.shape), variables, { mode: 'training', statistics });
    expect([...statistics.keys()]).toEqual(['net.3.running_mean', 'net.3.running_var']);
    for (const [key, next] of statistics) builder.update(variables(key, [4]), next);
    const engine = await openEngine('reference');
    const state = await engine.createState(networkValues(spec));
    const program = await engine.compile(builder.build(), { state });
    await program.run({ x: imageValues([2, 3, 4, 5], 4), again: imageValues([2, 3, 4, 5], 5) });
    const after = await state.read([...statistics.keys()]);
    await engine.dispose();

    const moved = (before: number, batch: number) => 0.9 * before + 0.1 * batch;
    const [one, two] = [entering(first), entering(second)];
    const unbiased = (values: readonly number[]) => (varianceOf(values) * count) / (count - 1);
    const channels = [0, 1, 2, 3];
    expectClose(
      after['net.3.running_mean']!.data,
      channels.map(c => {
        const before = weights['net.3.running_mean']!.data[c]!;
        return moved(moved(before, averageOf(one[c]!)), averageOf(two[c]!));
      }),
    );
    expectClose(
      after['net.3.running_var']!.data,
      channels.map(c => {
        const before = weights['net.3.running_var']!.data[c]!;
        return moved(moved(before, unbiased(one[c]!)), unbiased(two[c]!));
      }),
    );
  });

  it('reads running statistics only where it needs them', () => {
    const isStatistic = (key: string) => key.includes('running');
    expect(networkOf(spec, first.shape, { mode: 'training' }).asked.filter(isStatistic)).toEqual([]);
    const collecting = { mode: 'training', statistics: new Map<string, Tensor>() } as const;
    expect(networkOf(spec, first.shape, collecting).asked.filter(isStatistic)).toHaveLength(2);
    expect(networkOf(spec, first.shape).asked.filter(isStatistic)).toHaveLength(2);
  });
});

describe('with every normalisation', () => {
  const small: readonly [GeneratorSpec, readonly number[]][] = [
    [{ kind: 'resnet', blocks: 1, width: 2, ...rgb }, [2, 3, 8, 8]],
    [{ kind: 'unet', levels: 5, width: 1, ...rgb, upsample: 'resize' }, [2, 3, 32, 32]],
  ];
  const cases = small.flatMap(([spec, shape]) => norms.map(norm => ({ spec: { ...spec, norm }, shape, norm })));

  it.each(cases)('a $spec.kind asks for exactly the parameters that act: $norm', ({ spec, shape }) => {
    const acting = keysOf(spec, ({ cancels }) => !cancels);
    expect(networkOf(spec, shape).asked.toSorted()).toEqual(acting.toSorted());
  });

  it.each(cases)('a whole $spec.kind has its gradients, in training: $norm', ({ spec, shape }) => {
    const values = networkValues(spec, 3);
    const checked = checkedParameters(spec);
    const builder = new GraphBuilder();
    const args = checked.map((name): Argument => ({ name, shape: values[name]!.shape, values: values[name]!.data }));
    const inputs = args.map(({ name, shape: of }) => builder.input(name, of));
    const weights = (key: string, of: readonly number[]) =>
      checked.includes(key) ? builder.input(key, of) : builder.constant(values[key]!.data, of);
    const image = builder.constant(imageValues(shape, 8).data, shape);
    const y = buildNetwork(spec, image, weights, { mode: 'training' });
    expectDerivatives(scalar(mean(square(add(y, 0.3)))), inputs, args);
  });

  /** Of every role the first and the last that are small: the first need all of the network's gradient. */
  function checkedParameters(spec: NetworkSpec): string[] {
    const small = (role: Parameter['role']) =>
      keysOf(spec, parameter => parameter.role === role && !parameter.cancels && sizeOf(parameter.shape) < 100);
    const checked = (['weight', 'bias', 'scale'] as const).flatMap(role => [small(role)[0], small(role).at(-1)]);
    return [...new Set(checked)].filter(key => key !== undefined);
  }
});
