import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { decodeImage, encodeImage, imageFormats } from '../../src/image/index.js';
import { maxDifference, temporaryFolder, testPicture, testRgb, testSharp } from '../support/pictures.js';

/** How far a lossy format may be from the original, in levels of 256. */
const tolerance = { jpeg: 12, png: 0, webp: 14, avif: 14, tiff: 0 };

describe('formats', () => {
  test.each(imageFormats)('%s comes in from a file and from bytes as the same upright sRGB', async format => {
    const path = join(await temporaryFolder(), `picture.${format}`);
    const bytes = await encodeImage(testPicture(48, 32), { format });
    await writeFile(path, bytes);
    const picture = await decodeImage(path);
    expect(picture).toMatchObject({ width: 48, height: 32, format });
    expect(picture.alpha).toBeUndefined();
    expect(maxDifference(picture.rgb, testRgb(48, 32))).toBeLessThanOrEqual(tolerance[format]);
    expect(await decodeImage(bytes)).toEqual(picture);
  });

  test.each(imageFormats.filter(format => format !== 'jpeg'))('%s keeps alpha apart from colour', async format => {
    const bytes = await encodeImage(testPicture(40, 24, { alpha: true }), { format });
    const picture = await decodeImage(bytes);
    expect(maxDifference(picture.alpha ?? [], testPicture(40, 24, { alpha: true }).alpha ?? [])).toBeLessThanOrEqual(
      format === 'avif' ? 10 : 0,
    );
    if (tolerance[format] === 0) expect(maxDifference(picture.rgb, testRgb(40, 24))).toBe(0);
  });

  test.each([
    [1, 1],
    [3, 5],
    [257, 101],
  ])('a picture of %i×%i survives every format', async (width, height) => {
    for (const format of imageFormats) {
      const picture = await decodeImage(await encodeImage(testPicture(width, height), { format }));
      expect(picture).toMatchObject({ width, height, format });
    }
  });

  test('of an animation and of a document with pages, the first one is taken', async () => {
    const frames = await Promise.all(['#102030', '#ffffff'].map(color => flat(color).png().toBuffer()));
    const webp = await sharp(frames, { join: { animated: true } })
      .webp({ lossless: true })
      .toBuffer();
    const tiff = await sharp(frames, { join: { animated: true } })
      .tiff({ compression: 'none' })
      .toBuffer();
    for (const bytes of [webp, tiff]) {
      const picture = await decodeImage(bytes);
      expect([picture.width, picture.height, ...picture.rgb.subarray(0, 3)]).toEqual([8, 8, 16, 32, 48]);
    }
  });
});

describe('orientation', () => {
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('EXIF orientation %i is applied', async orientation => {
    for (const format of ['jpeg', 'png', 'webp', 'tiff'] as const) {
      const bytes = await testSharp(48, 32).withMetadata({ orientation })[format](lossless[format]).toBuffer();
      const picture = await decodeImage(bytes);
      const expected = oriented(testRgb(48, 32), 48, 32, orientation);
      expect([picture.width, picture.height]).toEqual([expected.width, expected.height]);
      expect(maxDifference(picture.rgb, expected.rgb)).toBeLessThanOrEqual(format === 'jpeg' ? 12 : 0);
    }
  });
});

const lossless = {
  jpeg: { quality: 100, chromaSubsampling: '4:4:4' },
  png: {},
  webp: { lossless: true },
  tiff: { compression: 'none' },
} as const;

/** What EXIF orientation means, said once more without sharp: TIFF 6.0, tag 274. */
function oriented(rgb: Uint8Array, width: number, height: number, orientation: number) {
  const swapped = orientation >= 5;
  const out = { width: swapped ? height : width, height: swapped ? width : height, rgb: new Uint8Array(rgb.length) };
  for (let y = 0; y < out.height; y++)
    for (let x = 0; x < out.width; x++) {
      const [right, bottom] = [out.width - 1 - x, out.height - 1 - y];
      const source = [
        [],
        [x, y],
        [right, y],
        [right, bottom],
        [x, bottom],
        [y, x],
        [y, right],
        [bottom, right],
        [bottom, x],
      ];
      const [sx = 0, sy = 0] = source[orientation] ?? [];
      out.rgb.set(rgb.subarray((sy * width + sx) * 3, (sy * width + sx) * 3 + 3), (y * out.width + x) * 3);
    }
  return out;
}

describe('colour', () => {
  test('Display P3 is converted to sRGB', async () => {
    const wide = await testSharp().withIccProfile('p3').png().toBuffer();
    const stored = await sharp(wide, { ignoreIcc: true }).raw().toBuffer();
    expect(maxDifference(stored, testRgb(48, 32))).toBeGreaterThan(15);
    expect(maxDifference((await decodeImage(wide)).rgb, testRgb(48, 32))).toBeLessThanOrEqual(8);
  });

  test('a colour profile that is garbage is passed over, since the pixels are there', async () => {
    const bytes = await testSharp().jpeg().toBuffer();
    const profile = Buffer.concat([Buffer.from('ICC_PROFILE\0\x01\x01', 'latin1'), Buffer.alloc(200, 7)]);
    const segment = Buffer.from([0xff, 0xe2, 0, profile.length + 2]);
    const odd = Buffer.concat([bytes.subarray(0, 2), segment, profile, bytes.subarray(2)]);
    expect((await sharp(odd).metadata()).icc?.length).toBe(200);
    expect((await decodeImage(odd)).rgb).toEqual((await decodeImage(bytes)).rgb);
  });

  test('CMYK becomes colour', async () => {
    const bytes = await flat('#c86432').toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(bytes).metadata()).space).toBe('cmyk');
    const picture = await decodeImage(bytes);
    expect(picture.rgb.length).toBe(8 * 8 * 3);
    expect(maxDifference(picture.rgb.subarray(0, 3), [200, 100, 50])).toBeLessThan(30);
  });

  test('16-bit colour, grey and alpha are scaled, not cut, to 8 bits', async () => {
    const colour = await testSharp().toColourspace('rgb16').png().toBuffer();
    expect((await sharp(colour).metadata()).depth).toBe('ushort');
    expect(maxDifference((await decodeImage(colour)).rgb, testRgb(48, 32))).toBe(0);
    const see = await flat('#c8643280').toColourspace('rgb16').png().toBuffer();
    const picture = await decodeImage(see);
    expect([...picture.rgb.subarray(0, 3), picture.alpha?.[0]]).toEqual([200, 100, 50, 128]);
    const grey = await flat('#777777').toColourspace('grey16').tiff().toBuffer();
    expect(maxDifference((await decodeImage(grey)).rgb, new Uint8Array(192).fill(0x77))).toBeLessThanOrEqual(1);
  });

  test('grey, grey with alpha, one bit and palettes become three channels', async () => {
    const grey = await flat('#777777').toColourspace('b-w').png().toBuffer();
    expect((await sharp(grey).metadata()).channels).toBe(1);
    expect([...(await decodeImage(grey)).rgb.subarray(0, 3)]).toEqual([0x77, 0x77, 0x77]);
    const greyAlpha = await flat('#77777740').toColourspace('b-w').png().toBuffer();
    expect((await sharp(greyAlpha).metadata()).channels).toBe(2);
    const seen = await decodeImage(greyAlpha);
    expect([seen.rgb.length, seen.rgb[0], seen.alpha?.[0]]).toEqual([192, 0x77, 0x40]);
    const palette = await flat('#10203040').png({ palette: true }).toBuffer();
    expect((await decodeImage(palette)).alpha?.[0]).toBe(0x40);
    const bilevel = await flat('#ffffff')
      .threshold(128)
      .toColourspace('b-w')
      .tiff({ bitdepth: 1, compression: 'ccittfax4' })
      .toBuffer();
    expect([...(await decodeImage(bilevel)).rgb.subarray(0, 3)]).toEqual([255, 255, 255]);
  });
});

describe('refusals', () => {
  test.each(imageFormats)('a %s cut off at any length is corrupt, never half a picture', async format => {
    const bytes = await encodeImage(testPicture(96, 64, { alpha: format !== 'jpeg' }), { format });
    const lengths = new Set([0, 1, 2, 3, 5, 7, 8, 9, 11, 12, 15, 16, 20, 31]);
    for (let i = 1; i < 40; i++) lengths.add(Math.floor((bytes.length * i) / 40));
    for (const missing of [1, 2, 4, 8, 12]) lengths.add(bytes.length - missing);
    for (const length of lengths) {
      const attempt = decodeImage(bytes.subarray(0, length), { file: 'cut.img' });
      await expect(attempt, `${length} of ${bytes.length} bytes`).rejects.toMatchObject({
        code: 'IMAGE_CORRUPT',
        message: expect.stringContaining('cut.img'),
      });
    }
  });

  test('flipped bits never crash the decoder: a picture or a coded error comes back', async () => {
    for (const format of imageFormats) {
      const bytes = await encodeImage(testPicture(32, 32), { format });
      for (let i = 0; i < 40; i++) {
        const damaged = Buffer.from(bytes);
        const at = Math.floor((bytes.length * i) / 40);
        damaged[at] = (damaged[at] ?? 0) ^ (1 << (i % 8));
        const outcome = await decodeImage(damaged).catch((error: unknown) => error);
        expect(outcome).toSatisfy(
          (value: object) => 'rgb' in value || /^IMAGE_/.test((value as { code: string }).code),
        );
      }
    }
  });

  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
  test.each([
    ['an SVG under the name of a PNG', svg, /SVG/],
    ['an SVG with an XML head', `<?xml version="1.0"?>\n${svg}`, /SVG/],
    ['a text', 'hello, this is no image', /text file/],
    ['a GIF', 'GIF89a\x01\x00\x01\x00', /GIF/],
    ['a PDF', '%PDF-1.7\n', /PDF/],
    ['a HEIC', '\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic', /HEIC/],
    ['random bytes', '\x07\x9b\x03\x01\x00\xfe', /no known kind/],
  ])('%s is refused by its content', async (_, content, words) => {
    const path = join(await temporaryFolder(), 'picture.png');
    await writeFile(path, content, 'latin1');
    await expect(decodeImage(path)).rejects.toMatchObject({
      code: 'IMAGE_UNSUPPORTED',
      message: expect.stringMatching(words),
      subject: { file: path },
    });
  });

  test('a small file of many pixels is refused before it is decoded, with its size, the limit and the option', async () => {
    const bomb = await sharp({ create: { width: 16_000, height: 8010, channels: 3, background: '#000' } })
      .png({ palette: true, compressionLevel: 9 })
      .toBuffer();
    expect(bomb.length).toBeLessThan(500_000);
    const message = expect.stringMatching(
      /bomb\.png has 16000 × 8010 = 128.2 megapixels; the limit is 128\..*--max-megapixels/,
    );
    await expect(decodeImage(bomb, { file: 'bomb.png' })).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE', message });
    await expect(decodeImage(await testSharp().png().toBuffer(), { maxPixels: 1535 })).rejects.toThrow('0.001535');
    expect(await decodeImage(await testSharp().png().toBuffer(), { maxPixels: 1536 })).toMatchObject({ width: 48 });
  });

  test('a missing file, a folder and a pipe are told apart from damaged images', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'folder.png'));
    await expect(decodeImage(join(folder, 'no.png'))).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(decodeImage(join(folder, 'folder.png'))).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    if (process.platform !== 'win32')
      await expect(decodeImage('/dev/null')).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});

function flat(background: string) {
  const channels = background.length === 9 ? 4 : 3;
  return sharp({ create: { width: 8, height: 8, channels, background } });
}
