import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { locateModel } from '../../src/catalog/index.js';
import type { Picture } from '../../src/image/index.js';
import { openTranslator, type TranslatedPicture } from '../../src/translate/index.js';
import { type ForeignModel, foreignModel, node, scaling, tensor, types } from '../support/foreign-onnx.js';
import { maxDifference, temporaryFolder, testPicture } from '../support/pictures.js';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

async function write(model: ForeignModel): Promise<string> {
  const path = join(folder, 'model.onnx');
  await writeFile(path, foreignModel(model));
  return path;
}

async function translated(model: ForeignModel, picture: Picture = testPicture(20, 12)): Promise<TranslatedPicture> {
  const translator = await openTranslator({ model: await write(model), engine: 'cpu', threads: 1 });
  try {
    return await translator.translatePicture(picture);
  } finally {
    await translator.dispose();
  }
}

const negative = ({ rgb }: Picture) => rgb.map(value => 255 - value);

/** Each channel is the luma of the three, as PIL makes grey. */
function grey({ rgb }: Picture): Uint8Array {
  return rgb.map((_, at) => {
    const [r, g, b] = rgb.subarray(at - (at % 3));
    return Math.round(0.299 * r! + 0.587 * g! + 0.114 * b!);
  });
}

const negated = [node('Neg', ['image'], ['translated'])];
/** 255 - byte, in bytes. */
const bytesNegated = [
  node('Cast', ['image'], ['wide'], { to: types.int32 }),
  node('Sub', ['white', 'wide'], ['negative']),
  node('Cast', ['negative'], ['translated'], { to: types.uint8 }),
];
const white = [node('Cast', ['one'], ['white'], { to: types.int32 })];
const nhwc = ['n', 'h', 'w', 3];

describe('a model of another kind translates as one of ours would', () => {
  test.each(['float16', 'float64'] as const)('when it takes and gives %s', async type => {
    const result = await translated({ input: { type }, output: { type }, nodes: negated });
    expect(maxDifference(result.picture.rgb, negative(testPicture(20, 12)))).toBe(0);
  });

  test('when it takes float32 and gives float16', async () => {
    const nodes = [node('Neg', ['image'], ['v']), node('Cast', ['v'], ['translated'], { to: types.float16 })];
    const result = await translated({ output: { type: 'float16' }, nodes });
    expect(maxDifference(result.picture.rgb, negative(testPicture(20, 12)))).toBe(0);
  });

  test('when it takes and gives bytes, every one of them', async () => {
    const weights = [tensor('one', [1], [255])];
    const nodes = [...white, ...bytesNegated];
    const picture = testPicture(16, 16);
    picture.rgb.set(Uint8Array.from({ length: 256 }, (_, at) => at));
    const result = await translated({ input: { type: 'uint8' }, output: { type: 'uint8' }, nodes, weights }, picture);
    expect(result.picture.rgb).toEqual(negative(picture));
  });

  test('when its channels come last', async () => {
    const result = await translated({ input: { shape: nhwc }, output: { shape: nhwc }, nodes: negated });
    expect(result.picture.rgb).toEqual(negative(testPicture(20, 12)));
  });

  test('when it takes bytes with the channels last, and gives floats with the channels first', async () => {
    const nodes = [
      node('Transpose', ['image'], ['first'], { perm: [0, 3, 1, 2] }),
      node('Cast', ['first'], ['float'], { to: types.float32 }),
      node('Sub', ['half', 'float'], ['centred']),
      node('Div', ['centred', 'half'], ['translated']),
    ];
    const weights = [tensor('half', [], [127.5])];
    const result = await translated({ input: { type: 'uint8', shape: nhwc }, nodes, weights });
    expect(maxDifference(result.picture.rgb, negative(testPicture(20, 12)))).toBe(0);
  });

  test('when it knows grey only: colours are weighed as elsewhere', async () => {
    const shape = ['n', 1, 'h', 'w'];
    const nodes = [node('Identity', ['image'], ['translated'])];
    const result = await translated({ input: { shape }, output: { shape }, nodes });
    expect(maxDifference(result.picture.rgb, grey(testPicture(20, 12)))).toBeLessThanOrEqual(1);
  });

  test('when it makes colours of grey', async () => {
    const nodes = [node('Concat', ['image', 'image', 'image'], ['translated'], { axis: 1 })];
    const result = await translated({ input: { shape: ['n', 1, 'h', 'w'] }, nodes });
    expect(maxDifference(result.picture.rgb, grey(testPicture(20, 12)))).toBeLessThanOrEqual(1);
  });

  test.each([
    ['0..1', 1],
    ['0..255', 255],
  ])('when its metadata says that its values are %s', async (range, largest) => {
    const nodes = [node('Sub', ['white', 'image'], ['translated'])];
    const weights = [tensor('white', [], [largest])];
    const result = await translated({ nodes, weights, metadata: { 'cyclebox.range': range } });
    expect(maxDifference(result.picture.rgb, negative(testPicture(20, 12)))).toBe(0);
  });

  test('when it insists on several images at a time', async () => {
    const shape = [3, 3, 'h', 'w'];
    const result = await translated({ input: { shape }, output: { shape }, nodes: negated });
    expect(result.picture.rgb).toEqual(negative(testPicture(20, 12)));
  });

  test('when it insists on a size: the picture is scaled to it as a whole, and back, and it is said', async () => {
    const shape = [1, 3, 32, 24];
    const picture = { ...testPicture(20, 12), alpha: new Uint8Array(240).fill(7) };
    picture.rgb.forEach((_, at) => {
      picture.rgb[at] = Math.floor(at / 3) % 20 < 10 ? 50 : 200;
    });
    const weights = [tensor('w', [3, 3, 1, 1], scaling(-1))];
    const nodes = [node('Conv', ['image', 'w'], ['translated'])];
    const result = await translated({ input: { shape }, output: { shape }, nodes, weights }, picture);
    expect(result).toMatchObject({ tiles: 1, shownAs: { width: 24, height: 32 } });
    expect(result.picture).toMatchObject({ width: 20, height: 12, format: picture.format });
    expect(result.picture.alpha).toEqual(picture.alpha);
    const row = [...result.picture.rgb.subarray(0, 60)].filter((_, at) => at % 3 === 0);
    for (const at of [0, 1, 2, 3, 4, 5, 6, 7]) expect(Math.abs(row[at]! - 205)).toBeLessThanOrEqual(3);
    for (const at of [12, 13, 14, 15, 16, 17, 18, 19]) expect(Math.abs(row[at]! - 55)).toBeLessThanOrEqual(3);
  });

  test('when it insists on one side only', async () => {
    const shape = ['n', 3, 'h', 32];
    const result = await translated({ input: { shape }, output: { shape }, nodes: negated });
    expect(result.picture).toMatchObject({ width: 20, height: 12 });
    expect(result.shownAs).toEqual({ width: 32, height: 12 });
  });
});

describe('what no image can be made for is refused when the model is looked at, with the reason', () => {
  const cast = (type: keyof typeof types) => [node('Cast', ['image'], ['translated'], { to: types[type] })];
  const models: readonly (readonly [string, ForeignModel, RegExp])[] = [
    ['int64 out', { output: { type: 'int64' }, nodes: cast('int64') }, /output translated holds int64 values/],
    ['int32 out', { output: { type: 'int32' }, nodes: cast('int32') }, /output translated holds int32 values/],
    ['bool out', { output: { type: 'bool' }, nodes: cast('bool') }, /output translated holds bool values/],
    ['int64 in', { input: { type: 'int64' }, nodes: cast('float32') }, /input image holds int64 values/],
    ['4 channels', { input: { shape: ['n', 4, 'h', 'w'] }, nodes: negated }, /input image is \[n, 4, h, w\]/],
    ['one axis', { input: { shape: ['n'] }, nodes: negated }, /four axes/],
    ['5 axes', { output: { shape: [1, 1, 3, 8, 8] }, nodes: negated }, /translated is \[1, 1, 3, 8, 8\]/],
    [
      'another size',
      { input: { shape: [1, 3, 64, 64] }, output: { shape: [1, 3, 96, 96] }, nodes: negated },
      /neither keeps the size nor enlarges it/,
    ],
    ['a huge batch', { input: { shape: [4096, 3, 8, 8] }, nodes: negated }, /at most 64 images/],
    [
      'a range unknown',
      { nodes: negated, metadata: { 'cyclebox.range': '0..10' } },
      /known are -1\.\.1, 0\.\.1, 0\.\.255/,
    ],
  ];
  test.each(models)('%s', async (_, model, why) => {
    const path = await write(model);
    const refusal = { code: 'MODEL_INVALID', message: expect.stringMatching(why) };
    await expect(openTranslator({ model: path, engine: 'cpu' })).rejects.toMatchObject(refusal);
    await expect(locateModel({ path: 'model.onnx' }, { storeFolder: folder })).rejects.toMatchObject(refusal);
  });
});
