import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type DataSettings,
  type DataState,
  describeReport,
  openTrainingData,
  type SkippedInTraining,
  surveyData,
} from '../../src/training/data/index.js';
import {
  codedPng,
  openData,
  seenPairs,
  take,
  takeBits,
  twoFolders,
  writeCoded,
  writeInto,
} from '../support/dataset.js';
import { temporaryFolder } from '../support/pictures.js';

/** An image whose header is whole and whose pixels are not. */
async function cutOff(): Promise<Buffer> {
  const bytes = await codedPng({ number: 200 });
  return bytes.subarray(0, bytes.length - 40);
}

/** Five good images in A, and three bad ones: two in a row, one at the end. */
async function withBadImages(): Promise<DataSettings> {
  const settings = await twoFolders({ flip: false });
  for (const name of ['3a.png', '3b.png', '9.png']) await writeInto(settings.a, name, await cutOff());
  return settings;
}

describe('an image that cannot be decoded', () => {
  test('is named once, counted, and replaced by the next good one of its folder', async () => {
    const settings = await withBadImages();
    const data = await openData(settings);
    const skipped: SkippedInTraining[] = [];
    data.onSkipped(file => skipped.push(file));
    expect(data.reports[0]).toMatchObject({ images: 8, used: 8, skipped: [] });
    const epochs = (await take(data, 24)).flatMap(seenPairs).map(([{ number }]) => number);
    for (const epoch of [epochs.slice(0, 8), epochs.slice(8, 16), epochs.slice(16)])
      expect(epoch.toSorted()).toEqual([1, 1, 2, 3, 4, 4, 4, 5]);
    expect(skipped.map(({ file }) => file).toSorted()).toEqual(['3a.png', '3b.png', '9.png']);
    expect(skipped.map(({ folder }) => folder)).toEqual(Array(3).fill(settings.a));
    const [report] = data.reports;
    expect(report).toMatchObject({ images: 8, used: 5 });
    expect(report!.skipped.map(({ file }) => file).toSorted()).toEqual(['3a.png', '3b.png', '9.png']);
    expect(describeReport(report!)).toEqual([
      expect.stringMatching(/^3 files in \S+ are skipped: \w+\.png is truncated or damaged: .*; .*; /),
    ]);
  });

  test('is replaced by the same one in a resumed training, whatever was read before', async () => {
    const settings = await withBadImages();
    const whole = await openData(settings);
    const states: DataState[] = [];
    const batches: string[] = [];
    for (let step = 0; step < 20; step++) {
      states.push(JSON.parse(JSON.stringify(whole.state)));
      batches.push(...(await takeBits(whole, 1)));
    }
    for (const at of [1, 4, 9, 15])
      expect(await takeBits(await openData(settings, states[at]), 20 - at), `from step ${at}`).toEqual(
        batches.slice(at),
      );
    for (const options of [{ threads: 0 }, { threads: 2, cacheBytes: 0 }])
      expect(await takeBits(await openData(settings, undefined, options), 20)).toEqual(batches);
  });

  test('stays bad in a stage of another size, and is not told again', async () => {
    const data = await openData(await withBadImages());
    const skipped: SkippedInTraining[] = [];
    data.onSkipped(file => skipped.push(file));
    await take(data, 8);
    data.enterStage({ loadSize: 60 });
    await take(data, 16);
    expect(skipped).toHaveLength(3);
    expect(data.reports[0]).toMatchObject({ used: 5 });
  });

  test('in a folder that has no other ends the training with its name', async () => {
    const settings = await twoFolders();
    await rm(settings.b, { recursive: true });
    for (const name of ['1.png', '2.png', '3.png']) await writeInto(settings.b, name, await cutOff());
    const data = await openData(settings);
    await expect(data.next()).rejects.toMatchObject({
      code: 'DATASET_EMPTY',
      subject: { file: settings.b },
      message: expect.stringMatching(
        /holds no readable image: \d\.png is truncated or damaged: .*, and so on for 3 files/,
      ),
    });
  });

  test('because it was changed or removed since it was looked at is skipped too', async () => {
    const settings = await twoFolders();
    const survey = await surveyData(settings);
    await writeInto(settings.a, '1.png', await codedPng({ number: 1, width: 50 }));
    await rm(join(settings.a, '2.png'));
    const data = await openData(settings, undefined, { survey });
    await take(data, 14);
    expect(Object.fromEntries(data.reports[0]!.skipped.map(({ file, reason }) => [file, reason]))).toEqual({
      '1.png': 'has changed since the training looked at it: it was 48 × 40 and is 50 × 40',
      '2.png': 'does not exist',
    });
  });
});

describe('a state that meets another folder', () => {
  async function interrupted() {
    const settings = await twoFolders();
    const data = await openData(settings);
    await take(data, 3);
    return { settings, state: data.state, expected: await takeBits(data, 4) };
  }

  test('goes on when the folder was copied elsewhere', async () => {
    const { settings, state, expected } = await interrupted();
    const elsewhere = join(await temporaryFolder(), 'copy');
    await cp(settings.a, elsewhere, { recursive: true });
    await writeInto(elsewhere, 'notes.txt', 'no image, and so no matter');
    expect(await takeBits(await openData({ ...settings, a: elsewhere }, state), 4)).toEqual(expected);
  });

  test.each([
    ['fewer', async (b: string) => rm(join(b, '3.png')), '1 image fewer than when the training began: 6 instead of 7'],
    [
      'more',
      async (b: string) => writeCoded(b, { '8.png': { number: 108 }, '9.png': { number: 109 } }),
      '2 images more than when the training began: 9 instead of 7',
    ],
    [
      'other',
      async (b: string) => writeCoded(b, { '3.png': { number: 103, width: 60 } }),
      'images of other names or sizes than when the training began, as many (7)',
    ],
  ])('refuses to go on with %s images, and goes on when told to', async (_, change, difference) => {
    const { settings, state } = await interrupted();
    await change(settings.b);
    await expect(openTrainingData(settings, state)).rejects.toMatchObject({
      code: 'CHECKPOINT_INVALID',
      subject: { file: settings.b },
      message: expect.stringContaining(
        `${settings.b} has ${difference}. To go on as if nothing had happened, put the images back`,
      ),
    });
    const data = await openData(settings, state, { acceptChangedData: true });
    expect(data.state.random).toEqual(state.random);
    expect(data.state.remaining).toEqual([]);
    const epoch = (await take(data, data.epochLength)).flatMap(seenPairs).map(([a]) => a.number);
    expect(new Set(epoch)).toEqual(new Set([1, 2, 3, 4, 5]));
    expect(await takeBits(await openData(settings, data.state), 3)).toEqual(await takeBits(data, 3));
  });
});
