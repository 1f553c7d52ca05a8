import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { type DataSettings, type DataState, describeReport, openTrainingData } from '../../src/training/data/index.js';
import {
  codedPng,
  openData,
  seenPairs,
  take,
  takeBits,
  twoFolders,
  writeCoded,
  writeInto,
} from '../support/dataset.js';
import { temporaryFolder } from '../support/pictures.js';

/** Pairs of images n and 100 + n: 1 to 4 by the same name, 5 in a subfolder, 6 by another ending. */
async function pairedFolders(more: Partial<DataSettings> = {}): Promise<DataSettings> {
  const root = await temporaryFolder();
  const [a, b] = [join(root, 'a'), join(root, 'b')];
  for (const [folder, first] of [
    [a, 0],
    [b, 100],
  ] as const) {
    await writeCoded(folder, Object.fromEntries([1, 2, 3, 4].map(n => [`${n}.png`, { number: first + n }])));
    await writeCoded(folder, { 'sub/1.png': { number: first + 5 } });
  }
  await writeCoded(a, { '6.png': { number: 6 } });
  await writeInto(
    b,
    '6.tiff',
    await sharp(await codedPng({ number: 106 }))
      .tiff({ compression: 'none' })
      .toBuffer(),
  );
  return { a, b, pairing: 'names', size: 32, loadSize: 0, flip: true, batch: 2, seed: 1, ...more };
}

/** Ten images, n on the left and 100 + n on the right, with a column between them. */
async function sideBySide(more: Partial<DataSettings> = {}): Promise<DataSettings> {
  const a = await temporaryFolder();
  for (let n = 1; n <= 10; n++) {
    const halves = [await codedPng({ number: n }), await codedPng({ number: 100 + n })];
    const canvas = sharp({ create: { width: 97, height: 40, channels: 3, background: '#ffffff' } });
    const joined = canvas.composite(halves.map((input, at) => ({ input, left: 49 * at, top: 0 })));
    await writeInto(a, `${n}.png`, await joined.removeAlpha().png().toBuffer());
  }
  return { a, b: a, pairing: 'side-by-side', size: 32, loadSize: 0, flip: true, batch: 1, seed: 1, ...more };
}

describe.each([
  ['two folders', pairedFolders, 6],
  ['side-by-side images', sideBySide, 10],
])('pairs of %s', (_, make, count) => {
  test('are shown together, with the same crop and the same mirroring, once in every epoch', async () => {
    const data = await openData(await make({ batch: 1 }));
    expect(data.epochLength).toBe(count);
    const pairs = (await take(data, count * 4)).flatMap(seenPairs);
    for (const [a, b] of pairs) expect(b).toEqual({ ...a, number: a.number + 100 });
    for (let epoch = 0; epoch < 4; epoch++) {
      const numbers = pairs.slice(epoch * count, (epoch + 1) * count).map(([{ number }]) => number);
      expect(new Set(numbers)).toEqual(new Set(Array.from({ length: count }, (_, at) => at + 1)));
    }
    expect(new Set(pairs.map(([{ mirrored }]) => mirrored)).size).toBe(2);
    expect(new Set(pairs.map(([{ left }]) => left)).size).toBeGreaterThan(8);
    expect(data.reports.flatMap(describeReport)).toEqual([]);
  });

  test('go on where a state was read, also in a stage of another size', async () => {
    const settings = await make();
    const data = await openData(settings);
    await take(data, 4);
    data.enterStage({ size: 36 });
    const state: DataState = JSON.parse(JSON.stringify(data.state));
    const resumed = await openData({ ...settings, size: 36 }, state);
    expect(await takeBits(resumed, 6)).toEqual(await takeBits(data, 6));
  });

  test('are scaled alike', async () => {
    const { A, B } = await (await openData(await make({ loadSize: 36, size: 36, batch: 1 }))).next();
    const plane = 36 * 36;
    expect(A.shape).toEqual([1, 3, 36, 36]);
    expect(B.data.subarray(0, 2 * plane)).toEqual(A.data.subarray(0, 2 * plane));
    expect(B.data[2 * plane]).not.toEqual(A.data[2 * plane]);
  });
});

describe('partners by name', () => {
  test('that are missing or ambiguous are told by name', async () => {
    const settings = await pairedFolders();
    await writeCoded(settings.a, { 'alone.png': { number: 9 } });
    await writeInto(settings.a, '7.png', await codedPng({ number: 7 }));
    for (const name of ['7.webp', '7.tiff']) await writeInto(settings.b, name, await codedPng({ number: 107 }));
    const data = await openData(settings);
    const [a, b] = data.reports;
    expect(a).toMatchObject({ domain: 'A', images: 8, used: 6, unmatched: ['7.png', 'alone.png'] });
    expect(b).toMatchObject({ domain: 'B', images: 8, used: 6, unmatched: ['7.tiff', '7.webp'] });
    expect(describeReport(a!)).toEqual([
      `2 of 8 images in ${settings.a} have no partner of the same name: 7.png, alone.png.`,
    ]);
  });

  test('of which there is none are an error that shows a name of each folder', async () => {
    const settings = await twoFolders({ pairing: 'names' });
    await rm(settings.b, { recursive: true });
    await writeCoded(settings.b, { 'one.png': { number: 1 } });
    await expect(openTrainingData(settings)).rejects.toMatchObject({
      code: 'DATASET_EMPTY',
      message: `No image in ${settings.a} has a partner of the same name in ${settings.b}: one has 1.png, the other one.png, for example. Give the two images of a pair the same path and name; endings may differ.`,
    });
  });

  test('of another shape are left out; those that differ by a rounding when scaled are not', async () => {
    const settings = await pairedFolders({ loadSize: 36 });
    await writeCoded(settings.b, { '1.png': { number: 101, width: 96, height: 80 } });
    await writeCoded(settings.b, { '2.png': { number: 102, width: 97, height: 80 } });
    await writeCoded(settings.b, { '3.png': { number: 103, width: 60, height: 40 } });
    const data = await openData(settings);
    expect(data.reports.map(({ used, unfit }) => [used, unfit])).toEqual([
      [5, [{ file: '3.png', width: 48, height: 40, reason: 'shape' }]],
      [5, [{ file: '3.png', width: 60, height: 40, reason: 'shape' }]],
    ]);
    expect(data.reports.flatMap(describeReport)).toContain(
      `1 of 6 images in ${settings.b} is left out, having another shape than their partners: 3.png (60 × 40). The two images of a pair must show the same in the same proportions.`,
    );
    for (const { A, B } of await take(data, 6)) expect(B.shape).toEqual(A.shape);
    expect(data.reports[0]!.used).toBe(5);
  });

  test('of which one cannot be decoded are replaced together by the next pair', async () => {
    const settings = await pairedFolders({ batch: 1 });
    const bytes = await codedPng({ number: 103 });
    await writeInto(settings.b, '3.png', bytes.subarray(0, bytes.length - 40));
    const data = await openData(settings);
    const pairs = (await take(data, 12)).flatMap(seenPairs);
    for (const [a, b] of pairs) expect(b.number).toBe(a.number + 100);
    expect(pairs.map(([{ number }]) => number).toSorted()).toEqual([1, 1, 2, 2, 4, 4, 4, 4, 5, 5, 6, 6]);
    expect(data.reports.map(({ used, skipped }) => [used, skipped.map(({ file }) => file)])).toEqual([
      [5, []],
      [5, ['3.png']],
    ]);
  });
});

test('two domains in one folder are reported as one', async () => {
  const data = await openData(await sideBySide());
  expect(data.reports).toMatchObject([{ domain: 'A+B', images: 10, used: 10 }]);
});
