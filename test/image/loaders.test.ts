import sharp from 'sharp';
import { expect, test } from 'vitest';
import { blockUntrustedLoaders, decodeImage, encodeImage, imageFormats } from '../../src/image/index.js';
import { testPicture } from '../support/pictures.js';

test('a process of ours has no loader for SVG left, and still has the five it needs', async () => {
  const svg = Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
  );
  expect((await sharp(svg).metadata()).format).toBe('svg');
  blockUntrustedLoaders();
  await expect(sharp(svg).metadata()).rejects.toThrow();
  for (const format of imageFormats)
    expect((await decodeImage(await encodeImage(testPicture(9, 9), { format }))).format).toBe(format);
});
