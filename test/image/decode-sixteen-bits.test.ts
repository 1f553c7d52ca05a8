import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { type AnyPicture, decodeImage, encodeImage, encodingNotes, resizePicture } from '../../src/image/index.js';
import { colourProfile, withIcc } from '../support/colour-profiles.js';
import { maxDifference } from '../support/pictures.js';

const [width, height] = [4096, 4];

/** 4096 levels, evenly from black to white; the three channels run apart. */
function ramp(): AnyPicture {
  const rgb = new Uint16Array(width * height * 3);
  for (let i = 0; i < rgb.length; i++) {
    const level = Math.floor(i / 3) % width;
    rgb[i] = Math.round((65_535 * (i % 3 === 1 ? width - 1 - level : level)) / (width - 1));
  }
  return { width, height, rgb, format: 'png' };
}

const levels = ({ rgb }: AnyPicture) => new Set(rgb).size;

describe('a picture of 16 bits', () => {
  test.each(['png', 'tiff'] as const)('goes into a %s and out of it without a value lost', async format => {
    const bytes = await encodeImage(ramp(), { format });
    expect(await sharp(bytes).metadata()).toMatchObject({ depth: 'ushort', channels: 3, hasProfile: true });
    const picture = await decodeImage(bytes, { depth: 'source' });
    expect(picture.rgb).toEqual(ramp().rgb);
    expect(picture.notes).toBeUndefined();
  });

  test.each(['png', 'tiff'] as const)('keeps its opacity in a %s, to the last of its bits', async format => {
    const alpha = new Uint16Array(width * height).map((_, i) => 65_535 - (i % width) * 16);
    const read = await decodeImage(await encodeImage({ ...ramp(), alpha }, { format }), { depth: 'source' });
    expect(read.rgb).toEqual(ramp().rgb);
    expect(read.alpha).toEqual(alpha);
  });

  test.each(['jpeg', 'webp', 'avif'] as const)('becomes one of 8 in a %s, which is said', async format => {
    const picture = { ...ramp(), rgb: ramp().rgb.map(() => 25_700) };
    expect(encodingNotes(picture, { format })).toEqual([`its 16 bits a channel became 8, since ${format} has no more`]);
    const read = await decodeImage(await encodeImage(picture, { format }));
    expect(maxDifference(read.rgb, new Uint8Array(read.rgb.length).fill(100))).toBeLessThanOrEqual(2);
  });

  test('of grey has as many levels as before, three times', async () => {
    const grey = Uint16Array.from({ length: 1024 }, (_, i) => i * 64);
    const file = await sharp(grey, { raw: { width: 1024, height: 1, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect((await sharp(file).metadata()).space).toBe('grey16');
    const picture = await decodeImage(file, { depth: 'source' });
    expect(picture.rgb).toEqual(new Uint16Array(grey.length * 3).map((_, i) => grey[Math.floor(i / 3)]!));
  });

  test('is one of bytes for whoever does not ask, which is said', async () => {
    const picture = await decodeImage(await encodeImage(ramp()));
    expect(picture.rgb).toBeInstanceOf(Uint8Array);
    expect([levels(picture), picture.notes]).toEqual([256, ['its 16 bits a channel became 8']]);
  });

  test('is made of one of 8 where 16 are asked for', async () => {
    const bytes = await encodeImage({ width: 2, height: 1, rgb: Uint8Array.of(0, 1, 2, 128, 254, 255), format: 'png' });
    const { rgb } = await decodeImage(bytes, { depth: 16 });
    expect(rgb).toEqual(Uint16Array.of(0, 257, 514, 128 * 257, 254 * 257, 65_535));
  });

  test('keeps all its levels when it is resized', async () => {
    const smaller = await resizePicture(ramp(), width / 2, height);
    expect(levels(smaller)).toBeGreaterThan(2000);
  });
});

describe('of 16 bits, colours of another space become sRGB', () => {
  const saturated = Uint16Array.of(65_535, 0, 0, 30_000, 10_000, 50_000, 65_000, 65_000, 1000, 300, 200, 100);
  const picture = { width: 2, height: 2, rgb: saturated, format: 'png' as const };

  test('no value changes where the file says sRGB already', async () => {
    const bytes = withIcc(await sharpPng(saturated), await colourProfile('srgb'));
    expect((await decodeImage(bytes, { depth: 'source' })).rgb).toEqual(saturated);
    const eight = (await decodeImage(bytes)).rgb;
    expect(
      maxDifference(
        eight,
        Array.from(saturated, value => value / 257),
      ),
    ).toBeLessThan(1);
  });

  test.each(['p3', 'adobe'] as const)('from %s by its primaries and its curve', async name => {
    const bytes = withIcc(await sharpPng(saturated), await colourProfile(name));
    const deep = (await decodeImage(bytes, { depth: 'source' })).rgb;
    // Of 8 bits, libvips converts; where 16 do, their bytes have to be the same.
    const eight = withIcc(await sharpPng(saturated, 'srgb'), await colourProfile(name));
    const expected = (await decodeImage(eight)).rgb;
    expect(
      maxDifference(
        Array.from(deep, value => value / 257),
        expected,
      ),
    ).toBeLessThan(2.5);
  });

  test('a profile that is garbage is passed over', async () => {
    const bytes = withIcc(await sharpPng(saturated), Buffer.alloc(200, 7));
    expect((await decodeImage(bytes, { depth: 'source' })).rgb).toEqual(saturated);
  });

  function sharpPng(rgb: Uint16Array, space = 'rgb16'): Promise<Buffer> {
    const { width: w, height: h } = picture;
    return sharp(rgb, { raw: { width: w, height: h, channels: 3 } })
      .toColourspace(space)
      .png()
      .toBuffer();
  }
});
