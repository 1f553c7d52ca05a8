import { mkdir, open, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CycleboxProcess, cyclebox, isDone, project, workThrough } from './cyclebox-process.js';
import {
  colourIn,
  colourOf,
  drop,
  dropMany,
  expectPromiseKept,
  negative,
  outputs,
  pictureOf,
} from './promise-check.js';
import { isFull, scaled } from './scale.js';

const isWatching = (record: { readonly msg?: string }) => record.msg?.startsWith('watching') === true;

const untilDone = (run: CycleboxProcess, count: number) =>
  run.until(() => new Set(run.records.filter(isDone).map(record => record['path'])).size >= count);

const donePaths = (run: CycleboxProcess) => run.records.filter(isDone).map(record => String(record['path']));

describe('watching', () => {
  it.each([
    ['that stays silent is made up for by the scans', 'silent-watch.mjs'],
    ['that floods makes no output twice', 'flooding-watch.mjs'],
    ['for which the system has nothing left is made up for', 'exhausted-watch.mjs'],
  ])('%s', async (_title, preload) => {
    const root = await project({ rescanMs: 300 });
    const run = cyclebox(root, { preload });
    await run.heard(isWatching);
    const inputs = await dropMany(root, 8);
    await untilDone(run, inputs.length);
    expect((await run.stop()).code).toBe(0);
    expect(donePaths(run).sort()).toEqual(inputs);
    await expectPromiseKept(root, inputs);
  });

  it('sees every file that is written elsewhere and renamed into place', async () => {
    const count = scaled(40, 1000);
    const root = await project();
    const run = cyclebox(root);
    await run.heard(isWatching);
    const inputs = Array.from({ length: count }, (_, i) => `day-to-night/${String(i).padStart(4, '0')}.png`);
    for (const [index, path] of inputs.entries()) {
      const temporary = join(root, `inbox/day-to-night/upload-${index}.part`);
      await writeFile(temporary, await pictureOf(colourOf(index)));
      await rename(temporary, join(root, 'inbox', path));
    }
    await untilDone(run, count);
    expect((await run.stop()).code).toBe(0);
    expect(donePaths(run)).toHaveLength(count);
    await expectPromiseKept(root, inputs);
  });

  it('waits for a writer that stalls half-way', async () => {
    const root = await project({ settleMs: 50 });
    const run = cyclebox(root);
    await run.heard(isWatching);
    const picture = await pictureOf(colourOf(0), 64);
    const file = await open(join(root, 'inbox/day-to-night/0000.png'), 'w');
    await file.write(picture.subarray(0, picture.length >> 1));
    // Other files are taken up, worked through and published while the first one stands still.
    for (const index of [1, 2]) {
      await drop(root, `day-to-night/000${index}.png`, index);
      await run.heard(record => isDone(record) && record['path'] === `day-to-night/000${index}.png`);
    }
    await file.write(picture.subarray(picture.length >> 1));
    await file.close();
    await run.heard(record => isDone(record) && record['path'] === 'day-to-night/0000.png');
    expect((await run.stop()).code).toBe(0);
    expect(run.records.filter(record => record['level'] === 50)).toEqual([]);
    await expectPromiseKept(root, ['day-to-night/0000.png', 'day-to-night/0001.png', 'day-to-night/0002.png']);
  });

  it('publishes the last content of a name that is rewritten again and again, and nothing torn', async () => {
    const root = await project();
    const run = cyclebox(root);
    await run.heard(isWatching);
    const times = scaled(15, 200);
    for (let index = 0; index < times; index++) await drop(root, 'day-to-night/a.png', index);
    const last = negative(colourOf(times - 1));
    const isLast = async (name: string) => String(await colourIn(join(root, 'outbox', name))) === String(last);
    await run.until(() => donePaths(run).length > 0);
    await run.stop();
    const rest = await workThrough(root);
    expect(rest.code, rest.text).toBe(0);
    const found = await outputs(root);
    const rights = await Promise.all(found.map(isLast));
    expect(rights.filter(Boolean)).toHaveLength(1);
    expect(found.length).toBeLessThanOrEqual(times);
  });

  const takeAways: [string, (inbox: string) => Promise<void>][] = [
    ['removed and made again', inbox => rm(inbox, { recursive: true })],
    ['moved away and replaced', inbox => rename(inbox, `${inbox}-elsewhere`)],
  ];

  it.each(isFull ? takeAways : takeAways.slice(0, 1))('goes on in an inbox that is %s', async (_title, takeAway) => {
    const root = await project({ rescanMs: 500 });
    await drop(root, 'day-to-night/0000.png', 0);
    const run = cyclebox(root);
    await run.heard(isDone);
    await takeAway(join(root, 'inbox'));
    await mkdir(join(root, 'inbox/day-to-night'), { recursive: true });
    await drop(root, 'day-to-night/0001.png', 1);
    await untilDone(run, 2);
    await drop(root, 'day-to-night/0002.png', 2);
    await untilDone(run, 3);
    expect((await run.stop()).code).toBe(0);
    await expectPromiseKept(root, ['day-to-night/0000.png', 'day-to-night/0001.png', 'day-to-night/0002.png']);
  });

  it('takes up the files of an inbox that was moved away when it is back, and redoes none', async () => {
    const root = await project({ rescanMs: 500 });
    await drop(root, 'day-to-night/0000.png', 0);
    const run = cyclebox(root);
    await run.heard(isDone);
    await rename(join(root, 'inbox'), join(root, 'elsewhere'));
    await writeFile(join(root, 'elsewhere/day-to-night/0001.png'), await pictureOf(colourOf(1)));
    await rename(join(root, 'elsewhere'), join(root, 'inbox'));
    await untilDone(run, 2);
    expect((await run.stop()).code).toBe(0);
    expect(donePaths(run).sort()).toEqual(['day-to-night/0000.png', 'day-to-night/0001.png']);
    await expectPromiseKept(root, ['day-to-night/0000.png', 'day-to-night/0001.png']);
  });
});
