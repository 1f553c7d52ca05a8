import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Random } from '../../src/base/index.js';
import {
  cleanStateDict,
  detectNetwork,
  initialise,
  loadWeights,
  type NetworkSpec,
  parametersOf,
  type ShapedTensors,
  saveWeights,
  type WeightTensors,
  writeSafetensorsFile,
} from '../../src/nets/index.js';
import { archive, floats, stateDict } from '../support/pickle-bytes.js';
import { temporaryFolder } from '../support/pictures.js';

const rgb = { inputChannels: 3, outputChannels: 3, dropout: false } as const;
const specs: readonly NetworkSpec[] = [
  { kind: 'resnet', blocks: 9, width: 64, ...rgb },
  { kind: 'resnet', blocks: 6, width: 5, ...rgb },
  { kind: 'resnet', blocks: 1, width: 8, inputChannels: 1, outputChannels: 4, dropout: true },
  { kind: 'resnet', blocks: 12, width: 2, ...rgb, dropout: true },
  { kind: 'unet', levels: 5, width: 3, ...rgb },
  { kind: 'unet', levels: 7, width: 4, inputChannels: 1, outputChannels: 3, dropout: false },
  { kind: 'unet', levels: 8, width: 2, inputChannels: 4, outputChannels: 1, dropout: false },
  { kind: 'patch', layers: 1, width: 6, inputChannels: 3 },
  { kind: 'patch', layers: 3, width: 64, inputChannels: 3 },
  { kind: 'patch', layers: 5, width: 4, inputChannels: 1 },
  { kind: 'pixel', width: 7, inputChannels: 3 },
  { kind: 'resnet', blocks: 9, width: 2, ...rgb, norm: 'batch' },
  { kind: 'resnet', blocks: 2, width: 3, ...rgb, dropout: true, norm: 'batch' },
  { kind: 'unet', levels: 7, width: 2, ...rgb, norm: 'batch' },
  { kind: 'unet', levels: 6, width: 2, ...rgb, upsample: 'resize' },
  { kind: 'unet', levels: 5, width: 2, ...rgb, upsample: 'resize', norm: 'batch' },
  { kind: 'patch', layers: 1, width: 4, inputChannels: 3, norm: 'batch' },
  { kind: 'patch', layers: 3, width: 4, inputChannels: 6, norm: 'batch' },
  { kind: 'pixel', width: 7, inputChannels: 3, norm: 'batch' },
  { kind: 'patch', layers: 1, width: 4, inputChannels: 3, downsample: 'blur' },
  { kind: 'patch', layers: 4, width: 4, inputChannels: 3, downsample: 'blur', norm: 'batch' },
  { kind: 'image', layers: 1, width: 4, inputChannels: 3 },
  { kind: 'image', layers: 5, width: 4, inputChannels: 3 },
  { kind: 'image', layers: 1, width: 4, inputChannels: 3, downsample: 'blur' },
  { kind: 'image', layers: 2, width: 4, inputChannels: 3, downsample: 'blur' },
  { kind: 'image', layers: 4, width: 4, inputChannels: 3, downsample: 'blur', norm: 'batch' },
];
/** What keys and shapes do not tell: only the architecture that a file names does. */
const silent: readonly NetworkSpec[] = [
  { kind: 'resnet', blocks: 2, width: 2, ...rgb, upsample: 'resize' },
  { kind: 'resnet', blocks: 2, width: 2, ...rgb, norm: 'none' },
  { kind: 'resnet', blocks: 2, width: 2, ...rgb, norm: 'instance', upsample: 'transpose' },
  { kind: 'unet', levels: 5, width: 2, ...rgb, norm: 'group', upsample: 'resize' },
  { kind: 'patch', layers: 2, width: 4, inputChannels: 3, norm: 'group', downsample: 'blur' },
  { kind: 'pixel', width: 4, inputChannels: 3, norm: 'none' },
  { kind: 'image', layers: 3, width: 4, inputChannels: 3, norm: 'none', downsample: 'stride' },
];
const small: NetworkSpec = { kind: 'resnet', blocks: 2, width: 2, ...rgb };

const shapesOf = (spec: NetworkSpec): Record<string, { shape: readonly number[] }> =>
  Object.fromEntries(parametersOf(spec).map(({ key, shape }) => [key, { shape }]));

function weightsOf(spec: NetworkSpec): WeightTensors {
  const values = initialise(spec, new Random(1));
  return Object.fromEntries(parametersOf(spec).map(({ key, shape }) => [key, { shape, data: values[key]! }]));
}

function refusal(tensors: ShapedTensors): string {
  try {
    detectNetwork(tensors, 'net.pth');
  } catch (error) {
    expect(error).toMatchObject({ code: 'WEIGHTS_MISMATCH', subject: { file: 'net.pth' } });
    return (error as Error).message;
  }
  throw new Error('the network was recognised');
}

describe('detectNetwork', () => {
  it.each(specs)('recognises $kind of any size by its keys and shapes: %o', spec => {
    expect(detectNetwork(shapesOf(spec))).toEqual(spec);
  });

  it('does not depend on the order of keys', () => {
    for (const spec of specs) {
      const shuffled = new Random(2).shuffle(Object.entries(shapesOf(spec)));
      expect(detectNetwork(Object.fromEntries(shuffled))).toEqual(spec);
    }
  });

  it('does not miss biases that cancel', () => {
    const acting = parametersOf(small).filter(({ cancels }) => !cancels);
    expect(detectNetwork(Object.fromEntries(acting.map(({ key, shape }) => [key, { shape }])))).toEqual(small);
  });

  it('names the first missing, unexpected and misshapen tensors', () => {
    const { 'model.4.weight': _, ...rest } = shapesOf(small);
    const message = refusal({ ...rest, 'model.99.extra': { shape: [1] }, 'model.7.weight': { shape: [8, 4, 5, 5] } });
    expect(message).toContain('net.pth');
    expect(message).toContain('resnet_2blocks, width 2');
    expect(message).toContain('missing: model.4.weight');
    expect(message).toContain('unexpected: model.99.extra');
    expect(message).toContain('model.7.weight is [8, 4, 5, 5] instead of [8, 4, 3, 3]');
  });

  it('lists at most three of a kind', () => {
    const rest = Object.fromEntries(Object.entries(shapesOf(small)).filter(([key]) => !key.includes('conv_block.5')));
    expect(refusal({ ...rest, a: { shape: [] }, b: { shape: [] }, c: { shape: [] }, d: { shape: [] } })).toContain(
      'a, b, c and 1 more',
    );
  });

  it.each<[string, ShapedTensors, string]>([
    ['the anti-aliased network of CUT', { ...shapesOf(small), 'model.7.filt': { shape: [8, 1, 3, 3] } }, 'CUT'],
    [
      'a network with weights of another normalisation',
      { ...shapesOf(small), 'model.2.weight': { shape: [2] } },
      'weights of their own (model.2.weight) and without running statistics',
    ],
    ['a network of ours without its architecture', shapesOf({ ...small, norm: 'group' }), '--norm instance'],
    ['another network', { 'conv1.weight': { shape: [64, 3, 7, 7] }, 'fc.bias': { shape: [10] } }, 'conv1.weight'],
    ['nothing', {}, 'empty'],
    ['empty tensors', { 'model.0.weight': { shape: [0, 3, 4, 4] } }, 'none of the networks'],
    ['a generator and a discriminator in one', { ...shapesOf(small), ...shapesOf(specs[7]!) }, 'unexpected'],
  ])('explains why %s cannot be used', (_, tensors, words) => {
    expect(refusal(tensors)).toContain(words);
  });
});

describe('cleanStateDict', () => {
  it('takes off prefixes of wrappers and statistics of InstanceNorm', () => {
    const dirty = {
      'module.model.1.weight': 1,
      '_orig_mod.module.model.1.bias': 2,
      'module.model.2.running_mean': 3,
      'model.2.running_var': 4,
      'model.2.num_batches_tracked': 5,
      'model.module.weight': 6,
    };
    expect(cleanStateDict(dirty)).toEqual({ 'model.1.weight': 1, 'model.1.bias': 2, 'model.module.weight': 6 });
  });

  it('leaves the statistics of BatchNorm, which has weights beside them', () => {
    const dirty = {
      'module.model.2.weight': 1,
      'module.model.2.bias': 2,
      'module.model.2.running_mean': 3,
      'module.model.2.running_var': 4,
      'module.model.2.num_batches_tracked': 5,
      'module.model.5.running_mean': 6,
    };
    expect(cleanStateDict(dirty)).toEqual({
      'model.2.weight': 1,
      'model.2.bias': 2,
      'model.2.running_mean': 3,
      'model.2.running_var': 4,
    });
  });

  it('refuses two tensors of one name', () => {
    expect(() => cleanStateDict({ 'module.a': 1, a: 2 }, 'net.pth')).toThrow(/net\.pth .* two tensors are named a/);
  });
});

describe('weight files', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await temporaryFolder();
    path = join(folder, 'net.safetensors');
  });

  it('are saved and loaded again, with equal bytes for equal weights', async () => {
    await saveWeights(path, small, weightsOf(small));
    expect(await loadWeights(path)).toEqual({ spec: small, tensors: weightsOf(small) });
    const reversed = Object.fromEntries(Object.entries(weightsOf(small)).reverse());
    await saveWeights(join(folder, 'again'), small, reversed);
    expect(await readFile(join(folder, 'again'))).toEqual(await readFile(path));
  });

  it.each(silent)('say what their tensors do not: %o', async spec => {
    await saveWeights(path, spec, weightsOf(spec));
    expect(await loadWeights(path)).toEqual({ spec, tensors: weightsOf(spec) });
  });

  it.each([
    { ...small, norm: 'layer' },
    { ...small, kind: 'transformer' },
    { ...small, blocks: 0 },
    { ...small, attention: true },
  ])('that name an architecture of another version are refused: %o', async spec => {
    await writeSafetensorsFile(path, weightsOf(small), { 'cyclebox.architecture': JSON.stringify(spec) });
    await expect(loadWeights(path)).rejects.toMatchObject({ code: 'WEIGHTS_MISMATCH', subject: { file: path } });
    await expect(loadWeights(path)).rejects.toThrow('which this version does not know');
  });

  it('that name an architecture which their tensors are not of are refused', async () => {
    const metadata = { 'cyclebox.architecture': JSON.stringify({ ...small, norm: 'batch' }) };
    await writeSafetensorsFile(path, weightsOf(small), metadata);
    await expect(loadWeights(path)).rejects.toThrow(/batch normalisation: missing: model\.2\.weight/);
  });

  it('gain zeros for biases that cancel, which PyTorch wants to see', async () => {
    const cancelling = new Set(parametersOf(small).flatMap(({ key, cancels }) => (cancels ? [key] : [])));
    const acting = Object.fromEntries(Object.entries(weightsOf(small)).filter(([key]) => !cancelling.has(key)));
    await writeSafetensorsFile(path, acting);
    const { tensors } = await loadWeights(path);
    expect(Object.keys(tensors)).toEqual(parametersOf(small).map(({ key }) => key));
    expect(tensors['model.1.bias']).toEqual({ shape: [2], data: new Float32Array(2) });
  });

  it('are held against the network that is expected', async () => {
    await saveWeights(path, small, weightsOf(small));
    const expected = { ...small, blocks: 3 } as NetworkSpec;
    await expect(loadWeights(path, expected)).rejects.toMatchObject({ code: 'WEIGHTS_MISMATCH' });
    await expect(loadWeights(path, expected)).rejects.toThrow(/resnet_3blocks.*missing: model\.12\.conv_block/);
  });

  it('may come from PyTorch under any name, with prefixes of wrappers', async () => {
    const spec: NetworkSpec = { kind: 'pixel', width: 1, inputChannels: 1 };
    const parameters = parametersOf(spec);
    const tensors = parameters.map(({ key, shape }, storage) => {
      const [outputs, inputs] = [shape[0]!, shape[1] ?? 1];
      const stride = shape.length === 1 ? [1] : [inputs, 1, 1, 1];
      return { key: `module.${key}`, storage: `${storage}`, elements: outputs * inputs, size: [...shape], stride };
    });
    const storages = parameters.map(({ shape }) => floats(...new Array(shape.reduce((a, b) => a * b)).fill(0.5)));
    await writeFile(path, archive(stateDict(tensors), Object.fromEntries(storages.entries())));
    const loaded = await loadWeights(path);
    expect(loaded.spec).toEqual(spec);
    expect(loaded.tensors['net.2.weight']).toEqual({ shape: [2, 1, 1, 1], data: Float32Array.of(0.5, 0.5) });
  });

  it('of the reference with BatchNorm come with their running statistics', async () => {
    const spec: NetworkSpec = { kind: 'pixel', width: 1, inputChannels: 1, norm: 'batch' };
    const parameters = parametersOf(spec);
    const stored = parameters.map(({ key, shape }, storage) => {
      const elements = shape.reduce((a, b) => a * b);
      const stride = shape.length === 1 ? [1] : [shape[1]!, 1, 1, 1];
      return { key, storage: `${storage}`, elements, size: [...shape], stride };
    });
    const counter = { key: 'net.3.num_batches_tracked', storage: '99', elements: 1, size: [], stride: [] };
    const storages = Object.fromEntries(parameters.map((_, at) => [at, floats(...new Array(8).fill(at + 1))]));
    const pickle = stateDict([...stored, { ...counter, type: 'LongStorage' }]);
    await writeFile(path, archive(pickle, { ...storages, 99: Buffer.from(BigInt64Array.of(7n).buffer) }));
    const loaded = await loadWeights(path);
    expect(loaded.spec).toEqual(spec);
    expect(Object.keys(loaded.tensors)).toEqual(parameters.map(({ key }) => key));
    const at = parameters.findIndex(({ key }) => key === 'net.3.running_var');
    expect([...loaded.tensors['net.3.running_var']!.data]).toEqual([at + 1, at + 1]);
  });

  it('of another kind are refused by content, whatever their name', async () => {
    await writeFile(path, 'version https://git-lfs.github.com/spec/v1\n');
    await expect(loadWeights(path)).rejects.toMatchObject({ code: 'WEIGHTS_UNREADABLE', subject: { file: path } });
    await expect(loadWeights(join(folder, 'none'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});
