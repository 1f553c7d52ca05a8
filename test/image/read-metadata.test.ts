import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { bytesAsSource } from '../../src/image/byte-source.js';
import { embedIntoTiff } from '../../src/image/embed-metadata.js';
import { decodeImage, encodeImage, encodingNotes, imageFormats, resizePicture } from '../../src/image/index.js';
import { readTiff, type TiffDirectory } from '../../src/image/tiff-directory.js';
import { maxDifference, temporaryFolder, testRgb, testSharp } from '../support/pictures.js';
import { type FieldSpec, plainDirectory, tiffBytes } from '../support/tiff-bytes.js';

const [width, height] = [48, 32];
const date = '2024:05:17 09:30:11';

/** As a phone writes it: camera, date, place, lens; also what does not hold of another image. */
function phoneExif(isBigEndian: boolean): Buffer {
  const exif: readonly FieldSpec[] = [
    [36_867, 2, date],
    [37_386, 5, [4250]],
    [37_500, 7, Buffer.alloc(4000, 'maker')],
    [40_962, 4, [4000]],
    [40_963, 4, [3000]],
    [42_036, 2, 'Lens 50'],
  ];
  const gps: readonly FieldSpec[] = [
    [1, 2, 'N'],
    [2, 5, [48_000, 51_000, 29_600]],
  ];
  const main: readonly FieldSpec[] = [
    [271, 2, 'Phone Maker'],
    [274, 3, [6]],
    [315, 2, 'Ann Example'],
    [33_432, 2, '(c) Ann Example'],
  ];
  const below = new Map([
    [34_665, [{ fields: exif }]],
    [34_853, [{ fields: gps }]],
  ]);
  const thumbnail = { fields: [[513, 4, [0]]] satisfies FieldSpec[] };
  return tiffBytes({ directories: [{ fields: main, below }, thumbnail], isBigEndian });
}

/** A JPEG with EXIF as it is, an XMP packet and 300 pixels to the inch. */
async function photo(isBigEndian = false): Promise<Buffer> {
  const plain = await testSharp(height, width).jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer();
  const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:D tiff:Orientation="6" dc:title="Sea"/></x:xmpmeta>';
  const jfif = Buffer.from('JFIF\0\x01\x01\x01\x01\x2c\x01\x2c\0\0', 'latin1');
  const segments = [
    segment(0xe0, jfif),
    segment(0xe1, Buffer.concat([Buffer.from('Exif\0\0'), phoneExif(isBigEndian)])),
    segment(0xe1, Buffer.from(`http://ns.adobe.com/xap/1.0/\0${xmp}`)),
  ];
  return Buffer.concat([plain.subarray(0, 2), ...segments, plain.subarray(2)]);
}

function segment(marker: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0xff, marker, (content.length + 2) >> 8, (content.length + 2) & 255]), content]);
}

interface Seen {
  readonly main: TiffDirectory;
  readonly exif: TiffDirectory | undefined;
  readonly gps: TiffDirectory | undefined;
}

async function seenIn(bytes: Buffer): Promise<Seen> {
  const { exif, format } = await sharp(bytes).metadata();
  const prefix = exif?.toString('latin1', 0, 4) === 'Exif' ? 6 : 0;
  const file = await readTiff(bytesAsSource(format === 'tiff' ? bytes : exif!.subarray(prefix)));
  const main = file!.directories[0]!;
  const [[own], [gps]] = await Promise.all([file!.below(main, 34_665), file!.below(main, 34_853)]);
  return { main, exif: own, gps };
}

describe('a photo from a phone', () => {
  test.each(imageFormats)('keeps date, camera, place, author, density and XMP as %s', async format => {
    for (const isBigEndian of [false, true]) {
      const picture = await decodeImage(await photo(isBigEndian), { metadata: 'keep' });
      expect(picture).toMatchObject({ width, height });
      const bytes = await encodeImage(picture, { format });
      const { main, exif, gps } = await seenIn(bytes);
      expect([main.text(271), main.text(315), main.text(33_432)]).toEqual([
        'Phone Maker',
        'Ann Example',
        '(c) Ann Example',
      ]);
      expect(exif?.text(36_867)).toBe(date);
      expect(exif?.text(42_036)).toBe('Lens 50');
      expect(exif?.number(37_386)).toBeCloseTo(4.25);
      expect(gps?.text(1)).toBe('N');
      expect(gps?.numbers(2)).toEqual([48, 51, 29.6]);
      const { density, xmpAsString, orientation = 1 } = await sharp(bytes).metadata();
      expect(main.number(282) ?? density).toBe(300);
      expect(xmpAsString).toContain('dc:title="Sea"');
      // It is upright now, and as large as it is.
      expect(orientation).toBe(1);
      expect(xmpAsString).not.toContain('Orientation');
      expect([exif?.number(40_962), exif?.number(40_963)]).toEqual([width, height]);
      expect(await decodeImage(bytes)).toMatchObject({ width, height });
    }
  });

  test.each(imageFormats)('loses its maker’s notes and thumbnail as %s, and that is said', async format => {
    const picture = await decodeImage(await photo(), { metadata: 'keep' });
    expect(picture.notes).toEqual(["its maker's notes, its thumbnail were left out"]);
    const bytes = await encodeImage(picture, { format });
    expect(bytes.includes('makermaker')).toBe(false);
    expect((await seenIn(bytes)).exif?.has(37_500)).toBe(false);
  });

  test.each(imageFormats)('has the same pixels with and without as %s', async format => {
    const kept = await decodeImage(await photo(), { metadata: 'keep' });
    const { metadata: _, ...stripped } = kept;
    const [withIt, without] = await Promise.all([encodeImage(kept, { format }), encodeImage(stripped, { format })]);
    expect(maxDifference((await decodeImage(withIt)).rgb, (await decodeImage(without)).rgb)).toBe(0);
    const { exif, xmp } = await sharp(without).metadata();
    expect([exif, xmp]).toEqual([undefined, undefined]);
  });

  test('says nothing and keeps nothing where metadata are to be stripped', async () => {
    const picture = await decodeImage(await photo(), { metadata: 'strip' });
    expect(picture.metadata).toBeUndefined();
    expect(picture.notes).toBeUndefined();
  });

  test('survives two translations', async () => {
    const once = await encodeImage(await decodeImage(await photo(), { metadata: 'keep' }), { format: 'webp' });
    const twice = await encodeImage(await decodeImage(once, { metadata: 'keep' }), { format: 'png' });
    const { exif, gps } = await seenIn(twice);
    expect([exif?.text(36_867), gps?.numbers(2)]).toEqual([date, [48, 51, 29.6]]);
  });
});

describe('a map', () => {
  const geo: readonly FieldSpec[] = [
    [33_550, 12, [0.5, 0.5, 0]],
    [33_922, 12, [0, 0, 0, 431_000.5, 5_412_000.25, 0]],
    [34_735, 3, [1, 1, 0, 1, 3072, 0, 1, 25_832]],
    [34_737, 2, 'ETRS89 / UTM zone 32N|'],
    [42_112, 2, '<GDALMetadata>STATISTICS</GDALMetadata>'],
  ];
  const size = { width, height, samples: 3 };
  const rgb = testRgb(width, height);

  test.each([true, false])('stays where it is on the earth as a TIFF (big-endian: %s)', async isBigEndian => {
    const directory = plainDirectory({ ...size, fields: geo }, rgb);
    const picture = await decodeImage(tiffBytes({ directories: [directory], isBigEndian }), { metadata: 'keep' });
    const bytes = await encodeImage(picture);
    const { main } = await seenIn(bytes);
    expect(main.numbers(33_550)).toEqual([0.5, 0.5, 0]);
    expect(main.numbers(33_922)).toEqual([0, 0, 0, 431_000.5, 5_412_000.25, 0]);
    expect(main.numbers(34_735)).toEqual([1, 1, 0, 1, 3072, 0, 1, 25_832]);
    expect(main.text(34_737)).toBe('ETRS89 / UTM zone 32N|');
    // Statistics were of other pixels.
    expect(main.has(42_112)).toBe(false);
    expect((await decodeImage(bytes)).rgb).toEqual(Buffer.from(rgb));
    expect(encodingNotes(picture, { format: 'tiff' })).toEqual([]);
    expect(encodingNotes(picture, { format: 'png' })).toEqual([expect.stringContaining('GeoTIFF')]);
  });

  test('that a network has enlarged does not say that its pixels are as large as before', async () => {
    const directory = plainDirectory({ ...size, fields: geo }, rgb);
    const picture = await decodeImage(tiffBytes({ directories: [directory] }), { metadata: 'keep' });
    const larger = {
      ...picture,
      ...(await resizePicture(picture, 2 * width, 2 * height)),
      metadata: picture.metadata!,
    };
    const { main } = await seenIn(await encodeImage(larger));
    for (const [tag] of geo) expect(main.has(tag)).toBe(false);
    expect(encodingNotes(larger, { format: 'tiff' })).toEqual([expect.stringContaining('size has changed')]);
  });

  test('that was turned upright does not say that it still lies there', async () => {
    const directory = plainDirectory({ ...size, fields: [...geo, [274, 3, [6]]] }, rgb);
    const picture = await decodeImage(tiffBytes({ directories: [directory] }), { metadata: 'keep' });
    expect(picture.metadata?.geo ?? []).toEqual([]);
    expect(picture.notes).toContain('its place on the earth (GeoTIFF) was left out, since it was turned upright');
  });
});

test('a description of how data lie in the file does not go into another file', async () => {
  const fields: readonly FieldSpec[] = [[270, 2, 'ImageJ=1.53\nimages=3']];
  const bytes = tiffBytes({
    directories: [plainDirectory({ width, height, samples: 3, fields }, testRgb(width, height))],
  });
  expect((await decodeImage(bytes, { metadata: 'keep' })).metadata).toBeUndefined();
});

test('an XMP packet about a gain map or a film in the file is left out, and that is said', async () => {
  const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:D hdrgm:Version="1.0"/></x:xmpmeta>';
  const bytes = await testSharp().jpeg().withXmp(xmp).toBuffer();
  const picture = await decodeImage(bytes, { metadata: 'keep' });
  expect(picture.metadata?.xmp).toBeUndefined();
  expect(picture.notes).toEqual([expect.stringContaining('XMP')]);
});

test('damaged metadata do not keep an image from being read', async () => {
  const bytes = await photo();
  const at = bytes.indexOf('Exif');
  for (let i = 0; i < 60; i++) {
    const damaged = Buffer.from(bytes);
    damaged[at + 6 + i * 4] = 0xff - (damaged[at + 6 + i * 4] ?? 0);
    const picture = await decodeImage(damaged, { metadata: 'keep' });
    for (const format of ['jpeg', 'tiff'] as const) {
      const path = join(await temporaryFolder(), 'image');
      await writeFile(path, await encodeImage(picture, { format }));
      const { width: w, height: h } = await decodeImage(path);
      expect([w, h].sort()).toEqual([height, width]);
    }
  }
});

describe('what a TIFF says besides its pixels', () => {
  /** A file of so many bytes of which the first ones are there. */
  async function describedAt(
    size: number,
  ): Promise<{ readonly isDescribed: boolean; readonly places: readonly number[] }> {
    const start = await testSharp(width, height).tiff({ compression: 'none' }).toBuffer();
    const { metadata } = await decodeImage(await photo(), { metadata: 'keep' });
    const places: number[] = [];
    const file = {
      size,
      read: async (offset: number, length: number) => start.subarray(offset, offset + length),
      write: async (offset: number) => void places.push(offset),
    };
    return { isDescribed: await embedIntoTiff(file, metadata!, { width, height }), places };
  }

  test('stands at the end of files that are not held, up to four gigabytes', async () => {
    expect(await describedAt(3_900_000_001)).toEqual({ isDescribed: true, places: [3_900_000_002, 4] });
    expect(await describedAt(2 ** 32 - 20)).toEqual({ isDescribed: false, places: [] });
  });
});
