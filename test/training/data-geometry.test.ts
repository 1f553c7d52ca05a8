import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeImage, resizePicture, toUnitRange } from '../../src/image/index.js';
import { cropFits, loadedSize, loadsAlike } from '../../src/training/data/geometry.js';
import { openTrainingData, type Preprocess } from '../../src/training/data/index.js';
import { codedPng, openData, seenPairs, take, twoFolders, writeCoded } from '../support/dataset.js';

const size = (width: number, height: number, preprocess: Preprocess, loadSize = 0) =>
  Object.values(loadedSize({ width, height }, { preprocess, size: 32, loadSize }));

describe('the size that an image is trained at', () => {
  test('resize-and-crop scales the shorter side and keeps proportions', () => {
    expect(size(300, 200, 'resize-and-crop', 100)).toEqual([150, 100]);
    expect(size(200, 333, 'resize-and-crop', 100)).toEqual([100, 167]);
    expect(size(300, 200, 'resize-and-crop', 0)).toEqual([300, 200]);
  });

  test('scale-width scales the width, and the height in proportion', () => {
    expect(size(300, 200, 'scale-width', 100)).toEqual([100, 67]);
    expect(size(200, 300, 'scale-width', 100)).toEqual([100, 150]);
    expect(size(30_000, 10, 'scale-width', 100)).toEqual([100, 1]);
  });

  test('crop leaves it', () => {
    expect(size(301, 199, 'crop', 100)).toEqual([301, 199]);
  });

  test('none takes the nearest multiples of 4, halves to the even one, as Python rounds', () => {
    expect([1, 2, 5, 6, 10, 14, 18, 63, 66].map(side => size(side, side, 'none')[0])).toEqual([
      4, 4, 4, 8, 8, 16, 16, 64, 64,
    ]);
  });

  test('is never less than the load size on the side that was scaled to it', () => {
    const sides = fc.integer({ min: 1, max: 5000 });
    fc.assert(
      fc.property(sides, sides, fc.integer({ min: 4, max: 600 }), (width, height, loadSize) => {
        expect(Math.min(...size(width, height, 'resize-and-crop', loadSize))).toBe(loadSize);
        expect(size(width, height, 'scale-width', loadSize)[0]).toBe(loadSize);
      }),
    );
  });

  test('allows a crop that fits into it; a whole image must be of exactly the size', () => {
    const geometry = { size: 32, loadSize: 0 };
    expect(cropFits({ width: 32, height: 40 }, { ...geometry, preprocess: 'crop' })).toBe(true);
    expect(cropFits({ width: 31, height: 40 }, { ...geometry, preprocess: 'crop' })).toBe(false);
    expect(cropFits({ width: 32, height: 40 }, { ...geometry, preprocess: 'none' })).toBe(false);
    expect(cropFits({ width: 32, height: 32 }, { ...geometry, preprocess: 'none' })).toBe(true);
  });

  test('is the same for another crop, but not for another load size', () => {
    const geometry = { preprocess: 'resize-and-crop', size: 32, loadSize: 36 } as const;
    expect(loadsAlike(geometry, { ...geometry, size: 16 })).toBe(true);
    expect(loadsAlike(geometry, { ...geometry, loadSize: 40 })).toBe(false);
    expect(loadsAlike(geometry, { ...geometry, loadSize: 0 })).toBe(false);
    expect(loadsAlike({ ...geometry, preprocess: 'crop' }, { ...geometry, preprocess: 'crop', loadSize: 40 })).toBe(
      true,
    );
    expect(loadsAlike(geometry, { ...geometry, preprocess: 'scale-width' })).toBe(false);
  });
});

describe('a crop', () => {
  test('is cut from the image as it is translated and scaled, and mapped to [-1, 1]', async () => {
    const settings = await twoFolders({ loadSize: 36, flip: false });
    const data = await openData(settings);
    const { A } = await data.next();
    const candidates = await Promise.all(
      [1, 2, 3, 4, 5].map(async name => resizePicture(await decodeImage(join(settings.a, `${name}.png`)), 43, 36)),
    );
    const found = candidates.flatMap(picture =>
      Array.from({ length: 12 * 5 }, (_, at) => ({ picture, left: at % 12, top: Math.floor(at / 12) })).filter(
        ({ left, top }) =>
          A.data.every((value, at) => {
            const [channel, y, x] = [Math.floor(at / 1024), Math.floor((at % 1024) / 32), at % 32];
            return value === Math.fround(toUnitRange(picture.rgb[((top + y) * 43 + left + x) * 3 + channel]!));
          }),
      ),
    );
    expect(found).toHaveLength(1);
  });

  test('with preprocess crop is cut from the unscaled image, whatever the load size', async () => {
    const data = await openData(await twoFolders({ preprocess: 'crop', loadSize: 36 }));
    const views = (await take(data, 30)).flatMap(seenPairs).flat();
    expect(Math.max(...views.map(({ left }) => left))).toBeGreaterThan(12);
  });

  test('with preprocess none is the whole image; others are left out, and when all are it says so', async () => {
    const settings = await twoFolders({ preprocess: 'none', size: 40 });
    await expect(openTrainingData(settings)).rejects.toMatchObject({
      code: 'DATASET_EMPTY',
      message: expect.stringMatching(
        /^5 of 5 images in \S+ are left out, not being 40 × 40: .* Whole images \(preprocess none\) must all/,
      ),
    });
    for (const [folder, number] of [
      [settings.a, 9],
      [settings.b, 109],
    ] as const)
      await writeCoded(folder, { 'square.png': { number, width: 40, height: 40 } });
    const views = (await take(await openData(settings), 6)).flatMap(seenPairs).flat();
    expect(new Set(views.map(({ number, left, top }) => [number, left, top].join()))).toEqual(
      new Set(['9,0,0', '109,0,0']),
    );
  });

  test('with preprocess scale-width is cut from an image of that width', async () => {
    const settings = await twoFolders({ preprocess: 'scale-width', loadSize: 96, size: 80 });
    expect((await (await openData(settings)).next()).A.shape).toEqual([1, 3, 80, 80]);
    await expect(openTrainingData({ ...settings, size: 84 })).rejects.toMatchObject({
      message: expect.stringMatching(
        /smaller than the crop of 84 × 84 when scaled to a width of 96: 1\.png \(48 × 40\)/,
      ),
    });
  });

  test('reaches every place where it fits, and no other', async () => {
    const settings = await twoFolders({ size: 36 });
    const views = (await take(await openData(settings), 200)).flatMap(seenPairs).flat();
    expect(new Set(views.map(({ left }) => left))).toEqual(new Set(Array.from({ length: 13 }, (_, at) => at)));
    expect(new Set(views.map(({ top }) => top))).toEqual(new Set([0, 1, 2, 3, 4]));
  });
});

test('a coded image is written as it is meant', async () => {
  const { rgb } = await decodeImage(await codedPng({ number: 7 }));
  expect([...rgb.subarray((3 * 48 + 5) * 3, (3 * 48 + 5) * 3 + 3)]).toEqual([5, 3, 7]);
});
