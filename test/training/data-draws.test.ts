import { describe, expect, test } from 'vitest';
import { Random } from '../../src/base/index.js';
import type { DataSettings, DataState } from '../../src/training/data/index.js';
import { bits, openData, seenPairs, take, takeBits, twoFolders, writeCoded } from '../support/dataset.js';

const throughJson = (state: DataState): DataState => JSON.parse(JSON.stringify(state));

describe('the order of unpaired images', () => {
  test('is A in shuffled epochs and B by chance, each image cropped and mirrored by itself', async () => {
    const data = await openData(await twoFolders({ batch: 2 }));
    const pairs = (await take(data, 70)).flatMap(seenPairs);
    const [as, bs] = [pairs.map(([a]) => a), pairs.map(([, b]) => b)];
    // An epoch is as long as the larger folder, of 7 images: in each, every image of A comes once or twice.
    for (let epoch = 0; epoch < 20; epoch++) {
      const numbers = as.slice(epoch * 7, epoch * 7 + 7).map(({ number }) => number);
      expect(numbers.toSorted()).toEqual([1, 1, 2, 2, 3, 4, 5]);
    }
    expect(new Set(bs.map(({ number }) => number))).toEqual(new Set([101, 102, 103, 104, 105, 106, 107]));
    for (const views of [as, bs]) {
      expect(new Set(views.map(({ left }) => left)).size).toBeGreaterThan(12);
      expect(new Set(views.map(({ top }) => top))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8]));
      const mirrored = views.filter(view => view.mirrored).length;
      expect(mirrored).toBeGreaterThan(45);
      expect(mirrored).toBeLessThan(95);
    }
    expect(pairs.filter(([a, b]) => a.mirrored !== b.mirrored).length).toBeGreaterThan(40);
  });

  test('takes its numbers from the source in the order that states of checkpoints mean', async () => {
    const data = await openData(await twoFolders());
    const random = new Random(2);
    const view = (number: number) => {
      const [x, y, mirror] = [random.uniform(), random.uniform(), random.uniform()];
      return { number, left: Math.floor(x * 17), top: Math.floor(y * 9), mirrored: mirror < 0.5 };
    };
    for (let epoch = 0; epoch < 3; epoch++) {
      const order = random.shuffle([1, 2, 3, 4, 5, 1, 2]);
      while (order.length > 0) {
        const expected = [view(order.pop()!), view(101 + random.integer(7))];
        expect(seenPairs(await data.next())).toEqual([expected]);
        expect(data.state.random).toEqual(random.state);
      }
    }
  });

  test('does not depend on threads, on memory, or on how many batches are asked for at a time', async () => {
    const settings = await twoFolders({ batch: 2, loadSize: 36 });
    const first = await takeBits(await openData(settings, undefined, { threads: 1 }), 20);
    expect(new Set(first).size).toBe(20);
    for (const options of [
      { threads: 0 },
      { threads: 2 },
      { threads: 1, cacheBytes: 0 },
      { threads: 2, cacheBytes: 9000 },
    ])
      expect(await takeBits(await openData(settings, undefined, options), 20), JSON.stringify(options)).toEqual(first);
    const atOnce = await openData({ ...settings, accumulate: 5 });
    expect(bits(await Promise.all(Array.from({ length: 20 }, () => atOnce.next())))).toEqual(first);
  });

  test('is another one for another seed, and the same crops unmirrored without flips', async () => {
    const settings = await twoFolders();
    const views = async (more: Partial<DataSettings>) => {
      const batches = await take(await openData({ ...settings, ...more }), 20);
      return batches.flatMap(seenPairs).flat();
    };
    const flipped = await views({});
    expect(await views({ seed: 2 })).not.toEqual(flipped);
    expect(flipped.some(({ mirrored }) => mirrored)).toBe(true);
    expect(await views({ flip: false })).toEqual(flipped.map(view => ({ ...view, mirrored: false })));
  });
});

describe('a state', () => {
  test('says where the batches go on that were not asked for yet, however far is read ahead', async () => {
    const settings = await twoFolders();
    const whole = await openData(settings);
    const interrupted = await openData(settings);
    const expected = await takeBits(whole, 24);
    await take(interrupted, 10);
    const { state } = interrupted;
    const resumed = await openData(settings, throughJson(state));
    expect(resumed.state).toEqual(state);
    expect(await takeBits(resumed, 14)).toEqual(expected.slice(10));
    expect(resumed.state).toEqual(whole.state);
  });

  test('of the beginning is that of a data source from which nothing was asked', async () => {
    const settings = await twoFolders();
    const data = await openData(settings);
    const { state } = data;
    expect(await takeBits(await openData(settings, throughJson(state)), 5)).toEqual(await takeBits(data, 5));
  });

  test('of version 0.1, which knows nothing of folders, goes on too', async () => {
    const settings = await twoFolders();
    const data = await openData(settings);
    await take(data, 3);
    const { folders: _, ...old } = data.state;
    expect(await takeBits(await openData(settings, throughJson(old)), 5)).toEqual(await takeBits(data, 5));
  });
});

describe('a stage of another size', () => {
  test('goes on with the same images and the same fractions of the free room', async () => {
    const settings = await twoFolders();
    const [small, staged] = [await openData(settings), await openData(settings)];
    const unstaged = (await take(small, 20)).flatMap(seenPairs).flat();
    const before = (await take(staged, 6)).flatMap(seenPairs).flat();
    staged.enterStage({ size: 40 });
    const batches = await take(staged, 14);
    expect(batches[0]!.A.shape).toEqual([1, 3, 40, 40]);
    const after = batches.flatMap(seenPairs).flat();
    const what = ({ number, mirrored }: (typeof after)[number]) => ({ number, mirrored });
    expect([...before, ...after].map(what)).toEqual(unstaged.map(what));
    expect(after.every(({ top, left }) => top === 0 && left <= 8)).toBe(true);
  });

  test('is resumed exactly, from a state read before it began as from one read in it', async () => {
    const settings = await twoFolders({ loadSize: 36 });
    const later = { size: 36, loadSize: 40, batch: 2 };
    const whole = await openData(settings);
    await take(whole, 5);
    const atTheBorder = throughJson(whole.state);
    whole.enterStage(later);
    const expected = [...(await takeBits(whole, 3))];
    const within = throughJson(whole.state);
    expected.push(...(await takeBits(whole, 6)));
    expect(await takeBits(await openData({ ...settings, ...later }, atTheBorder), 9)).toEqual(expected);
    expect(await takeBits(await openData({ ...settings, ...later }, within), 6)).toEqual(expected.slice(3));
  });

  test('leaves out the images that are too small for it, and takes no crop that fits none', async () => {
    const settings = await twoFolders();
    await writeCoded(settings.a, { 'large.png': { number: 9, width: 60, height: 60 } });
    await writeCoded(settings.b, { 'large.png': { number: 109, width: 60, height: 60 } });
    const data = await openData(settings);
    await take(data, 4);
    data.enterStage({ size: 56 });
    expect(data.reports.map(({ used, unfit }) => [used, unfit.length])).toEqual([
      [1, 5],
      [1, 7],
    ]);
    const { state } = data;
    expect(() => data.enterStage({ size: 64 })).toThrow(expect.objectContaining({ code: 'IMAGE_TOO_SMALL' }));
    const batches = await take(data, 5);
    expect(batches.flatMap(seenPairs).map(([a, b]) => [a.number, b.number])).toEqual(Array(5).fill([9, 109]));
    expect(await takeBits(await openData({ ...settings, size: 56 }, throughJson(state)), 5)).toEqual(bits(batches));
  });

  test('that is smaller takes up images that were too small before, in its next epoch', async () => {
    const settings = await twoFolders({ size: 56 });
    await writeCoded(settings.a, { 'large.png': { number: 9, width: 60, height: 60 } });
    await writeCoded(settings.b, { 'large.png': { number: 109, width: 60, height: 60 } });
    const data = await openData(settings);
    await take(data, 3);
    data.enterStage({ size: 32 });
    const pairs = (await take(data, 40)).flatMap(seenPairs);
    expect(new Set(pairs.map(([a]) => a.number))).toEqual(new Set([1, 2, 3, 4, 5, 9]));
    expect(new Set(pairs.map(([, b]) => b.number)).size).toBeGreaterThan(5);
  });

  test('to come is looked at when the data is opened', async () => {
    const settings = await twoFolders();
    const stages = [
      { size: 32, loadSize: 0 },
      { size: 64, loadSize: 0 },
    ];
    await expect(openData({ ...settings, stages })).rejects.toMatchObject({
      code: 'IMAGE_TOO_SMALL',
      message: expect.stringMatching(
        /^5 of 5 images in \S+ are left out, being smaller than the crop of 64 × 64: 1\.png \(48 × 40\), 2/,
      ),
    });
  });
});

test('fixed samples are the same in every call and every run, not mirrored, and cost no draw', async () => {
  const settings = await twoFolders({ batch: 2 });
  const data = await openData(settings);
  const samples = await data.fixedSamples(4);
  expect(samples.map(({ A }) => A.shape)).toEqual(Array(4).fill([1, 3, 32, 32]));
  expect(
    samples
      .flatMap(seenPairs)
      .flat()
      .some(({ mirrored }) => mirrored),
  ).toBe(false);
  const batches = await takeBits(data, 4);
  expect(bits(await data.fixedSamples(4))).toEqual(bits(samples));
  const again = await openData(settings);
  expect(await takeBits(again, 4)).toEqual(batches);
  expect(bits(await again.fixedSamples(4))).toEqual(bits(samples));
});
