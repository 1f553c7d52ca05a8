/** What a store between a watcher and its workers promises, wherever things lie in it. */
import { mkdir, readdir, readFile, rename, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { identify, ManualClock, newJobId, sha256File } from '../../src/base/index.js';
import { NotOffered } from '../../src/dispatch/index.js';
import { temporaryFolder } from '../support/pictures.js';
import { type StoreKind, storeKinds } from './stores.js';

describe.each(storeKinds)('dispatch store $name', (kind: StoreKind) => {
  afterAll(() => kind.dispose());

  const open = async () => {
    const root = await temporaryFolder();
    const clock = new ManualClock(Date.now());
    const { watcher, worker } = await kind.open(root, clock);
    const attempt = (name = 'folder/a b.png') => ({ job: newJobId(), token: crypto.randomUUID(), path: name });
    const offer = async (files: ReturnType<typeof attempt>, content = files.path) => {
      const source = join(root, 'inbox', files.path);
      await mkdir(dirname(source), { recursive: true });
      await writeFile(source, content);
      const expected = { root: join(root, 'inbox'), identity: String(await identify(source)) };
      await watcher.offer(files, { source, expected });
    };
    /** What a worker makes of an image. */
    const make = async (files: ReturnType<typeof attempt>, content: string | Uint8Array) => {
      const work = await worker.open(files);
      await mkdir(join(work.result, '..'), { recursive: true });
      await writeFile(work.result, content);
      await work.deliver();
      await work.dispose();
    };
    return { ...{ root, clock, watcher, worker, attempt, offer, make }, temporary: join(root, 'outbox', 'new.tmp') };
  };

  it('brings an image to a worker and its result back, whole, also those that go in many parts', async () => {
    const { watcher, worker, attempt, offer, make, temporary } = await open();
    const files = attempt();
    const large = 'pixels '.repeat(3000);
    await offer(files, large);
    const work = await worker.open(files);
    expect(work.source.startsWith(work.root)).toBe(true);
    expect(await readFile(work.source, 'utf8')).toBe(large);
    expect(relative(work.root, work.source)).toBe(join('folder', 'a b.png'));
    await work.dispose();
    await make(files, large.toUpperCase());
    await watcher.take(files, temporary);
    expect(await readFile(temporary, 'utf8')).toBe(large.toUpperCase());
  });

  it('can be used, says so, and leaves nothing of the question', async () => {
    const { watcher, worker, clock } = await open();
    await watcher.check();
    await worker.check();
    clock.advance(10_000_000);
    expect(await watcher.sweep(() => false)).toBe(0);
  });

  it('keeps results of two attempts at one job apart', async () => {
    const { watcher, attempt, offer, make, temporary } = await open();
    const late = attempt();
    const now = { ...late, token: crypto.randomUUID() };
    await offer(late);
    await offer(now);
    await make(now, 'now');
    await make(late, 'late');
    await watcher.take(now, temporary);
    expect(await readFile(temporary, 'utf8')).toBe('now');
  });

  it('has nothing of an attempt that was discarded, and forgives discarding twice', async () => {
    const { watcher, attempt, offer, make, temporary } = await open();
    const files = attempt();
    await offer(files);
    await make(files, 'result');
    await watcher.discard(files);
    await watcher.discard(files);
    await expect(watcher.take(files, temporary)).rejects.toMatchObject({ code: 'WRITE_FAILED' });
    await expect(stat(temporary)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('sweeps what has lain for a while, and nothing that is under way', async () => {
    const { root, clock, watcher, attempt, offer, make } = await open();
    const [left, underWay] = [attempt('left.png'), attempt('going.png')];
    for (const files of [left, underWay]) {
      await offer(files);
      await make(files, 'result');
    }
    const isUnderWay = (token: string) => token === underWay.token;
    expect(await watcher.sweep(isUnderWay)).toBe(0);
    clock.advance(3_600_001);
    // A folder has the time from the disk.
    const past = new Date(Date.now() - 3_700_000);
    const staged = join(root, 'outbox', '.cyclebox', 'staged');
    for (const name of await readdir(staged).catch(() => [])) await utimes(join(staged, name), past, past);
    expect(await watcher.sweep(isUnderWay)).toBeGreaterThan(0);
    expect(await watcher.sweep(isUnderWay)).toBe(0);
    await watcher.take(underWay, join(root, 'outbox', 'going.tmp'));
    await expect(watcher.take(left, join(root, 'outbox', 'left.tmp'))).rejects.toThrow();
  });

  it('brings a model to whoever lacks it, file by file, and not before it was offered', async () => {
    const { root, watcher, worker } = await open();
    const folder = join(root, 'models');
    await mkdir(folder);
    await writeFile(join(folder, 'to-zebra.onnx'), 'weights '.repeat(1000));
    await writeFile(join(folder, 'to-zebra.int8.json'), '{}');
    const sha256 = await sha256File(join(folder, 'to-zebra.onnx'));
    const [first, second] = [join(root, 'first'), join(root, 'second')];
    for (const target of [first, second]) await mkdir(target);
    const missing = await worker.fetchModel(sha256, first).catch(error => error);
    expect(missing).toBeInstanceOf(NotOffered);
    expect(missing).toMatchObject({ code: 'MODEL_MISSING', sha256 });
    const files = ['to-zebra.onnx', 'to-zebra.int8.json'];
    await Promise.all([watcher.offerModel({ sha256, folder, files }), watcher.offerModel({ sha256, folder, files })]);
    await watcher.offerModel({ sha256, folder, files });
    expect(await worker.fetchModel(sha256, second)).toBe('to-zebra.onnx');
    expect((await readdir(second)).sort()).toEqual([...files].sort());
    expect(await sha256File(join(second, 'to-zebra.onnx'))).toBe(sha256);
  });
});

describe('dispatch store in a bucket', () => {
  afterAll(() => storeKinds[1]?.dispose());

  it('does not send what has come into the place of the image that was seen', async () => {
    const root = await temporaryFolder();
    const { watcher } = await (storeKinds[1] as StoreKind).open(root);
    const source = join(root, 'inbox', 'a.png');
    await writeFile(source, 'seen');
    const expected = { root: join(root, 'inbox'), identity: String(await identify(source)) };
    const files = { job: newJobId(), token: crypto.randomUUID(), path: 'a.png' };
    await rename(source, join(root, 'secret'));
    await symlink(join(root, 'secret'), source);
    await expect(watcher.offer(files, { source, expected })).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
    await rename(source, join(root, 'link'));
    await writeFile(source, 'another');
    await expect(watcher.offer(files, { source, expected })).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});
