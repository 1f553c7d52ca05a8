/**
 * Pictures that go through a network beside each other, or beside another's run: what goes on meanwhile is known by what has begun
 * while a run is held. Where the order is another, these tests wait in vain.
 */
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { openEngine } from '../../src/engine/index.js';
import type { Picture } from '../../src/image/index.js';
import { type MemoryStep, type OpenEngine, openTranslator, type TranslatorOptions } from '../../src/translate/index.js';
import { type HeldRun, heldRuns } from '../support/held-runs.js';
import { temporaryFolder, testPicture } from '../support/pictures.js';
import { writeTinyOnnx } from '../support/tiny-onnx.js';

const metadata = { 'cyclebox.architecture': JSON.stringify({ kind: 'resnet', width: 16 }) };

async function open(options: TranslatorOptions = {}) {
  const model = await writeTinyOnnx(join(await temporaryFolder(), 'tiny.onnx'), { kind: 'negate', metadata });
  const runs = heldRuns();
  const steps: MemoryStep[] = [];
  const translator = await openTranslator({
    model,
    engine: 'cpu',
    threads: 2,
    lanes: 2,
    openEngine: runs.openEngine,
    onMemoryStep: step => void steps.push(step),
    ...options,
  });
  onTestFinished(() => translator.dispose());
  return { translator, runs, steps };
}

const negative = ({ rgb }: Picture) => rgb.map(value => 255 - value);

/** A picture that says when its values are first read. */
function watched(picture: Picture): { readonly picture: Picture; readonly isRead: Promise<void> } {
  let read: () => void = () => {};
  const isRead = new Promise<void>(resolve => {
    read = resolve;
  });
  const rgb = new Proxy(picture.rgb, {
    get(values, key) {
      if (key === '0') read();
      const value = Reflect.get(values, key, values);
      return typeof value === 'function' ? value.bind(values) : value;
    },
  });
  return { picture: { ...picture, rgb }, isRead };
}

describe('beside the run of another picture', () => {
  test('the next one’s tensor is made, and values are made of the last one’s result', async () => {
    const { translator, runs } = await open({ lanes: 1 });
    const [one, two] = [testPicture(16, 16), testPicture(24, 16)];
    const first = translator.translatePicture(one);
    const firstRun = await runs.begun();
    const next = watched(two);
    const second = translator.translatePicture(next.picture);
    await next.isRead;
    expect(runs.unseen()).toBe(0);

    await firstRun.letGo();
    const secondRun = await runs.begun();
    expect((await first).picture.rgb).toEqual(negative(one));
    await secondRun.letGo();
    expect((await second).picture.rgb).toEqual(negative(two));
  });

  test('another runs in a lane of its own, where several wait', async () => {
    const { translator, runs } = await open();
    const pictures = [16, 20, 24, 28].map(width => testPicture(width, 16));
    const results = pictures.map(picture => translator.translatePicture(picture));
    const alone = await runs.begun();
    expect([alone.width, alone.threads]).toEqual([16, 2]);
    expect(runs.unseen()).toBe(0);

    await alone.letGo();
    const two = [await runs.begun(), await runs.begun()];
    expect(two.map(({ width, threads }) => [width, threads])).toEqual([
      [20, 1],
      [24, 1],
    ]);
    await two[1]!.letGo();
    const last = await runs.begun();
    expect([last.width, last.threads]).toEqual([28, 1]);
    await Promise.all([two[0]!.letGo(), last.letGo()]);
    for (const [index, result] of results.entries())
      expect((await result).picture.rgb).toEqual(negative(pictures[index]!));
  });

  test('three threads are shared between two lanes', async () => {
    const { translator, runs } = await open({ threads: 3 });
    const results = [16, 20, 24].map(width => translator.translatePicture(testPicture(width, 16)));
    await (await runs.begun()).letGo();
    const two = [await runs.begun(), await runs.begun()];
    expect(two.map(({ threads }) => threads)).toEqual([1, 2]);
    await Promise.all(two.map(run => run.letGo()));
    await Promise.all(results);
  });

  test('one that comes when all others are done has all threads again', async () => {
    const { translator, runs } = await open();
    const results = [16, 20, 24].map(width => translator.translatePicture(testPicture(width, 16)));
    for (let begun = 0; begun < 3; begun++) void (await runs.begun()).letGo();
    await Promise.all(results);
    const last = translator.translatePicture(testPicture(28, 16));
    const run = await runs.begun();
    expect(run.threads).toBe(2);
    await run.letGo();
    await last;
  });

  test('none runs where memory has no room for two', async () => {
    const { translator, runs } = await open({ memoryLimitBytes: 4 * 6 * 16 * 16 * 24 });
    const results = [16, 20, 24].map(width => translator.translatePicture(testPicture(width, 16)));
    const threads: (number | undefined)[] = [];
    for (let begun = 0; begun < 3; begun++) {
      const run = await runs.begun();
      threads.push(run.threads);
      expect(runs.unseen()).toBe(0);
      await run.letGo();
    }
    expect(threads).toEqual([2, 2, 2]);
    await Promise.all(results);
  });
});

test('pictures in lanes become what they become alone, bit for bit, on threads of their own', async () => {
  const model = join(packageRoot, 'models/satellite-map/to-map.onnx');
  const pictures = [64, 80, 64, 96, 64].map(width => testPicture(width, 64));
  const results = await Promise.all(
    [1, 2].map(async lanes => {
      const open: OpenEngine = (choice, options) => openEngine(choice, { ...options, ownThread: true });
      const translator = await openTranslator({ model, engine: 'cpu', threads: 2, lanes, openEngine: open });
      onTestFinished(() => translator.dispose());
      return await Promise.all(pictures.map(async picture => (await translator.translatePicture(picture)).picture.rgb));
    }),
  );
  expect(results[1]).toEqual(results[0]);
});

test('what runs out of memory in a lane has the network to itself, and so has whatever comes after', async () => {
  const { translator, runs, steps } = await open();
  const pictures = [16, 20, 24, 28].map(width => testPicture(width, 16));
  const results = pictures.map(picture => translator.translatePicture(picture));
  await (await runs.begun()).letGo();
  const two = [await runs.begun(), await runs.begun()];
  const failed = two[0]!.runOut();
  await two[1]!.letGo();
  await failed;
  const threads: (number | undefined)[] = [];
  const rest: HeldRun[] = [];
  for (let begun = 0; begun < 2; begun++) {
    rest.push(await runs.begun());
    threads.push(rest.at(-1)!.threads);
    await rest.at(-1)!.letGo();
  }
  for (const [index, result] of results.entries())
    expect((await result).picture.rgb).toEqual(negative(pictures[index]!));
  expect(threads).toEqual([2, 2]);
  expect(steps.map(({ kind, message }) => [kind, message])).toEqual([
    ['lanes', 'tiny.onnx ran out of memory on cpu: from now on it takes one picture at a time'],
  ]);
  expect(runs.open).toEqual([2]);
});
