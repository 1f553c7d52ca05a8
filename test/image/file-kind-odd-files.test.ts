import { open, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { decodeImage, encodeImage, inspectImage } from '../../src/image/index.js';
import { maxDifference, temporaryFolder, testPicture, testSharp } from '../support/pictures.js';

const jpeg = await testSharp(96, 64).jpeg({ quality: 95 }).toBuffer();
const progressive = await testSharp(96, 64).jpeg({ quality: 95, progressive: true }).toBuffer();
const known = await decodeImage(jpeg);

/** Where each segment of a JPEG begins, by its marker. */
function segments(bytes: Buffer): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (let at = 2; !found.has(0xda); at += 2 + bytes.readUInt16BE(at + 2)) found.set(bytes[at + 1]!, at);
  return found;
}

const inserted = (bytes: Buffer, at: number, ...more: number[]): Buffer =>
  Buffer.concat([bytes.subarray(0, at), Buffer.from(more), bytes.subarray(at)]);

const changed = (bytes: Buffer, at: number, ...values: number[]): Buffer => {
  const copy = Buffer.from(bytes);
  copy.set(values, at);
  return copy;
};

const scan = segments(jpeg).get(0xda)!;
const tables = segments(jpeg).get(0xdb)!;
const segment = (marker: number, text: string): number[] => [
  0xff,
  marker,
  0,
  text.length + 2,
  ...Buffer.from(text, 'latin1'),
];

const odd: readonly (readonly [string, Buffer])[] = [
  ['odd parameters of its scan', changed(jpeg, scan + 11, 0, 0)],
  ['bytes before a marker', inserted(jpeg, tables, 1, 2, 3)],
  ['bytes before its scan', inserted(jpeg, scan, 9, 9, 0, 9)],
  ['fill bytes before a marker', inserted(jpeg, tables, 255, 255)],
  ['bytes before its end', inserted(jpeg, jpeg.length - 2, 0, 0, 0, 0, 7)],
  ['padding after its end', Buffer.concat([jpeg, Buffer.alloc(5000)])],
  ['another image after its end', Buffer.concat([jpeg, progressive])],
  ['a version of JFIF from the future', inserted(jpeg, 2, ...segment(0xe0, 'JFIF\0\x03\x01\0\0\x01\0\x01\0\0'))],
  ['a colour transform that nobody knows', inserted(jpeg, 2, ...segment(0xee, 'Adobe\0\x64\0\0\0\0\x07'))],
];

describe('a JPEG that every viewer shows', () => {
  test.each(odd)('with %s is decoded as what it is', async (_, bytes) => {
    expect(maxDifference((await decodeImage(bytes)).rgb, known.rgb)).toBe(0);
  });

  test.each(odd)('with %s is still refused when it is cut off', async (_, bytes) => {
    const end = bytes.indexOf(Buffer.from([0xff, 0xd9]), scan);
    for (let i = 1; i < 20; i++) {
      const attempt = decodeImage(bytes.subarray(0, Math.floor((end * i) / 20)));
      await expect(attempt, `${i} twentieths`).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
    }
  });

  test('and one whose second half has not been written is refused, however its zeros decode', async () => {
    for (const bytes of [jpeg, progressive])
      await expect(decodeImage(Buffer.from(bytes).fill(0, Math.floor(bytes.length / 2)))).rejects.toMatchObject({
        code: 'IMAGE_CORRUPT',
      });
  });
});

test('a JPEG of a process that no decoder here knows is refused as what it is', async () => {
  const bytes = await testSharp().jpeg().toBuffer();
  const frame = segments(bytes).get(0xc0)!;
  const named = (at: number, value: number) =>
    expect(decodeImage(changed(bytes, at, value))).rejects.toMatchObject({ code: 'IMAGE_UNSUPPORTED' });
  await named(frame + 1, 0xc3);
  await expect(decodeImage(changed(bytes, frame + 1, 0xc3))).rejects.toThrow('a lossless JPEG');
  await named(frame + 1, 0xc5);
  await expect(decodeImage(changed(bytes, frame + 4, 12))).rejects.toThrow('a JPEG of 12 bits a sample');
});

describe('a file that was given its size before its content', () => {
  const halves = async (format: 'webp' | 'avif', lossless: boolean) => {
    const image = testSharp(320, 240);
    const bytes = await (format === 'webp' ? image.webp({ lossless }) : image.avif()).toBuffer();
    return { bytes, half: Buffer.from(bytes).fill(0, Math.floor(bytes.length / 2)) };
  };

  test.each([
    ['webp', false],
    ['webp', true],
    ['avif', false],
  ] as const)('as %s (lossless: %s) is refused while half of it is zeros', async (format, lossless) => {
    const { bytes, half } = await halves(format, lossless);
    await expect(decodeImage(half)).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
    expect(await decodeImage(bytes)).toMatchObject({ width: 320 });
  });

  test('is refused while there is nothing in it', async () => {
    await expect(decodeImage(new Uint8Array(4000))).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
  });

  test('is waited for while it may grow, and then taken for a dark image, which may look the same', async () => {
    const dark = await sharp({ create: { width: 1500, height: 1000, channels: 3, background: '#000' } })
      .webp()
      .toBuffer();
    const bottom = Buffer.alloc(64 * 64 * 3);
    bottom.fill(200, 0, 64 * 32 * 3);
    const tiff = await sharp(bottom, { raw: { width: 64, height: 64, channels: 3 } }).tiff({ compression: 'none' });
    const { data } = await tiff.toBuffer({ resolveWithObject: true });
    // As programs write it that put the directory first.
    const zerosLast = Buffer.concat([data, Buffer.alloc(128)]);
    for (const bytes of [dark, zerosLast]) {
      await expect(decodeImage(bytes, { mayGrow: true })).rejects.toMatchObject({
        code: 'IMAGE_CORRUPT',
        message: expect.stringMatching(/last \d+ bytes are zeros: it may still be being written/),
      });
      expect((await decodeImage(bytes)).notes).toEqual([expect.stringMatching(/^its last \d+ bytes are zeros/)]);
    }
  });

  test('is not suspected for padding behind its end, nor when it is whole', async () => {
    for (const format of ['jpeg', 'png', 'webp', 'tiff', 'avif'] as const) {
      const bytes = await encodeImage(testPicture(64, 48), { format });
      expect((await decodeImage(bytes, { mayGrow: true })).notes).toBeUndefined();
    }
    const webp = await encodeImage(testPicture(64, 48), { format: 'webp' });
    expect(await decodeImage(Buffer.concat([webp, Buffer.alloc(900)]), { mayGrow: true })).toMatchObject({ width: 64 });
  });
});

test('a file that says it is longer is refused', async () => {
  for (const format of ['webp', 'avif'] as const) {
    const bytes = await encodeImage(testPicture(64, 48), { format });
    await expect(decodeImage(bytes.subarray(0, -8))).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
  }
});

test('a file far larger than any image is refused by its size, before memory is taken for it', async () => {
  for (const [format, gibibytes] of [
    ['jpeg', 3],
    ['tiff', 6],
    ['png', 3],
  ] as const) {
    const path = join(await temporaryFolder(), `large.${format}`);
    await writeFile(path, await encodeImage(testPicture(8, 8), { format }));
    await truncate(path, gibibytes * 2 ** 30);
    const before = process.memoryUsage().rss;
    for (const read of [decodeImage, inspectImage])
      await expect(read(path)).rejects.toMatchObject({
        code: 'IMAGE_TOO_LARGE',
        message: expect.stringMatching(/large\.\w+ has \d+ MB; the limit is \d+\.?\d* MB for a file/),
      });
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  }
});

test('a file that shrinks while it is read is no longer than what could be read', async () => {
  const path = join(await temporaryFolder(), 'image.png');
  const bytes = await encodeImage(testPicture(64, 48), { format: 'png' });
  await writeFile(path, bytes);
  const handle = await open(path, 'r+');
  await handle.truncate(bytes.length - 20);
  await handle.close();
  await expect(decodeImage(path)).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
});
