import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type AnyPicture, decodeImage, encodeImage } from '../../src/image/index.js';
import {
  openTranslator,
  type TranslateOptions,
  type Translator,
  type TranslatorOptions,
} from '../../src/translate/index.js';
import { maxDifference, temporaryFolder } from '../support/pictures.js';
import { type TinyOnnxOptions, tinyOnnx } from '../support/tiny-onnx.js';

const [width, height] = [2048, 32];

/** A sky: 2048 levels from left to right within a quarter of the range, where 8 bits have 64. */
function gradient(): AnyPicture {
  const rgb = Uint16Array.from({ length: width * height * 3 }, (_, i) => 20_000 + 8 * (Math.floor(i / 3) % width));
  return { width, height, rgb, format: 'png' };
}

const levels = ({ rgb }: AnyPicture) => new Set(rgb).size;

async function translatorFor(net: TinyOnnxOptions, options: Partial<TranslatorOptions> = {}): Promise<Translator> {
  const model = join(await temporaryFolder(), 'model.onnx');
  await writeFile(model, tinyOnnx({ metadata: { 'cyclebox.range': '-1..1' }, ...net }));
  const translator = await openTranslator({ model, engine: 'cpu', threads: 1, ...options });
  onTestFinished(() => translator.dispose());
  return translator;
}

async function translated(translator: Translator, options: TranslateOptions = {}) {
  const image = await translator.translate(await encodeImage(gradient()), options);
  return { ...image, picture: await decodeImage(image.data, { depth: 'source' }) };
}

test('a gradient of 16 bits comes out of an identity with every one of its 2048 levels', async () => {
  const { picture, notes } = await translated(await translatorFor({ kind: 'identity' }));
  expect(picture.rgb).toEqual(gradient().rgb);
  expect([levels(picture), notes]).toEqual([2048, []]);
});

test('and of a network that changes it without a band: each level its own, at its place', async () => {
  const matrix = [
    [0.75, 0, 0],
    [0, 0.75, 0],
    [0, 0, 0.75],
  ];
  const { picture } = await translated(await translatorFor({ kind: 'matrix', matrix, bias: [0.1, 0.1, 0.1] }));
  const expected = Array.from(gradient().rgb, value => ((value / 32_767.5 - 1) * 0.75 + 0.1 + 1) * 32_767.5);
  expect(maxDifference(picture.rgb, expected)).toBeLessThan(1);
  expect(levels(picture)).toBe(2048);
});

test('also in tiles, and where a smaller copy is shown and the change brought back', async () => {
  for (const tiling of ['exact', 'independent'] as const) {
    const tiled = await translated(await translatorFor({ kind: 'identity' }, { memoryLimitBytes: 6e6, tiling }));
    if (tiling === 'independent') expect(tiled.tiles).toBeGreaterThan(1);
    expect(tiled.picture.rgb).toEqual(gradient().rgb);
  }
  const scaled = await translated(await translatorFor({ kind: 'identity' }), { scale: 16 });
  expect(scaled.shownAs).toEqual({ width: width / 2, height: 16 });
  expect(maxDifference(scaled.picture.rgb, gradient().rgb)).toBeLessThan(65);
  expect(levels(scaled.picture)).toBeGreaterThan(1900);
});

test('comes out with 8 bits where these are asked for, or the format has no more, which is said', async () => {
  const translator = await translatorFor({ kind: 'identity' });
  const eight = await translated(translator, { depth: 8 });
  expect(levels(eight.picture)).toBe(65);
  expect(eight.notes).toEqual(['its 16 bits a channel became 8']);
  const webp = await translated(translator, { format: 'webp', lossless: true });
  expect(webp.picture.rgb).toBeInstanceOf(Uint8Array);
  expect(webp.notes).toEqual(['its 16 bits a channel became 8, since webp has no more']);
});

test('an image of 8 bits gets the network’s finer steps where 16 are asked for', async () => {
  const half = [
    [0.5, 0, 0],
    [0, 0.5, 0],
    [0, 0, 0.5],
  ];
  const translator = await translatorFor({ kind: 'matrix', matrix: half });
  const rgb = Uint8Array.from({ length: 256 * 3 }, (_, i) => Math.floor(i / 3));
  const image = await encodeImage({ width: 256, height: 1, rgb, format: 'png' });
  const levelsAt = async (depth: 8 | 16) =>
    levels(await decodeImage((await translator.translate(image, { depth })).data, { depth: 'source' }));
  expect([await levelsAt(8), await levelsAt(16)]).toEqual([128, 256]);
});

test('whoever changes pictures in between sees bytes', async () => {
  const translator = await translatorFor({ kind: 'identity' });
  const seen: unknown[] = [];
  const { picture } = await translated(translator, {
    before: async each => {
      seen.push(each.rgb instanceof Uint8Array);
      return each;
    },
  });
  expect([seen, levels(picture)]).toEqual([[true], 65]);
});
