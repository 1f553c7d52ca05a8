import { spawnSync } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type CycleboxProcess, cyclebox, isDone, project, workThrough } from './cyclebox-process.js';
import { dropMany, expectPromiseKept, expectUntouched, published } from './promise-check.js';

const isFull = (record: { readonly msg?: string }) => /ENOSPC|disk is full|no space/i.test(record.msg ?? '');

async function expectNothingLost(root: string, run: CycleboxProcess, inputs: readonly string[]): Promise<void> {
  await run.until(() => run.records.filter(isDone).length >= inputs.length);
  expect((await run.stop()).code).toBe(0);
  expect(run.records.filter(record => record['level'] === 50 && record['path'] !== undefined)).toEqual([]);
  expect(run.records.filter(isDone)).toHaveLength(inputs.length);
  await expectPromiseKept(root, inputs);
}

describe('a full disk', () => {
  it('pauses the queue, which goes on by itself when there is space again', async () => {
    const root = await project();
    const marker = join(root, 'full');
    await writeFile(marker, '');
    const env = { FIXTURE_DISK: join(root, 'outbox'), FIXTURE_FULL_DISK: marker };
    const inputs = await dropMany(root, 5);
    const run = cyclebox(root, { preload: 'full-disk.mjs', env });
    await run.heard(isFull);
    await rm(marker);
    await expectNothingLost(root, run, inputs);
  });

  it('loses nothing either when the daemon is killed meanwhile', async () => {
    const root = await project();
    const marker = join(root, 'full');
    const env = { FIXTURE_DISK: join(root, 'outbox'), FIXTURE_FULL_DISK: marker };
    const first = await dropMany(root, 1);
    await workThrough(root);
    const before = await published(root);
    await writeFile(marker, '');
    const inputs = await dropMany(root, 4);
    const run = cyclebox(root, { preload: 'full-disk.mjs', env });
    await run.heard(isFull);
    await run.kill();
    const rest = await workThrough(root);
    expect(rest.code, rest.text).toBe(0);
    // The first picture was dropped anew: it is another file to cyclebox, and has a second output.
    await rm(join(root, 'outbox', first[0]!.replace('.png', ' (2).png')));
    await expectUntouched(root, before);
    await expectPromiseKept(root, inputs);
  });

  it('of a small file system pauses the queue, too', async context => {
    const root = await project();
    const outbox = join(root, 'outbox');
    await mkdir(outbox);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', outbox]).status !== 0) {
      context.skip('no file system may be mounted here');
    }
    onTestFinished(() => void spawnSync('umount', ['-l', outbox]));
    await fill(join(outbox, 'ballast.bin'));
    const inputs = await dropMany(root, 5);
    const run = cyclebox(root);
    await run.heard(isFull);
    await rm(join(outbox, 'ballast.bin'));
    await expectNothingLost(root, run, inputs);
  });
});

/** Takes what room there is. */
async function fill(file: string): Promise<void> {
  for (const size of [65536, 4096]) {
    for (;;) {
      try {
        await writeFile(file, Buffer.alloc(size), { flag: 'a' });
      } catch {
        break;
      }
    }
  }
}
