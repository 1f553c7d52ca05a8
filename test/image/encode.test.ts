import sharp from 'sharp';
import { expect, test } from 'vitest';
import { encodeImage, imageFormats, nameForFormat } from '../../src/image/index.js';
import { testPicture } from '../support/pictures.js';

test.each(imageFormats)('%s is marked as sRGB', async format => {
  const metadata = await sharp(await encodeImage(testPicture(20, 10), { format })).metadata();
  expect(metadata).toMatchObject({ width: 20, height: 10, space: 'srgb', channels: 3 });
  expect(metadata.icc?.toString('latin1').replaceAll('\0', '')).toContain('sRGB');
});

test('JPEG has no alpha: the picture is laid on white', async () => {
  const picture = {
    width: 8,
    height: 8,
    rgb: new Uint8Array(192),
    alpha: new Uint8Array(64).fill(128),
    format: 'png' as const,
  };
  const { data, info } = await sharp(await encodeImage(picture, { format: 'jpeg' }))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(info.channels).toBe(3);
  expect(data[0]).toBe(127);
});

test('what a format cannot hold is refused with a way out', async () => {
  const wide = { width: 17_000, height: 1, rgb: new Uint8Array(51_000), format: 'webp' as const };
  await expect(encodeImage(wide)).rejects.toMatchObject({
    code: 'IMAGE_TOO_LARGE',
    message: expect.stringMatching(/webp.*16383.*png/s),
  });
  expect((await encodeImage(wide, { format: 'png' })).length).toBeGreaterThan(0);
  await expect(encodeImage(wide, { format: 'jpeg', quality: 0 })).rejects.toMatchObject({ code: 'USAGE' });
});

test('names keep an extension that fits and change one that does not', () => {
  expect(nameForFormat('a.JPG', 'jpeg')).toBe('a.JPG');
  expect(nameForFormat('a.jpeg', 'png')).toBe('a.png');
  expect(nameForFormat('a.b.c', 'tiff')).toBe('a.b.c.tif');
  expect(nameForFormat('.png', 'png')).toBe('.png.png');
});
