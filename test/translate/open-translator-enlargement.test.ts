/** Networks that enlarge, the exception to "the same size out as in": in one piece, in tiles, at a size of their own. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Picture } from '../../src/image/index.js';
import { openTranslator, type TranslatorOptions } from '../../src/translate/index.js';
import { type ForeignModel, foreignModel, node, tensor } from '../support/foreign-onnx.js';
import { maxDifference, temporaryFolder, testPicture } from '../support/pictures.js';
import { stateDictFile } from '../support/state-dict-file.js';

const doubling = { kernel_shape: [2, 2], strides: [2, 2], group: 3 };
/** Every pixel four times, and negative. */
const doubled: ForeignModel = {
  output: { shape: ['n', 3, 'h2', 'w2'] },
  nodes: [node('Neg', ['image'], ['v']), node('ConvTranspose', ['v', 'w'], ['translated'], doubling)],
  weights: [tensor('w', [3, 1, 2, 2], new Array<number>(12).fill(1))],
  metadata: { 'cyclebox.scale': '2' },
};

async function translated(model: Uint8Array, picture: Picture, options: Partial<TranslatorOptions> = {}) {
  const path = join(await temporaryFolder(), 'model');
  await writeFile(path, model);
  const translator = await openTranslator({ model: path, engine: 'cpu', threads: 1, ...options });
  try {
    return await translator.translatePicture(picture);
  } finally {
    await translator.dispose();
  }
}

function nearest({ rgb, width, height }: Picture): Uint8Array {
  return Uint8Array.from({ length: rgb.length * 4 }, (_, at) => {
    const [channel, pixel] = [at % 3, Math.floor(at / 3)];
    const [x, y] = [pixel % (2 * width), Math.floor(pixel / (2 * width))];
    expect(y).toBeLessThan(2 * height);
    return 255 - rgb[(Math.floor(y / 2) * width + Math.floor(x / 2)) * 3 + channel]!;
  });
}

test('a picture comes back larger, with its opacity', async () => {
  const picture = testPicture(20, 12, { alpha: true });
  const result = await translated(foreignModel(doubled), picture);
  expect(result).toMatchObject({ tiles: 1, picture: { width: 40, height: 24 } });
  expect(maxDifference(result.picture.rgb, nearest(picture))).toBe(0);
  expect(result.picture.alpha).toHaveLength(40 * 24);
});

test('in tiles it is the same', async () => {
  const picture = testPicture(300, 180);
  const result = await translated(foreignModel(doubled), picture, {
    memoryLimitBytes: 40_000_000,
    tiling: 'independent',
  });
  expect(result.tiles).toBeGreaterThan(3);
  expect(maxDifference(result.picture.rgb, nearest(picture))).toBe(0);
});

test('a network that insists on a size says by it how much it enlarges', async () => {
  const { metadata: _, ...silent } = doubled;
  const model = { ...silent, input: { shape: [1, 3, 16, 16] }, output: { shape: [1, 3, 32, 32] } };
  const result = await translated(foreignModel(model), testPicture(24, 20, { alpha: true }));
  expect(result).toMatchObject({ shownAs: { width: 16, height: 16 }, picture: { width: 48, height: 40 } });
  expect(result.picture.rgb).toHaveLength(48 * 40 * 3);
  expect(result.picture.alpha).toHaveLength(48 * 40);
});

test('how much a network enlarges is found out where nothing says it', async () => {
  const picture = testPicture(20, 12);
  const result = await translated(foreignModel({ ...doubled, metadata: {} }), picture);
  expect(maxDifference(result.picture.rgb, nearest(picture))).toBe(0);
});

test('a network that does not keep the scale that it names is told so', async () => {
  const said = (scale: string) => ({ ...doubled, metadata: { 'cyclebox.range': '-1..1', 'cyclebox.scale': scale } });
  const attempt = translated(foreignModel(said('3')), testPicture(16, 16));
  await expect(attempt).rejects.toMatchObject({ code: 'MODEL_INVALID' });
  await expect(attempt).rejects.toThrow('it is to enlarge 3 times');
  await expect(translated(foreignModel(said('1.5')), testPicture(16, 16))).rejects.toThrow('whole number from 1 to 16');
});

test('weights of another program translate like any model, where a description lies beside them', async () => {
  const folder = await temporaryFolder();
  const identity = Float32Array.from({ length: 9 }, (_, at) => (at % 4 === 0 ? 1 : 0));
  const file = stateDictFile([['0.weight', [3, 3, 1, 1]]], { values: { '0.weight': identity } });
  await writeFile(join(folder, 'net.pth'), file);
  const layers = [{ op: 'conv' }, { op: 'affine', factor: -1, summand: 255 }, { op: 'resize', factor: 2 }];
  await writeFile(join(folder, 'net.architecture.json'), JSON.stringify({ range: '0..255', layers }));
  const picture = testPicture(20, 12);
  const translator = await openTranslator({ model: join(folder, 'net.pth'), engine: 'cpu', threads: 1 });
  const result = await translator.translatePicture(picture).finally(() => translator.dispose());
  expect(maxDifference(result.picture.rgb, nearest(picture))).toBe(0);
});
