import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bytesAsSource } from '../../src/image/byte-source.js';
import { decodeImage, inspectImage } from '../../src/image/index.js';
import { readTiff } from '../../src/image/tiff-directory.js';
import { maxDifference, temporaryFolder, testRgb, testSharp } from '../support/pictures.js';
import { type DirectorySpec, type FieldSpec, plainDirectory, plainTiff, tiffBytes } from '../support/tiff-bytes.js';

const [width, height] = [24, 16];
const rgb = testRgb(width, height);
const size = { width, height };

/** Pixels with more bands after red, green and blue: band k is k everywhere. */
function withBands(extra: number): Uint8Array {
  const pixels = Array.from({ length: width * height }, (_, i) => [
    ...rgb.subarray(i * 3, i * 3 + 3),
    ...Array.from({ length: extra }, (_, k) => 40 + k),
  ]);
  return Uint8Array.from(pixels.flat());
}

async function refusal(bytes: Uint8Array): Promise<string> {
  const error = await decodeImage(bytes, { file: 'it.tif' }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'IMAGE_UNSUPPORTED' });
  // The header alone leads to the same words, so that a training folder is looked through without decoding.
  const path = join(await temporaryFolder(), 'it.tif');
  await writeFile(path, bytes);
  await expect(inspectImage(path)).rejects.toMatchObject({ code: 'IMAGE_UNSUPPORTED' });
  return (error as Error).message;
}

describe('a camera raw file is refused by name, whatever its first image is', () => {
  const thumbnail: readonly FieldSpec[] = [[254, 4, [1]]];
  const cfa = plainDirectory({ width: 64, height: 48, samples: 1, bits: 16, photometric: 32_803 });
  const raw = (make: string, below: DirectorySpec, first: readonly FieldSpec[] = thumbnail) => {
    const fields: readonly FieldSpec[] = [...first, [271, 2, make]];
    const directory = plainDirectory({ ...size, samples: 3, fields }, rgb);
    return tiffBytes({ directories: [{ ...directory, below: new Map([[330, [below]]]) }] });
  };

  test.each([
    ['NIKON CORPORATION', 'NEF'],
    ['SONY', 'ARW'],
    ['SAMSUNG', 'SRW'],
    ['Hasselblad', '3FR'],
    ['SEIKO EPSON CORP.', 'ERF'],
    ['Nobody in Particular', 'Nobody in Particular'],
  ])('of %s: a thumbnail with filter colours in a subdirectory', async (make, name) => {
    expect(await refusal(raw(make, cfa))).toContain(`it.tif is a camera raw file (${name}). Develop it`);
    // Some makers do not mark the thumbnail as one.
    expect(await refusal(raw(make, cfa, []))).toContain(`(${name})`);
  });

  test('with data in a compression that only raw data has', async () => {
    const packed = plainDirectory({ width: 64, height: 48, samples: 1, compression: 34_713, photometric: 1 });
    expect(await refusal(raw('NIKON CORPORATION', packed))).toContain('(NEF)');
  });

  test('with filter colours as its first image (PEF), in both byte orders', async () => {
    const fields: readonly FieldSpec[] = [[271, 2, 'PENTAX Corporation']];
    const directory = plainDirectory({ ...size, samples: 1, bits: 16, photometric: 32_803, fields });
    for (const isBigEndian of [true, false])
      expect(await refusal(tiffBytes({ directories: [directory], isBigEndian }))).toContain('(PEF)');
  });

  test('by a mark of its format: DNG, CR2, IIQ, MOS', async () => {
    const plain = (fields: readonly FieldSpec[]) => plainDirectory({ ...size, samples: 3, fields }, rgb);
    const of = (mark: string, ...fields: FieldSpec[]) => refusal(tiffBytes({ directories: [plain(fields)], mark }));
    expect(await of('', [50_706, 1, [1, 4, 0, 0]])).toContain('(DNG)');
    expect(await of('CR\x02\0')).toContain('(CR2)');
    expect(await of('IIII\x01waR')).toContain('(IIQ)');
    expect(await of('', [34_310, 7, new Uint8Array(64)])).toContain('(MOS)');
  });

  test.each([
    ['RAF', 'FUJIFILMCCD-RAW 0201FF129502'],
    ['ORF', 'IIRO\x08\0\0\0'],
    ['RW2', 'IIU\0\x18\0\0\0\x88\xe7\x74\xd8\xf8\x25\x1d\x4d\x94\x7a\x6e\x77\x82\x2b\x5d\x6a'],
    ['CR3', '\0\0\0\x18ftypcrx \0\0\0\x01crx isom'],
    ['X3F', 'FOVb\0\0\x02\0'],
    ['MRW', '\0MRM\0\0\x10\0'],
    ['CRW', 'II\x1a\0\0\0HEAPCCDR'],
  ])('%s, which is no TIFF', async (name, start) => {
    expect(await refusal(Buffer.concat([Buffer.from(start, 'latin1'), Buffer.alloc(200, 1)]))).toContain(`(${name})`);
  });

  test('but not a photo that a camera or a raw converter saved as an ordinary TIFF', async () => {
    const tags: readonly FieldSpec[] = [
      [271, 2, 'NIKON CORPORATION'],
      [50_341, 7, Buffer.from('PrintIM\x000300')],
    ];
    const picture = await decodeImage(plainTiff({ ...size, samples: 3, fields: tags }, rgb));
    expect(picture.rgb).toEqual(Buffer.from(rgb));
    // 28 fields, the first of which is NewSubfileType: how some tell a NEF.
    const many: readonly FieldSpec[] = Array.from({ length: 18 }, (_, i) => [60_000 + i, 3, [i]]);
    const fields: readonly FieldSpec[] = [[254, 4, [0]], ...many];
    expect((await decodeImage(plainTiff({ ...size, samples: 3, fields }, rgb))).rgb).toEqual(Buffer.from(rgb));
    // Smaller copies below a picture, as in a pyramid.
    const copy = plainDirectory({ width: 12, height: 8, samples: 3, fields: [[254, 4, [1]]] });
    const pyramid = { ...plainDirectory({ ...size, samples: 3 }, rgb), below: new Map([[330, [copy]]]) };
    expect((await decodeImage(tiffBytes({ directories: [pyramid] }))).rgb).toEqual(Buffer.from(rgb));
  });
});

test('where the first image is a smaller copy of the second, the second is read, and that is said', async () => {
  const copy = plainDirectory({ width: 6, height: 4, samples: 3, fields: [[254, 4, [1]]] });
  const picture = await decodeImage(tiffBytes({ directories: [copy, plainDirectory({ ...size, samples: 3 }, rgb)] }));
  expect(picture).toMatchObject({ ...size, rgb: Buffer.from(rgb) });
  expect(picture.notes).toContain('its 2nd image was read, since those before it are smaller copies');
});

describe('samples', () => {
  test.each([
    ['32-bit floating-point numbers', 3, 32],
    ['16-bit floating-point numbers', 3, 16],
    ['64-bit floating-point numbers', 3, 64],
    ['32-bit whole numbers without sign', 1, 32],
    ['64-bit whole numbers without sign', 1, 64],
    ['8-bit whole numbers with sign', 2, 8],
    ['16-bit whole numbers with sign', 2, 16],
    ['32-bit whole numbers with sign', 2, 32],
    ['64-bit complex floating-point numbers', 6, 64],
    ['12-bit whole numbers without sign', 1, 12],
  ])('of %s are refused by their type, in colour and in grey', async (type, format, bits) => {
    for (const samples of [3, 1]) {
      const fields: readonly FieldSpec[] = [[339, 3, Array.from({ length: samples }, () => format)]];
      const photometric = samples === 3 ? 2 : 1;
      expect(await refusal(plainTiff({ ...size, samples, bits, photometric, fields }))).toContain(`a TIFF of ${type}`);
    }
  });

  test('of 8 and 16 bits come out as they are', async () => {
    expect((await decodeImage(plainTiff({ ...size, samples: 3 }, rgb))).rgb).toEqual(Buffer.from(rgb));
    const wide = new Uint8Array(Uint16Array.from(rgb, value => value * 257).buffer);
    const picture = await decodeImage(plainTiff({ ...size, samples: 3, bits: 16 }, wide));
    expect(maxDifference(picture.rgb, rgb)).toBe(0);
    expect(picture.notes).toEqual(['its 16 bits a channel became 8']);
  });
});

describe('bands', () => {
  test('a fourth band that is not called transparency is left out, and that is said', async () => {
    const unspecified: readonly FieldSpec[] = [[338, 3, [0]]];
    for (const fields of [unspecified, []]) {
      const bytes = plainTiff({ ...size, samples: 4, fields }, withBands(1));
      const picture = await decodeImage(bytes);
      expect(picture.alpha).toBeUndefined();
      expect(picture.rgb).toEqual(rgb);
      expect(picture.notes).toEqual(['its 4th band is neither colour nor transparency and left out']);
    }
  });

  test('transparency among other bands is found', async () => {
    const picture = await decodeImage(plainTiff({ ...size, samples: 6, fields: [[338, 3, [0, 2, 0]]] }, withBands(3)));
    expect(picture.rgb).toEqual(rgb);
    expect(picture.alpha).toEqual(new Uint8Array(width * height).fill(41));
    expect(picture.notes).toEqual(['its 4th, 6th bands are neither colour nor transparency and left out']);
  });

  test('twelve of them are red, green, blue and others where the file says so, else refused', async () => {
    const picture = await decodeImage(plainTiff({ ...size, samples: 12 }, withBands(9)));
    expect(picture.rgb).toEqual(rgb);
    expect(await refusal(plainTiff({ ...size, samples: 12, photometric: 1 }))).toContain('a TIFF of 12 bands');
    expect(await refusal(plainTiff({ ...size, samples: 3, photometric: 1 }))).toContain('which of them are red');
  });

  test('a second one beside grey is transparency only where it is called that', async () => {
    const pixels = Uint8Array.from({ length: width * height * 2 }, (_, i) => i % 251);
    const seen = await decodeImage(plainTiff({ ...size, samples: 2, photometric: 1, fields: [[338, 3, [2]]] }, pixels));
    expect(seen.alpha?.[3]).toBe(7);
    const bare = await decodeImage(plainTiff({ ...size, samples: 2, photometric: 1 }, pixels));
    expect(bare.alpha).toBeUndefined();
    expect([...bare.rgb.subarray(3, 6)]).toEqual([2, 2, 2]);
  });

  test('the header tells the same as the picture', async () => {
    const path = join(await temporaryFolder(), 'bands.tif');
    await writeFile(path, plainTiff({ ...size, samples: 5, fields: [[338, 3, [0, 2]]] }, withBands(2)));
    expect(await inspectImage(path)).toMatchObject({ isGrey: false, hasAlpha: true });
    await writeFile(path, plainTiff({ ...size, samples: 4 }, withBands(1)));
    expect(await inspectImage(path)).toMatchObject({ isGrey: false, hasAlpha: false });
  });
});

describe('what the decoder was not made for is refused at once, as what it is', () => {
  test.each([
    ['CIELAB', { samples: 3, photometric: 8 }],
    ['ICC Lab', { samples: 3, photometric: 9 }],
    ['YCbCr without JPEG compression', { samples: 3, photometric: 6 }],
    ['SGI LogLuv', { samples: 3, photometric: 32_845 }],
    ['LZMA', { samples: 3, compression: 34_925 }],
    ['Zstandard', { samples: 3, compression: 50_000 }],
    ['JPEG of the old kind', { samples: 3, compression: 6 }],
    ['JPEG 2000', { samples: 3, compression: 34_712 }],
    ['number 12345', { samples: 3, compression: 12_345 }],
    ['inks other than CMYK', { samples: 4, photometric: 5, fields: [[332, 3, [2]]] as const }],
    [
      'tiles whose bands lie apart',
      {
        samples: 3,
        fields: [
          [284, 3, [2]],
          [322, 3, [16]],
          [323, 3, [16]],
        ] as const,
      },
    ],
  ])('%s', async (words, spec) => {
    expect(await refusal(plainTiff({ ...size, ...spec }))).toContain(words);
  });
});

describe('what libtiff only warns of', () => {
  const odd: readonly FieldSpec[] = [
    [297, 3, [1]],
    [33_550, 12, [1, 1, 0]],
    [42_113, 2, '-9999'],
    [65_000, 1, [1, 2, 3]],
  ];

  test('unknown tags, GeoTIFF keys, odd counts, missing ExtraSamples: the picture is there', async () => {
    const picture = await decodeImage(plainTiff({ ...size, samples: 3, fields: odd }, rgb));
    expect(picture.rgb).toEqual(Buffer.from(rgb));
    const bands = await decodeImage(plainTiff({ ...size, samples: 4, fields: odd }, withBands(1)));
    expect(bands.rgb).toEqual(rgb);
  });

  test('also with codecs that only warn when pixels are missing, which are refused when they are', async () => {
    const bilevel = testSharp(96, 64).threshold(128).toColourspace('b-w');
    const fax = await bilevel.tiff({ compression: 'ccittfax4', bitdepth: 1 }).toBuffer();
    const jpeg = await testSharp(96, 64).tiff({ compression: 'jpeg' }).toBuffer();
    for (const bytes of [fax, jpeg]) {
      const known = await decodeImage(bytes);
      const changed = await rewritten(bytes, odd);
      expect(maxDifference((await decodeImage(changed)).rgb, known.rgb)).toBe(0);
      const spoilt = await rewritten(bytes, odd, strip => strip.fill(0x55, Math.floor(strip.length / 2)));
      await expect(decodeImage(spoilt)).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
    }
  });

  test.each(['none', 'lzw', 'deflate', 'packbits', 'jpeg'] as const)(
    'cut off (%s), it is corrupt',
    async compression => {
      const bytes = await rewritten(await testSharp(96, 64).tiff({ compression }).toBuffer(), odd);
      expect(await decodeImage(bytes)).toMatchObject({ width: 96, height: 64 });
      for (let i = 1; i < 20; i++) {
        const cut = bytes.subarray(0, Math.floor((bytes.length * i) / 20));
        await expect(decodeImage(cut), `${cut.length} of ${bytes.length}`).rejects.toMatchObject({
          code: 'IMAGE_CORRUPT',
        });
      }
    },
  );
});

/** The file of one strip with more fields, the pixels after the directory. */
async function rewritten(
  tiff: Buffer,
  more: readonly FieldSpec[],
  change: (strip: Buffer) => Buffer = strip => strip,
): Promise<Buffer> {
  const directory = (await readTiff(bytesAsSource(tiff)))!.directories[0]!;
  const [start = 0, length = 0] = [directory.number(273), directory.number(279)];
  expect(directory.numbers(273).length).toBe(1);
  const kept = [...directory.fields.values()].filter(({ tag }) => tag !== 273 && tag !== 279 && tag !== 297);
  const fields = kept.map(({ tag, type, data }): FieldSpec => [tag, type, data]);
  const strip = change(Buffer.from(tiff.subarray(start, start + length)));
  return tiffBytes({ directories: [{ fields: [...fields, ...more], strip }], areStripsLast: true });
}

test('a pipe under the name of an image is refused without waiting for it', async () => {
  const path = join(await temporaryFolder(), 'pipe.tif');
  if (process.platform === 'win32') return;
  execFileSync('mkfifo', [path]);
  await expect(decodeImage(path)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  await expect(inspectImage(path)).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
});
