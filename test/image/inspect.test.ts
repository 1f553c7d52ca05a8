import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { decodeImage, encodeImage, imageFormats, inspectImage, RawTiff } from '../../src/image/index.js';
import { temporaryFolder, testPicture, testSharp } from '../support/pictures.js';

async function fileOf(bytes: Uint8Array): Promise<string> {
  const path = join(await temporaryFolder(), 'image');
  await writeFile(path, bytes);
  return path;
}

describe('a header', () => {
  test.each(imageFormats)('of a %s file says what decoding it will give', async format => {
    const alpha = format !== 'jpeg';
    const bytes = await encodeImage(testPicture(48, 32, { alpha }), { format });
    const path = await fileOf(bytes);
    const { width, height } = await decodeImage(path);
    expect(await inspectImage(path)).toEqual({
      format,
      width,
      height,
      isGrey: false,
      isDeep: false,
      hasAlpha: alpha,
      bytes: bytes.length,
    });
  });

  test.each([1, 3, 6, 8])('with EXIF orientation %i gives the upright size', async orientation => {
    for (const format of ['jpeg', 'png', 'webp', 'tiff'] as const) {
      const path = await fileOf(await testSharp(48, 32).withMetadata({ orientation })[format]().toBuffer());
      const { width, height } = await decodeImage(path);
      expect(await inspectImage(path)).toMatchObject({ width, height });
    }
  });

  test('tells grey and deep images', async () => {
    const grey = await fileOf(await testSharp().toColourspace('b-w').png().toBuffer());
    expect(await inspectImage(grey)).toMatchObject({ isGrey: true, isDeep: false, hasAlpha: false });
    const seenThrough = await fileOf(await testSharp().ensureAlpha(0.5).toColourspace('b-w').png().toBuffer());
    expect(await inspectImage(seenThrough)).toMatchObject({ isGrey: true, hasAlpha: true });
    const deep = await fileOf(await testSharp().toColourspace('rgb16').png().toBuffer());
    expect(await inspectImage(deep)).toMatchObject({ isGrey: false, isDeep: true });
  });

  test('of a large file is read alone: that pixels are missing is not noticed', async () => {
    const pixels = Uint8Array.from({ length: 800 * 700 * 3 }, (_, at) => (at * 2_654_435_761) >>> 11);
    const raw = { width: 800, height: 700, channels: 3 } as const;
    const bytes = await sharp(pixels, { raw }).tiff({ compression: 'none', tile: false }).toBuffer();
    const png = await sharp(pixels, { raw }).png({ compressionLevel: 0 }).toBuffer();
    expect(Math.min(bytes.length, png.length)).toBeGreaterThan(2 ** 20);
    expect(await inspectImage(await fileOf(bytes))).toMatchObject({ format: 'tiff', width: 800, height: 700 });
    const cut = await fileOf(png.subarray(0, png.length - 1000));
    expect(await inspectImage(cut)).toMatchObject({ format: 'png', width: 800, height: 700 });
    await expect(decodeImage(cut)).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
  });

  test('of a file of more than 2 GB is read like any other', async () => {
    const path = join(await temporaryFolder(), 'vast.tif');
    const [width, height] = [30_000, 25_000];
    const tiff = await RawTiff.create(path, { width, height, channels: 3 });
    await tiff.write(height - 1, new Uint8Array(width * 3));
    await tiff.close();
    const { bytes, ...facts } = await inspectImage(path, { maxPixels: Number.POSITIVE_INFINITY });
    expect(bytes).toBeGreaterThan(2 ** 31);
    expect(facts).toMatchObject({ format: 'tiff', width, height });
    await expect(inspectImage(path)).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
  });

  test('of what cannot be decoded is refused in the same words', async () => {
    const svg = await fileOf(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'));
    const empty = await fileOf(new Uint8Array());
    const image = await fileOf(await testSharp().png().toBuffer());
    for (const [path, limits] of [
      [svg, {}],
      [empty, {}],
      [image, { maxPixels: 100 }],
      [join(image, '..', 'nowhere'), {}],
    ] as const) {
      const error = await decodeImage(path, limits).then(
        () => undefined,
        (reason: Error) => reason,
      );
      expect(error).toBeInstanceOf(Error);
      await expect(inspectImage(path, limits)).rejects.toEqual(error);
    }
  });
});
