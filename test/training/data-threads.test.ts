import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ManualClock, packageRoot } from '../../src/base/index.js';
import { DecodeThread } from '../../src/training/data/decode-thread.js';
import { openTrainingData } from '../../src/training/data/index.js';
import { WaitMeter } from '../../src/training/data/wait-meter.js';
import { codedPng, take, twoFolders, writeInto } from '../support/dataset.js';
import { temporaryFolder } from '../support/pictures.js';

const ports = () => process.getActiveResourcesInfo().filter(name => name === 'MessagePort').length;

/** Runs a script that has `openTrainingData` and `settings`; gives what it printed once it has ended by itself. */
async function inProcess(body: string): Promise<string> {
  const script = join(await temporaryFolder(), 'script.mjs');
  const face = pathToFileURL(join(packageRoot, 'dist/training/data/index.js'));
  const settings = JSON.stringify(await twoFolders());
  await writeFile(script, `import { openTrainingData } from '${face}';\nconst settings = ${settings};\n${body}\n`);
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [script], { timeout: 90_000 }, (error, out) => (error ? reject(error) : resolve(out)));
  });
}

describe('decoding threads', () => {
  test('are gone when the data is disposed of, also in the middle of their work', async () => {
    const before = ports();
    const settings = await twoFolders({ batch: 8 });
    const data = await openTrainingData(settings, undefined, { threads: 2, cacheBytes: 0 });
    await data.next();
    expect(ports()).toBeGreaterThan(before);
    const asked = Promise.allSettled(Array.from({ length: 20 }, () => data.next()));
    await data.dispose();
    await data.dispose();
    expect(ports()).toBe(before);
    expect((await asked).at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'CANCELLED' } });
    await expect(data.next()).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  test('are not needed to end a process, from the compiled package', async () => {
    const open = 'const data = await openTrainingData(settings, undefined, { threads: 2 });';
    const use = 'for (let i = 0; i < 9; i++) await data.next();\nconsole.log((await data.next()).A.shape.join());';
    expect(await inProcess(`${open}\n${use}\nawait data.dispose();\nconsole.log('disposed');`)).toBe(
      '1,3,32,32\ndisposed\n',
    );
    expect(await inProcess(`${open}\n${use}`)).toBe('1,3,32,32\n');
  });

  test('that end unexpectedly fail what they were asked, and others take their place', async () => {
    const folder = await temporaryFolder();
    const entry = join(folder, 'thread.mjs');
    await writeFile(
      entry,
      `import { parentPort } from 'node:worker_threads';
parentPort.on('message', message => {
  if (message === 'end') return parentPort.close();
  if (message.request.path === 'exit') process.exit(3);
  if (message.request.path === 'throw') throw new Error('out of something');
  parentPort.postMessage({ id: message.id, pictures: [] });
});\n`,
    );
    const thread = new DecodeThread(entry);
    onTestFinished(() => thread.dispose());
    const decode = (path: string) =>
      thread.decode({ path, expected: { width: 1, height: 1 }, regions: [], to: { width: 1, height: 1 } });
    expect(await decode('fine')).toEqual([]);
    const failed = await Promise.allSettled([decode('throw'), decode('fine')]);
    expect(failed).toMatchObject(
      Array(2).fill({
        status: 'rejected',
        reason: { code: 'PROCESS_CRASHED', message: expect.stringContaining('out of something') },
      }),
    );
    expect(await decode('fine')).toEqual([]);
    await expect(decode('exit')).rejects.toMatchObject({ code: 'PROCESS_CRASHED' });
    expect(await decode('fine')).toEqual([]);
  });

  test('read ahead of the steps: a training that computes meanwhile does not wait', async () => {
    const settings = await twoFolders({ loadSize: 36 });
    const data = await openTrainingData(settings, undefined, { threads: 1, cacheBytes: 0 });
    onTestFinished(() => data.dispose());
    await take(data, 1);
    const { waitedMs } = data.waiting;
    for (let step = 0; step < 10; step++) {
      // As the engine does: JavaScript stands still for the whole step.
      for (const end = performance.now() + 60; performance.now() < end; );
      await new Promise(resolve => setImmediate(resolve));
      await data.next();
    }
    // Other programs may take the thread's turn, too.
    expect(data.waiting.waitedMs - waitedMs).toBeLessThan(Math.max(200, data.waiting.elapsedMs / 2));
    expect(data.waiting.elapsedMs).toBeGreaterThan(600);
  });
});

test('an image that is kept is decoded once; one for which there is no room, each time', async () => {
  const settings = await twoFolders();
  const first = await openTrainingData(settings);
  const second = await openTrainingData(settings, undefined, { cacheBytes: 0 });
  onTestFinished(() => first.dispose());
  onTestFinished(() => second.dispose());
  await take(first, 60);
  await take(second, 60);
  for (const name of ['1', '2', '3', '4', '5'])
    await writeInto(settings.a, `${name}.png`, await codedPng({ number: 50, width: 60 }));
  await take(first, 30);
  expect(first.reports[0]!.skipped).toEqual([]);
  await expect(take(second, 30)).rejects.toMatchObject({ code: 'DATASET_EMPTY' });
});

test('waiting is the time that requests were open, common time once, of that since the first', async () => {
  const clock = new ManualClock();
  const meter = new WaitMeter(clock);
  clock.advance(1000);
  expect(meter.waiting).toEqual({ waitedMs: 0, elapsedMs: 0, share: 0 });
  const ends: (() => void)[] = [];
  const open = () => meter.measure(() => new Promise<void>(resolve => ends.push(resolve)));
  const first = open();
  clock.advance(10);
  const second = open();
  clock.advance(10);
  ends[0]!();
  await first;
  clock.advance(10);
  expect(meter.waiting.waitedMs).toBe(30);
  ends[1]!();
  await second;
  clock.advance(70);
  expect(meter.waiting).toEqual({ waitedMs: 30, elapsedMs: 100, share: 0.3 });
});
