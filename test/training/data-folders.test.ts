import { link, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { encodeImage, imageFormats } from '../../src/image/index.js';
import {
  type DataSettings,
  decodedBytes,
  decodedBytesOf,
  describeReport,
  epochLength,
  geometryOf,
  openTrainingData,
  reportsOf,
  surveyData,
} from '../../src/training/data/index.js';
import { codedPng, numbered, openData, twoFolders, writeCoded, writeInto } from '../support/dataset.js';
import { temporaryFolder, testPicture } from '../support/pictures.js';

async function reportOfA(settings: DataSettings) {
  return reportsOf(await surveyData(settings), geometryOf(settings))[0]!;
}

const namesOfA = async (settings: DataSettings) =>
  (await surveyData(settings)).folders[0]!.images.map(({ file }) => file);

describe('a folder of training images', () => {
  test('is read with its subfolders, in every format that is translated, by content and not by name', async () => {
    const settings = await twoFolders();
    await rm(settings.a, { recursive: true });
    const expected = [];
    for (const format of imageFormats) {
      const name = `deep/er/${format}.${format === 'png' ? 'dat' : format}`;
      await writeInto(settings.a, name, await encodeImage(testPicture(48, 40), { format }));
      expected.push(name);
    }
    await writeInto(settings.a, 'z', await codedPng({ number: 1 }));
    expect(await namesOfA(settings)).toEqual([...expected.toSorted(), 'z']);
    expect((await reportOfA(settings)).skipped).toEqual([]);
    const data = await openData({ ...settings, size: 40 });
    for (let index = 0; index < 7; index++) expect((await data.next()).A.shape).toEqual([1, 3, 40, 40]);
    expect(data.reports[0]!.skipped).toEqual([]);
  });

  test('may hold hidden and junk files, which nobody hears of, and links, which are followed once', async () => {
    const settings = await twoFolders();
    for (const name of ['.hidden.png', '.git/1.png', 'Thumbs.db', '__MACOSX/1.png', 'half.png.part', 'edited.png~'])
      await writeInto(settings.a, name, await codedPng({ number: 9 }));
    const elsewhere = await temporaryFolder();
    await writeCoded(elsewhere, { 'x.png': { number: 8 } });
    await symlink(elsewhere, join(settings.a, 'linked'));
    await symlink(settings.a, join(settings.a, 'loop'));
    await symlink(join(elsewhere, 'x.png'), join(settings.a, 'y.png'));
    await link(join(elsewhere, 'x.png'), join(settings.a, 'z.png'));
    const plain = ['1.png', '2.png', '3.png', '4.png', '5.png'];
    expect(await namesOfA(settings)).toEqual([...plain, 'linked/x.png', 'y.png', 'z.png']);
    expect((await reportOfA(settings)).skipped).toEqual([]);
  });

  test('may hold what is no image: each such file is named with its reason, and counted', async () => {
    const settings = await twoFolders();
    await writeInto(settings.a, 'notes/read me.txt', 'zebras, mostly\n');
    await writeInto(settings.a, 'x.png', '<svg xmlns="http://www.w3.org/2000/svg"/>');
    await writeInto(settings.a, 'phone.jpg', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'));
    await writeInto(settings.a, 'empty.jpg', '');
    await writeInto(settings.a, 'cut.png', (await codedPng({ number: 9 })).subarray(0, 20));
    await symlink(join(settings.a, 'nowhere'), join(settings.a, 'link.jpg'));
    const report = await reportOfA(settings);
    const reasons = Object.fromEntries(report.skipped.map(({ file, reason }) => [file, reason]));
    expect(reasons).toEqual({
      'cut.png': expect.stringMatching(/^is truncated or damaged: /),
      'empty.jpg': 'is truncated or damaged: it is empty',
      'link.jpg': 'does not exist',
      'notes/read me.txt': 'is a text file',
      'phone.jpg': expect.stringMatching(/^is a HEIC image, which needs a licensed decoder/),
      'x.png': expect.stringMatching(/^is an SVG or XML document/),
    });
    expect(report).toMatchObject({ domain: 'A', folder: settings.a, images: 5, used: 5 });
    expect(describeReport(report)).toEqual([
      expect.stringMatching(
        /^6 files in \S+ are skipped: cut\.png is truncated .*; empty\.jpg .*; link\.jpg .*; and 3 more\.$/,
      ),
    ]);
  });

  test('of grey, 16-bit and transparent images is told in a sentence each, and decoded as it would be translated', async () => {
    const settings = await twoFolders();
    const image = sharp(await codedPng({ number: 9 }));
    await writeInto(settings.a, 'grey.png', await image.clone().toColourspace('b-w').png().toBuffer());
    await writeInto(settings.a, 'grey.jpg', await image.clone().toColourspace('b-w').jpeg().toBuffer());
    await writeInto(settings.a, 'deep.png', await image.clone().toColourspace('rgb16').png().toBuffer());
    await writeInto(settings.a, 'seen through.png', await image.clone().ensureAlpha(0.5).png().toBuffer());
    const report = await reportOfA(settings);
    expect(report).toMatchObject({ images: 9, used: 9, grey: 2, sixteenBit: 1, alpha: 1 });
    expect(describeReport(report)).toEqual([
      `2 of 9 images in ${settings.a} are grey: they are used as colour images.`,
      `1 of 9 images in ${settings.a} has more than 8 bits a channel: 8 are used.`,
      `1 of 9 images in ${settings.a} has transparency: it is ignored, the colours under it are used.`,
    ]);
    const data = await openData(settings);
    for (let index = 0; index < 9; index++) await data.next();
    expect(data.reports[0]).toEqual(report);
  });

  test('of plain images gives nothing to say', async () => {
    const settings = await twoFolders();
    const survey = await surveyData(settings);
    expect(reportsOf(survey, geometryOf(settings)).flatMap(describeReport)).toEqual([]);
    expect(epochLength(survey, geometryOf(settings))).toBe(7);
  });

  test('whose images lie on their side is known by their upright sizes', async () => {
    const settings = await twoFolders();
    const lying = sharp(await codedPng({ number: 9, width: 60, height: 40 })).withMetadata({ orientation: 6 });
    await writeInto(settings.a, 'lying.jpg', await lying.jpeg().toBuffer());
    const { images } = (await surveyData(settings)).folders[0]!;
    expect(images.find(({ file }) => file === 'lying.jpg')).toMatchObject({ width: 40, height: 60 });
  });
});

describe('a folder that cannot be trained on', () => {
  test('is named when it is not there, or is a file', async () => {
    const settings = await twoFolders();
    const missing = join(settings.a, 'nowhere');
    await expect(surveyData({ ...settings, a: missing })).rejects.toMatchObject({
      code: 'FILE_NOT_FOUND',
      subject: { file: missing },
    });
    const file = join(settings.a, '1.png');
    await expect(surveyData({ ...settings, b: file })).rejects.toMatchObject({
      code: 'FILE_UNREADABLE',
      message: expect.stringMatching(/1\.png cannot be read as a folder of images: ENOTDIR/),
    });
  });

  test('is named when it is empty, and with an example when no file in it is an image', async () => {
    const settings = await twoFolders();
    const folder = join(settings.a, 'other');
    await mkdir(folder);
    await expect(surveyData({ ...settings, a: folder })).rejects.toMatchObject({
      code: 'DATASET_EMPTY',
      message: `${folder} holds no images. Put JPEG, PNG, WebP, AVIF or TIFF files of one domain there.`,
    });
    await writeFile(join(folder, 'a.txt'), 'no image');
    await writeFile(join(folder, 'b.txt'), 'neither');
    await expect(surveyData({ ...settings, a: folder })).rejects.toMatchObject({
      code: 'DATASET_EMPTY',
      message: expect.stringMatching(
        /holds no readable image: a\.txt is a text file.*, and so on for 2 files\. Put JPEG/,
      ),
    });
  });

  test('for its small images is named with their sizes and the remedy, before anything starts', async () => {
    const settings = await twoFolders({ size: 64 });
    await expect(openTrainingData(settings)).rejects.toMatchObject({
      code: 'IMAGE_TOO_SMALL',
      subject: { file: settings.a },
      message:
        `5 of 5 images in ${settings.a} are left out, being smaller than the crop of 64 × 64: 1.png (48 × 40), 2.png (48 × 40), ` +
        '3.png (48 × 40), and 2 more. Give a smaller size, or have images scaled by their shorter side (preprocess resize-and-crop).',
    });
  });
});

test('some small images are left out and told', async () => {
  const settings = await twoFolders();
  await writeCoded(settings.a, { 'tiny.png': { number: 9, width: 60, height: 31 } });
  const report = await reportOfA(settings);
  expect(report).toMatchObject({
    images: 6,
    used: 5,
    unfit: [{ file: 'tiny.png', width: 60, height: 31, reason: 'small' }],
  });
  expect(describeReport(report)).toEqual([
    expect.stringMatching(
      /^1 of 6 images in \S+ is left out, being smaller than the crop of 32 × 32: tiny\.png \(60 × 31\)\. Give/,
    ),
  ]);
});

test('the memory that decoded images take is known from their headers, or estimated from their number', async () => {
  const settings = await twoFolders();
  const survey = await surveyData(settings);
  expect(decodedBytes(survey, geometryOf(settings))).toBe(12 * 48 * 40 * 3);
  // The shorter side of 48 × 40 becomes 60.
  expect(decodedBytes(survey, geometryOf({ ...settings, loadSize: 60 }))).toBe(12 * 72 * 60 * 3);
  expect(decodedBytesOf(12, 60, 48 / 40)).toBe(12 * 72 * 60 * 3);
  expect(decodedBytesOf(1000, 143)).toBe(1000 * 143 * 143 * 3);
});

test('a thousand files are looked at by their headers alone', async () => {
  const settings = await twoFolders();
  const bytes = await codedPng({ number: 7 });
  await Promise.all(Object.keys(numbered(0, 1000)).map(name => writeInto(settings.a, `many/${name}`, bytes)));
  // The pixels of these are missing: whoever decoded them would find out.
  const cut = bytes.subarray(0, bytes.length - 40);
  await Promise.all(Array.from({ length: 50 }, (_, at) => writeInto(settings.a, `cut/${at}.png`, cut)));
  expect((await surveyData(settings)).folders[0]!.images).toHaveLength(1055);
});
