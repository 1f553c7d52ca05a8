import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/index.js';
import { GraphBuilder, sizeOf, symbol } from '../../src/graph/index.js';
import { buildNetwork, initialise, type NetworkSpec, parametersOf, sizeMultipleOf } from '../../src/nets/index.js';

const rgb = { inputChannels: 3, outputChannels: 3, dropout: false };
const resnet9: NetworkSpec = { kind: 'resnet', blocks: 9, width: 64, ...rgb };
const patch: NetworkSpec = { kind: 'patch', layers: 3, width: 64, inputChannels: 3 };

function count(spec: NetworkSpec): number {
  return parametersOf(spec).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

function build(spec: NetworkSpec, size: readonly [number, number] = [256, 256]) {
  const graph = new GraphBuilder();
  const asked: string[] = [];
  const x = graph.input('x', [1, spec.inputChannels, ...size]);
  const y = buildNetwork(spec, x, (key, shape) => {
    asked.push(key);
    return graph.variable(key, shape);
  });
  return { asked, shape: y.shape };
}

describe('parametersOf', () => {
  // The reference prints 11.378 M, 2.765 M, 54.41 M and 41.83 M.
  it.each([
    [resnet9, 11_378_179],
    [{ ...resnet9, blocks: 6 } as NetworkSpec, 7_837_699],
    [patch, 2_764_737],
    [{ kind: 'unet', levels: 8, width: 64, ...rgb } as NetworkSpec, 54_409_603],
    [{ kind: 'unet', levels: 7, width: 64, ...rgb } as NetworkSpec, 41_825_667],
  ])('counts as many parameters as the reference prints: %o', (spec, expected) => {
    expect(count(spec)).toBe(expected);
  });

  it('names the parameters of a resnet as PyTorch does, in its order', () => {
    const keys = parametersOf(resnet9).map(({ key }) => key);
    expect(keys).toHaveLength(48);
    expect(keys.slice(0, 8)).toEqual([
      'model.1.weight',
      'model.1.bias',
      'model.4.weight',
      'model.4.bias',
      'model.7.weight',
      'model.7.bias',
      'model.10.conv_block.1.weight',
      'model.10.conv_block.1.bias',
    ]);
    expect(keys.slice(-6).filter(key => key.endsWith('weight'))).toEqual([
      'model.19.weight',
      'model.22.weight',
      'model.26.weight',
    ]);
  });

  it('shifts the second convolution of a block when there was dropout', () => {
    const keys = parametersOf({ ...resnet9, dropout: true } as NetworkSpec).map(({ key }) => key);
    expect(keys).toContain('model.10.conv_block.6.weight');
    expect(keys).not.toContain('model.10.conv_block.5.weight');
  });

  it('names the nested levels of a U-Net as PyTorch does', () => {
    const keys = parametersOf({ kind: 'unet', levels: 5, width: 2, ...rgb }).map(({ key }) => key);
    expect(keys.filter(key => key.endsWith('weight'))).toEqual([
      'model.model.0.weight',
      'model.model.1.model.1.weight',
      'model.model.1.model.3.model.1.weight',
      'model.model.1.model.3.model.3.model.1.weight',
      'model.model.1.model.3.model.3.model.3.model.1.weight',
      'model.model.1.model.3.model.3.model.3.model.3.weight',
      'model.model.1.model.3.model.3.model.5.weight',
      'model.model.1.model.3.model.5.weight',
      'model.model.1.model.5.weight',
      'model.model.3.weight',
    ]);
  });

  it('finds the biases that InstanceNorm cancels by rule', () => {
    const acting = (spec: NetworkSpec) =>
      parametersOf(spec)
        .filter(({ role, cancels }) => role === 'bias' && !cancels)
        .map(({ key }) => key);
    expect(acting(resnet9)).toEqual(['model.26.bias']);
    expect(acting(patch)).toEqual(['model.0.bias', 'model.11.bias']);
    expect(acting({ kind: 'pixel', width: 8, inputChannels: 3 })).toEqual(['net.0.bias', 'net.5.bias']);
  });
});

describe('buildNetwork', () => {
  it.each([
    [{ kind: 'resnet', blocks: 2, width: 4, ...rgb }, [1, 3, 256, 256]],
    [{ kind: 'resnet', blocks: 2, width: 4, inputChannels: 1, outputChannels: 5, dropout: true }, [1, 5, 256, 256]],
    [{ kind: 'unet', levels: 8, width: 2, ...rgb }, [1, 3, 256, 256]],
    [{ kind: 'patch', layers: 3, width: 4, inputChannels: 3 }, [1, 1, 30, 30]],
    [{ kind: 'patch', layers: 5, width: 4, inputChannels: 3 }, [1, 1, 6, 6]],
    [{ kind: 'pixel', width: 4, inputChannels: 3 }, [1, 1, 256, 256]],
  ] as [NetworkSpec, number[]][])('gives the reference output size: %o → %o', (spec, expected) => {
    expect(build(spec).shape).toEqual(expected);
  });

  it('asks for exactly the parameters that act', () => {
    for (const spec of [resnet9, patch, { kind: 'unet', levels: 5, width: 2, ...rgb } as const]) {
      const acting = parametersOf(spec).filter(({ cancels }) => !cancels);
      expect(build(spec).asked.toSorted()).toEqual(acting.map(({ key }) => key).toSorted());
    }
  });

  it.each(['resnet', 'unet'] as const)('keeps symbolic sizes of a %s symbolic', kind => {
    const spec = kind === 'resnet' ? resnet9 : ({ kind, levels: 5, width: 2, ...rgb } as const);
    const multiple = sizeMultipleOf(spec as Parameters<typeof sizeMultipleOf>[0]);
    const graph = new GraphBuilder();
    const shape = [symbol('n'), 3, symbol('height', multiple), symbol('width', multiple)] as const;
    const y = buildNetwork(spec, graph.input('x', shape), (key, of) => graph.variable(key, of));
    expect(y.shape).toEqual(shape);
  });
});

describe('initialise', () => {
  it('draws weights from N(0, 0.02) and sets biases to zero, the same for the same seed', () => {
    const values = initialise(resnet9, new Random(7));
    const weight = values['model.12.conv_block.1.weight']!;
    const mean = weight.reduce((sum, value) => sum + value, 0) / weight.length;
    const deviation = Math.sqrt(weight.reduce((sum, value) => sum + (value - mean) ** 2, 0) / weight.length);
    expect(mean).toBeCloseTo(0, 4);
    expect(deviation).toBeCloseTo(0.02, 4);
    expect(values['model.1.bias']!.every(value => value === 0)).toBe(true);
    const small: NetworkSpec = { kind: 'pixel', width: 4, inputChannels: 3 };
    expect(initialise(small, new Random(7))).toEqual(initialise(small, new Random(7)));
    expect(initialise(small, new Random(7))).not.toEqual(initialise(small, new Random(8)));
  });
});
