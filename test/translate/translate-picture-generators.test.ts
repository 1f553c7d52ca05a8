import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Random } from '../../src/base/index.js';
import { type GeneratorSpec, initialise, parametersOf } from '../../src/nets/index.js';
import type { Tiling } from '../../src/plugin-api/index.js';
import { encodeGenerator } from '../../src/training/generator-model.js';
import { openTranslator } from '../../src/translate/index.js';
import { maxDifference, temporaryFolder, testPicture } from '../support/pictures.js';

const common = { width: 8, inputChannels: 3, outputChannels: 3, dropout: false };

async function translatorFor(spec: GeneratorSpec, memoryLimitBytes?: number) {
  const values = initialise(spec, new Random(1));
  const weights = Object.fromEntries(parametersOf(spec).map(({ key, shape }) => [key, { shape, data: values[key]! }]));
  const model = join(await temporaryFolder(), 'generator.onnx');
  await writeFile(model, encodeGenerator({ spec, weights, pair: 'a-b', from: 'a', to: 'b', training: {} }));
  const translator = await openTranslator({ model, threads: 1, memoryLimitBytes });
  onTestFinished(() => translator.dispose());
  return translator;
}

test.each<[string, GeneratorSpec]>([
  ['resnet', { kind: 'resnet', blocks: 2, ...common }],
  ['U-Net', { kind: 'unet', levels: 5, ...common }],
])('a %s as the trainer writes it takes pictures of any size, down to one pixel', async (_, spec) => {
  const translator = await translatorFor(spec);
  for (const [width, height] of [
    [1, 1],
    [3, 5],
    [64, 32],
    [257, 101],
  ] as const) {
    const { picture, tiles } = await translator.translatePicture(testPicture(width, height, { alpha: true }));
    expect([picture.width, picture.height, tiles]).toEqual([width, height, 1]);
    expect(picture.alpha).toEqual(testPicture(width, height, { alpha: true }).alpha);
  }
});

test('the same picture gives the same bytes, again and in another translator', async () => {
  const spec: GeneratorSpec = { kind: 'resnet', blocks: 2, ...common };
  const [first, second] = [await translatorFor(spec), await translatorFor(spec)];
  const picture = testPicture(70, 50);
  const { rgb } = (await first.translatePicture(picture)).picture;
  expect(maxDifference((await first.translatePicture(picture)).picture.rgb, rgb)).toBe(0);
  expect(maxDifference((await second.translatePicture(picture)).picture.rgb, rgb)).toBe(0);
  expect(new Set(rgb).size).toBeGreaterThan(5);
});

test('a generator’s large picture comes out in tiles where its metadata says that it needs them', async () => {
  const translator = await translatorFor({ kind: 'resnet', blocks: 1, ...common }, 4 * 6 * 16 * 96 * 96);
  const { picture, tiles, tiling } = await translator.translatePicture(testPicture(250, 120), {
    tiling: 'independent',
  });
  expect([picture.rgb.length, tiles, tiling]).toEqual([250 * 120 * 3, 8, 'independent']);
});

test.each<[string, GeneratorSpec, number]>([
  ['resnet', { kind: 'resnet', blocks: 2, ...common }, 4 * 6 * 16 * 96 * 96],
  ['resnet with group norm', { kind: 'resnet', blocks: 1, ...common, norm: 'group' }, 4 * 6 * 16 * 96 * 96],
  ['U-Net', { kind: 'unet', levels: 5, ...common }, 4 * 2 * 16 * 160 * 160],
])('a %s makes of a picture in parts what it makes of it in one piece, within a level', async (_, spec, limit) => {
  const picture = testPicture(251, 173, { alpha: true });
  const whole = await (await translatorFor(spec)).translatePicture(picture);
  const told: number[] = [];
  const parts = await (await translatorFor(spec, limit)).translatePicture(picture, { onProgress: f => told.push(f) });
  expect([whole.tiles, parts.tiling]).toEqual([1, 'exact']);
  expect(told.at(-1)).toBeCloseTo(1, 9);
  expect(maxDifference(parts.picture.rgb, whole.picture.rgb)).toBeLessThanOrEqual(1);
  expect(parts.picture.alpha).toEqual(picture.alpha);
});

test('parts with the statistics of a thumbnail differ less from one piece than parts by themselves', async () => {
  const spec: GeneratorSpec = { kind: 'resnet', blocks: 2, ...common };
  const picture = testPicture(251, 173);
  const { rgb } = (await (await translatorFor(spec)).translatePicture(picture)).picture;
  const translator = await translatorFor(spec, 4 * 6 * 16 * 96 * 96);
  const off = async (tiling: Tiling) => {
    const parts = await translator.translatePicture(picture, { tiling });
    expect(parts.tiling).toBe(tiling);
    return parts.picture.rgb.reduce((sum, byte, i) => sum + Math.abs(byte - rgb[i]!), 0);
  };
  // No larger than a thumbnail may be, it is its own: the same numbers.
  expect(await off('thumbnail')).toBeLessThan((await off('independent')) / 10);
});
