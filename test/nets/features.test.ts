/** What PatchNCE compares: features of a generator's encoder, sampled at positions, projected to unit length. */
import { describe, expect, it } from 'vitest';
import { evaluate } from '../../src/engine/index.js';
import {
  conv2d,
  GraphBuilder,
  gradients,
  instanceNorm,
  reflectPad,
  relu,
  scalar,
  square,
  sum,
  type Tensor,
} from '../../src/graph/index.js';
import {
  buildFeatures,
  buildNetwork,
  buildProjection,
  describeNetwork,
  featureLayersOf,
  type GeneratorSpec,
  type ProjectionSpec,
  parametersOf,
  samplePositions,
} from '../../src/nets/index.js';
import { type Argument, expectDerivatives } from '../graph/central-differences.js';
import { imageValues, inDouble, networkValues } from './network-values.js';

const rgb = { inputChannels: 3, outputChannels: 3, dropout: false };
const resnet: GeneratorSpec = { kind: 'resnet', blocks: 9, width: 4, ...rgb };
const unet: GeneratorSpec = { kind: 'unet', levels: 5, width: 4, ...rgb };

function encoder(spec: GeneratorSpec, layers: readonly number[], shape: readonly number[]) {
  const builder = new GraphBuilder();
  const x = builder.input('x', shape);
  const weights = (key: string, of: readonly number[]) => builder.variable(key, of);
  return { builder, x, weights, features: buildFeatures(spec, x, weights, layers) };
}

describe('the features of an encoder', () => {
  it('are those that CUT compares in a resnet, and the halvings of a U-Net', () => {
    expect(featureLayersOf(resnet)).toEqual([
      { name: 'input', layer: 0, channels: 3 },
      { name: 'halving 1', layer: 4, channels: 8 },
      { name: 'halving 2', layer: 7, channels: 16 },
      { name: 'block 1', layer: 10, channels: 16 },
      { name: 'block 5', layer: 14, channels: 16 },
    ]);
    expect(featureLayersOf({ ...resnet, blocks: 1 }).map(({ name }) => name)).toEqual([
      'input',
      'halving 1',
      'halving 2',
      'block 1',
    ]);
    expect(featureLayersOf(unet)).toEqual([
      { name: 'halving 1', layer: 0, channels: 4 },
      { name: 'halving 2', layer: 2, channels: 8 },
      { name: 'halving 3', layer: 5, channels: 16 },
      { name: 'halving 4', layer: 8, channels: 32 },
    ]);
  });

  it.each([
    [
      resnet,
      [
        [1, 3, 22, 26],
        [1, 8, 8, 10],
        [1, 16, 4, 5],
        [1, 16, 4, 5],
        [1, 16, 4, 5],
      ],
      [16, 20],
    ],
    [
      unet,
      [
        [1, 4, 16, 32],
        [1, 8, 8, 16],
        [1, 16, 4, 8],
        [1, 32, 2, 4],
      ],
      [32, 64],
    ],
  ] as const)('have the sizes of their layers: %o', (spec, expected, size) => {
    const layers = featureLayersOf(spec).map(({ layer }) => layer);
    expect(encoder(spec, layers, [1, 3, ...size]).features.map(({ shape }) => shape)).toEqual(expected);
  });

  it('are what the network itself computes on the way', () => {
    const shape = [1, 3, 8, 12];
    const { builder, x, weights, features } = encoder(resnet, [10, 4], shape);
    const weight = (key: string, of: number[]) => weights(`model.${key}.weight`, of);
    const first = relu(instanceNorm(conv2d(reflectPad(x, 3), weight('1', [4, 3, 7, 7]))));
    const halved = conv2d(first, weight('4', [8, 4, 3, 3]), { stride: 2, padding: 1 });
    // Equal operations are one node.
    expect(features[1]!.id).toBe(halved.id);
    builder.output('translated', buildNetwork(resnet, x, weights));
    const alone = builder.build().nodes.length;
    features.forEach((feature, at) => {
      builder.output(`feature ${at}`, feature);
    });
    expect(builder.build().nodes).toHaveLength(alone);
  });

  it('need no weight and no operation of what comes after them', () => {
    const asked: string[] = [];
    const builder = new GraphBuilder();
    const x = builder.input('x', [1, 3, 32, 32]);
    const weights = (key: string, of: readonly number[]) => {
      asked.push(key);
      return builder.variable(key, of);
    };
    buildFeatures(resnet, x, weights, [4]);
    expect(asked).toEqual(['model.1.weight', 'model.4.weight']);
    asked.length = 0;
    buildFeatures({ ...unet, norm: 'group' }, x, weights, [2]);
    expect(asked).toEqual([
      'model.model.0.weight',
      'model.model.0.bias',
      'model.model.1.model.1.weight',
      'model.model.1.model.1.bias',
    ]);
  });

  it('of a layer behind the encoder are refused', () => {
    expect(() => encoder(resnet, [19], [1, 3, 16, 16])).toThrow(/Layer 19 is none of the encoder's 19/);
    expect(() => encoder(resnet, [-1], [1, 3, 16, 16])).toThrow(RangeError);
  });
});

describe('positions of a map', () => {
  it('come as rows of channels, image by image', () => {
    const shape = [2, 3, 4, 5];
    const { data } = imageValues(shape);
    const [rows, columns] = [
      [3, 1],
      [0, 4, 2],
    ];
    const picks = (picked: readonly number[], size: number) =>
      Float32Array.from(picked.flatMap(pick => Array.from({ length: size }, (_, at) => Number(at === pick))));
    const builder = new GraphBuilder();
    const sampled = samplePositions(
      builder.input('x', shape),
      builder.constant(picks(rows, 4), [2, 4]),
      builder.constant(picks(columns, 5), [3, 5]),
    );
    builder.output('y', sampled);
    const inputs = inDouble({ x: { shape, data } });
    const { y } = evaluate(builder.build(), { inputs }).outputs;
    expect(y!.shape).toEqual([12, 3]);
    const expected = [0, 1].flatMap(image =>
      rows.flatMap(row =>
        columns.flatMap(column => [0, 1, 2].map(channel => data[((image * 3 + channel) * 4 + row) * 5 + column]!)),
      ),
    );
    expect([...y!.data]).toEqual(expected);
  });
});

describe('a projection', () => {
  const spec: ProjectionSpec = { kind: 'projection', channels: [3, 5], width: 4 };
  const values = networkValues(spec);
  const features: Argument = { name: 'features', shape: [6, 5], values: imageValues([6, 5]).data };

  function project(rows: Tensor, weight: (key: string, shape: readonly number[]) => Tensor): Tensor {
    return buildProjection(spec, 1, rows, weight);
  }

  it('has the keys of CUT’s heads', () => {
    expect(parametersOf(spec).map(({ key, shape }) => `${key} ${shape}`)).toEqual([
      'mlp_0.0.weight 4,3',
      'mlp_0.0.bias 4',
      'mlp_0.2.weight 4,4',
      'mlp_0.2.bias 4',
      'mlp_1.0.weight 4,5',
      'mlp_1.0.bias 4',
      'mlp_1.2.weight 4,4',
      'mlp_1.2.bias 4',
    ]);
    expect(describeNetwork(spec)).toBe('projection of 3, 5 channels to 4');
  });

  it('is two layers, each row of unit length', () => {
    const builder = new GraphBuilder();
    builder.output(
      'y',
      project(builder.input('features', [6, 5]), (key, shape) => builder.variable(key, shape)),
    );
    const inputs = inDouble({ features: { shape: [6, 5], data: features.values } });
    const { y } = evaluate(builder.build(), { inputs, variables: inDouble(values) }).outputs;
    const parameter = (key: string) => values[`mlp_1.${key}`]!.data;
    for (let row = 0; row < 6; row++) {
      const linear = (x: readonly number[], place: number) =>
        [0, 1, 2, 3].map(out =>
          x.reduce(
            (total, value, at) => total + value * parameter(`${place}.weight`)[out * x.length + at]!,
            parameter(`${place}.bias`)[out]!,
          ),
        );
      const x = [...features.values.slice(row * 5, row * 5 + 5)];
      const projected = linear(
        linear(x, 0).map(value => Math.max(0, value)),
        2,
      );
      const length = Math.hypot(...projected);
      projected.forEach((value, at) => {
        expect(y!.data[row * 4 + at]).toBeCloseTo(value / length, 6);
      });
    }
  });

  it('has its gradients', () => {
    const args = [
      features,
      ...parametersOf(spec)
        .slice(4)
        .map(({ key, shape }): Argument => ({ name: key, shape, values: values[key]!.data })),
    ];
    const builder = new GraphBuilder();
    const inputs = args.map(({ name, shape }) => builder.input(name, shape));
    const weights = builder.constant(imageValues([6, 4], 9).data, [6, 4]);
    const y = project(inputs[0]!, (key, shape) => builder.input(key, shape));
    expectDerivatives(scalar(sum(square(y.builder.emit('add', [y, weights], {})))), inputs, args);
  });

  it('of nothing at all has a slope that is a number', () => {
    const builder = new GraphBuilder();
    const rows = builder.input('features', [2, 5]);
    const y = project(rows, (key, shape) =>
      builder.constant(key.endsWith('bias') ? new Float32Array(shape[0]!) : values[key]!.data, shape),
    );
    builder.output('slope', gradients(scalar(sum(y)), [rows])[0]!);
    const inputs = { features: { shape: [2, 5], data: new Float64Array(10) } };
    const { slope } = evaluate(builder.build(), { inputs }).outputs;
    expect([...slope!.data].every(Number.isFinite)).toBe(true);
  });
});
