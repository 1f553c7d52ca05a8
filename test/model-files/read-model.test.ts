/**
 * Weight files of networks that others wrote, read as ONNX and run: held to what PyTorch 2.15 gave of the same weights and
 * the same image (seven values spread over the output, and the mean).
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openEngine } from '../../src/engine/index.js';
import { type ForeignModel, parseDescription, readModel } from '../../src/model-files/index.js';
import { temporaryFolder } from '../support/pictures.js';
import {
  cutFile,
  resnetShapes,
  type Shapes,
  stateDictFile,
  styleShapes,
  unknownDescription,
  unknownShapes,
  wave,
} from '../support/state-dict-file.js';

async function fileOf(bytes: Uint8Array, name = 'net.pth'): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, bytes);
  return path;
}

const side = 16;
const signed = wave(3 * side ** 2, 0, 0.9);

async function run({ bytes }: ForeignModel, data = signed) {
  const engine = await openEngine('cpu');
  const program = await engine.load({ bytes });
  const results = await program.run({ image: { shape: [1, 3, side, side], data } });
  await program.dispose();
  await engine.dispose();
  const { shape, data: values } = results['translated']!;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const samples = Array.from({ length: 7 }, (_, at) => values[Math.floor((values.length * at) / 7)]!);
  return { shape, mean, samples };
}

interface Expected {
  readonly shape: readonly number[];
  readonly mean: number;
  readonly samples: readonly number[];
}

function expectValues(found: Expected, { shape, mean, samples }: Expected, tolerance = 1e-4): void {
  expect(found.shape).toEqual(shape);
  expect(Math.abs(found.mean - mean)).toBeLessThan(tolerance);
  for (const [at, value] of samples.entries()) expect(Math.abs(found.samples[at]! - value)).toBeLessThan(tolerance);
}

const image = [1, 3, side, side];

describe('CUT', () => {
  test('a generator with blurs at shifted places is recognised and gives what CUT gives', async () => {
    const model = await readModel(await fileOf(cutFile()));
    expect(model).toMatchObject({
      kind: 'pytorch',
      network: 'resnet_1blocks, width 2, anti-aliased down and up (CUT), 3 → 3 channels',
    });
    expectValues(await run(model), {
      shape: image,
      mean: 0.28445,
      samples: [0.35488, 0.37557, 0.60232, 0.36056, -0.1817, 0.08791, 0.3634],
    });
  });

  test('a filter of another length than CUT’s own is taken from the file', async () => {
    expectValues(await run(await readModel(await fileOf(cutFile([1, 2, 1])))), {
      shape: image,
      mean: 0.27145,
      samples: [0.41429, 0.58152, 0.19376, 0.37003, 0.60175, 0.22291, -0.112],
    });
  });
});

test.each(['zip', 'legacy'] as const)(
  'a net of fast neural style in the %s container takes and gives 0 to 255, cut off there',
  async container => {
    const change = { 'deconv3.conv2d.weight': [60, 0], 'deconv3.conv2d.bias': [1, 120] } as const;
    const model = await readModel(await fileOf(stateDictFile(styleShapes, { container, change })));
    expect(model.network).toBe('fast neural style, width 2, 2 blocks, 3 → 3 channels');
    expect(model.outline.metadata).toMatchObject({ 'cyclebox.range': '0..255', 'cyclebox.size_multiple': '4' });
    const result = await run(
      model,
      signed.map(value => (value + 1) * 127),
    );
    const samples = [142.0771, 107.12401, 119.52808, 60.31759, 93.22957, 50.7263, 169.11177];
    expectValues(result, { shape: image, mean: 101.32605, samples }, 0.02);
  },
);

describe('a network that nobody knows', () => {
  test('is refused with all its tensors and with what to do', async () => {
    const attempt = readModel(await fileOf(stateDictFile(unknownShapes, { container: 'legacy' })));
    await expect(attempt).rejects.toMatchObject({ code: 'WEIGHTS_MISMATCH' });
    await expect(attempt).rejects.toThrow('resnet_block.conv_layer.0.weight [6, 6, 3, 3]');
    await expect(attempt).rejects.toThrow('--architecture FILE');
  });

  test('runs with a description beside it, which is found by its name', async () => {
    const path = await fileOf(stateDictFile(unknownShapes, { container: 'legacy' }));
    const before = { mean: -0.005045, samples: [0.0169, -0.03987, 0.00932, -0.02721, -0.00361, -0.14086, 0.03559] };
    await writeFile(path.replace('.pth', '.architecture.json'), JSON.stringify(unknownDescription));
    const model = await readModel(path);
    expect(model.network).toBe('a small generator, 3 → 3 channels');
    expect(model.outline.metadata['cyclebox.size_multiple']).toBe('4');
    expectValues(await run(model), { shape: image, ...before });
  });

  test('is refused when its file holds more than the description has a place for', async () => {
    const path = await fileOf(stateDictFile([...unknownShapes, ['extra.weight', [2]]]));
    await writeFile(path.replace('.pth', '.architecture.json'), JSON.stringify(unknownDescription));
    await expect(readModel(path)).rejects.toThrow('no place for extra.weight');
  });

  test('runs with a layer that is needed missing only after the file is told what it lacks', async () => {
    const path = await fileOf(stateDictFile(unknownShapes.slice(1)));
    await writeFile(path.replace('.pth', '.architecture.json'), JSON.stringify(unknownDescription));
    await expect(readModel(path)).rejects.toThrow('the network needs conv1.0.weight, which is not there');
  });

  test('may have any layer of the table, and may enlarge', async () => {
    const shapes: Shapes = [
      ['net.1.weight', [8, 3, 3, 3]],
      ['net.1.bias', [8]],
      ['net.2.weight', [8]],
      ['net.2.bias', [8]],
      ['net.3.weight', [8]],
      ['net.4.weight', [8, 2, 3, 3]],
      ['net.4.bias', [8]],
      ['net.7.weight', [12, 8, 3, 3]],
      ['net.7.bias', [12]],
      ['net.11.weight', [3, 3, 3, 3]],
      ['net.11.bias', [3]],
    ];
    const description = {
      prefix: 'net',
      range: '-1..1',
      outputRange: '0..1',
      layers: [
        ...[{ op: 'zeroPad', cells: 1 }, { op: 'conv' }, { op: 'groupNorm', groups: 2 }, { op: 'prelu' }],
        ...[
          { op: 'conv', padding: 1, border: 'replicate', groups: 4 },
          { op: 'leakyRelu', slope: 0.1 },
        ],
        ...[{ op: 'resize', factor: 2, by: 'bilinear' }, { op: 'conv', padding: 2, dilation: 2 }, { op: 'silu' }],
        ...[{ op: 'pixelShuffle', factor: 2 }, { op: 'replicatePad', cells: 1 }, { op: 'conv' }, { op: 'sigmoid' }],
      ],
    };
    const path = await fileOf(stateDictFile(shapes));
    await writeFile(path.replace('.pth', '.architecture.json'), JSON.stringify(description));
    const model = await readModel(path);
    expect(model.outline.metadata).toMatchObject({ 'cyclebox.scale': '4', 'cyclebox.output_range': '0..1' });
    const samples = [0.53107, 0.56593, 0.79204, 0.8626, 0.44376, 0.45119, 0.46056];
    expectValues(await run(model), { shape: [1, 3, 64, 64], mean: 0.56052, samples });
  });

  test.each([
    ['{"layers": [{"op": "conw"}]}', 'layers[0]'],
    ['{"layers": []}', 'layers'],
    ['{"layers": [{"op": "conv", "strid": 2}]}', 'strid'],
    ['[', 'it is not JSON'],
    [`{"layers": ${'[{"op":"residual","layers":'.repeat(200)}[]${'}]'.repeat(200)}}`, 'nested more than 64 deep'],
  ])('a description that is wrong is refused with the place: %.40s', (text, reason) => {
    const attempt = () => parseDescription(text, 'net.architecture.json');
    expect(attempt).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }));
    expect(attempt).toThrow(reason);
  });
});

describe('files of several networks', () => {
  test('the reference’s resnet without its list’s name, as UPIT saves it, is recognised', async () => {
    const model = await readModel(
      await fileOf(stateDictFile(resnetShapes.map(([key, shape]) => [key.slice(6), shape]))),
    );
    expect(model.network).toBe('resnet_1blocks, width 2, 3 → 3 channels');
  });

  test('the only generator is taken, and of two one is to be named', async () => {
    const prefixed = (name: string) => resnetShapes.map(([key, shape]) => [`${name}.${key.slice(6)}`, shape] as const);
    const judge: Shapes = [
      ['D_A.0.weight', [4, 3, 4, 4]],
      ['D_A.0.bias', [4]],
    ];
    const one = await fileOf(stateDictFile([...prefixed('G_A'), ...judge]));
    expect((await readModel(one)).network).toBe('resnet_1blocks, width 2, 3 → 3 channels');
    const two = await fileOf(stateDictFile([...prefixed('G_A'), ...prefixed('G_B'), ...judge]));
    await expect(readModel(two)).rejects.toThrow('holds the generators G_A and G_B. Name one with --network');
    expect((await readModel(two, { network: 'G_B' })).network).toBe('resnet_1blocks, width 2, 3 → 3 channels');
    await expect(readModel(two, { network: 'G_C' })).rejects.toThrow('no network "G_C", but G_A, G_B, D_A');
  });
});

/** CUT's places as the reference has them. */
