import { mkdir, readdir, readFile, rename, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CycleboxError, DisposableStore, identify, ManualClock, systemNaming } from '../../../src/base/index.js';
import { FailedList, readFailedList } from '../../../src/inbox/failed-list.js';
import type { Publisher } from '../../../src/inbox/publish/publisher.js';
import { openPublisher, type PublisherOptions } from '../../../src/inbox/publish/publisher-service.js';
import { temporaryFolder } from '../../support/pictures.js';

let opened: DisposableStore;
let root: string;

beforeEach(async () => {
  opened = new DisposableStore();
  root = await temporaryFolder();
  for (const name of ['inbox', 'outbox', 'state']) await mkdir(join(root, name));
});
afterEach(() => opened.dispose());

async function publisherOf(more: Partial<PublisherOptions> = {}): Promise<Publisher> {
  const folders = { inbox: join(root, 'inbox'), outbox: join(root, 'outbox'), state: join(root, 'state') };
  const policies = { archive: join(root, 'archive'), afterSuccess: 'archive', onCollision: 'suffix' } as const;
  const options = { ...folders, ...policies, ...more };
  return opened.add(await openPublisher(options));
}

async function drop(path: string, content: string) {
  const file = join(root, 'inbox', path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
  return { path, identity: (await identify(file))!, translation: 'shout' };
}

async function contents(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
  const pairs = files.map(async file => [file.slice(join(root, folder).length + 1), await readFile(file, 'utf8')]);
  return Object.fromEntries((await Promise.all(pairs)).sort());
}

const failing = (code: string) => Promise.reject(Object.assign(new Error(code), { code }));

/** The archive on another file system. */
const acrossFileSystems = {
  link: (from: string, to: string) =>
    from.includes('/inbox/') === to.includes('/inbox/') ? systemNaming.link(from, to) : failing('EXDEV'),
  rename: (from: string, to: string) =>
    from.includes('/inbox/') === to.includes('/inbox/') ? systemNaming.rename(from, to) : failing('EXDEV'),
};

describe('a source whose output is published', () => {
  it('stays where it is unless asked otherwise', async () => {
    const publisher = await publisherOf({ afterSuccess: 'keep' });
    expect(await publisher.afterSuccess(await drop('a.png', 'a'))).toEqual({ kind: 'kept' });
    expect(await contents('inbox')).toEqual({ 'a.png': 'a' });
  });

  it('is deleted', async () => {
    const publisher = await publisherOf({ afterSuccess: 'delete' });
    const source = await drop('x/a.png', 'a');
    expect(await publisher.afterSuccess(source)).toEqual({ kind: 'deleted' });
    expect(await publisher.afterSuccess(source)).toEqual({ kind: 'changed' });
    expect(await contents('inbox')).toEqual({});
    expect(await readdir(join(root, 'state/moving'))).toEqual([]);
  });

  for (const [where, calls] of [
    ['in the same file system', systemNaming],
    ['across file systems', acrossFileSystems],
    ['without hard links', { ...systemNaming, link: () => failing('EPERM') }],
  ] as const) {
    it(`is archived under its relative path, overwriting nothing, ${where}`, async () => {
      const publisher = await publisherOf({ calls });
      await mkdir(join(root, 'archive/x'), { recursive: true });
      await writeFile(join(root, 'archive/x/a.png'), 'an older one');
      const source = await drop('x/a.png', 'a');
      await utimes(join(root, 'inbox/x/a.png'), 1000, 2000);
      const identity = (await identify(join(root, 'inbox/x/a.png')))!;
      const path = join(root, 'archive/x/a (2).png');
      expect(await publisher.afterSuccess({ ...source, identity })).toEqual({ kind: 'archived', path });
      expect(await contents('inbox')).toEqual({});
      expect(await contents('archive')).toEqual({ 'x/a (2).png': 'a', 'x/a.png': 'an older one' });
      expect((await stat(path)).mtimeMs).toBe(2_000_000);
    });
  }

  it('and cannot be archived is archived later, without a new start, and so is the next of its name', async () => {
    const clock = new ManualClock();
    let isFull = true;
    const link = (from: string, to: string) =>
      isFull && to.includes('/archive/') ? failing('ENOSPC') : systemNaming.link(from, to);
    const taken: string[] = [];
    const onSourceTaken = ({ path, identity }: { path: string; identity: string }) => void taken.push(path, identity);
    const publisher = await publisherOf({ clock, calls: { ...systemNaming, link }, onSourceTaken });
    const identities: string[] = [];
    for (const content of ['first', 'second']) {
      const source = await drop('a.png', content);
      identities.push('a.png', source.identity);
      await expect(publisher.afterSuccess(source)).rejects.toMatchObject({ code: 'WRITE_FAILED' });
    }
    expect(taken).toEqual([]);
    expect(await readdir(join(root, 'state/moving'))).toHaveLength(2);
    isFull = false;
    clock.advance(60_000);
    await publisher.dispose();
    expect(await contents('archive')).toEqual({ 'a.png': 'first', 'a (2).png': 'second' });
    expect(taken).toEqual(identities);
    expect(await contents('inbox')).toEqual({});
    expect(await readdir(join(root, 'state/moving'))).toEqual([]);
  });

  for (const [gone, afterSuccess] of [
    ['outbox', 'delete'],
    ['outbox', 'archive'],
    ['archive', 'archive'],
  ] as const) {
    it(`is not touched while another folder is in the place of the ${gone}, as where a disk was (${afterSuccess})`, async () => {
      const publisher = await publisherOf({ afterSuccess });
      const source = await drop('a.png', 'a');
      await rename(join(root, gone), join(root, 'unmounted'));
      await mkdir(join(root, gone));
      const refusal = {
        code: 'WRITE_FAILED',
        message: expect.stringContaining(`the ${gone} ${join(root, gone)} is not`),
      };
      await expect(publisher.afterSuccess(source)).rejects.toMatchObject(refusal);
      await expect(publisher.requireFolders()).rejects.toMatchObject(refusal);
      await expect(publisher.probe()).rejects.toMatchObject(refusal);
      expect(await contents('inbox')).toEqual({ 'a.png': 'a' });
      expect(await contents(gone)).toEqual({});
      await rm(join(root, gone), { recursive: true });
      await rename(join(root, 'unmounted'), join(root, gone));
      expect((await publisher.afterSuccess(source)).kind).toBe(afterSuccess === 'delete' ? 'deleted' : 'archived');
    });
  }

  it('is not touched when it has changed since it was read', async () => {
    const publisher = await publisherOf({ afterSuccess: 'delete' });
    const source = await drop('a.png', 'a');
    await drop('a.png', 'newer');
    expect(await publisher.afterSuccess(source)).toEqual({ kind: 'changed' });
    expect(await contents('inbox')).toEqual({ 'a.png': 'newer' });
  });

  for (const afterSuccess of ['delete', 'archive'] as const) {
    it(`is put back when a newer one took its place at the last moment (${afterSuccess})`, async () => {
      const meanwhile = async (from: string, to: string) => {
        await writeFile(join(root, 'newer'), 'newer');
        await rename(join(root, 'newer'), from);
        await systemNaming.rename(from, to);
        // And a still newer one before it is put back.
        await writeFile(from, 'newest');
      };
      const publisher = await publisherOf({ afterSuccess, calls: { ...systemNaming, rename: meanwhile } });
      expect(await publisher.afterSuccess(await drop('a.png', 'a'))).toEqual({ kind: 'changed' });
      expect(await contents('inbox')).toEqual({ 'a (2).png': 'newer', 'a.png': 'newest' });
      expect(await contents('archive')).toEqual({});
    });
  }

  it('is not sought through a link that takes the place of its folder at the last moment', async () => {
    await drop('sub/a.png', 'a');
    await mkdir(join(root, 'elsewhere'));
    await writeFile(join(root, 'elsewhere/a.png'), 'precious');
    let swaps = 0;
    const swapped = async (from: string, to: string) => {
      swaps++;
      await rename(join(root, 'inbox/sub'), join(root, 'aside'));
      await symlink(join(root, 'elsewhere'), join(root, 'inbox/sub'));
      return systemNaming.rename(from, to);
    };
    const publisher = await publisherOf({ afterSuccess: 'delete', calls: { ...systemNaming, rename: swapped } });
    const source = { path: 'sub/a.png', identity: (await identify(join(root, 'inbox/sub/a.png')))!, translation: '' };
    expect(await publisher.afterSuccess(source)).toEqual({ kind: 'changed' });
    expect(swaps).toBe(1);
    expect(await contents('elsewhere')).toEqual({ 'a.png': 'precious' });
    expect(await contents('aside')).toEqual({ 'a.png': 'a' });
    expect(await readdir(join(root, 'state/moving'))).toEqual([]);
  });

  it('that cannot be moved stays, with the reason', async () => {
    const readOnly = { ...systemNaming, rename: () => failing('EROFS') };
    const publisher = await publisherOf({ calls: readOnly });
    const source = await drop('a.png', 'a');
    await expect(publisher.afterSuccess(source)).rejects.toMatchObject({
      code: 'WRITE_FAILED',
      message: expect.stringContaining('could not be archived'),
    });
    expect(await contents('inbox')).toEqual({ 'a.png': 'a' });
    expect(await readdir(join(root, 'state/moving'))).toEqual([]);
  });

  for (const afterSuccess of ['delete', 'archive'] as const) {
    it(`whose move was cut short is moved by the next life, once (${afterSuccess})`, async () => {
      const source = await drop('a.png', 'a');
      await interruptedMove(source, afterSuccess);
      const publisher = await publisherOf({ afterSuccess });
      await publisher.sweep();
      expect(await contents('inbox')).toEqual({});
      expect(await contents('archive')).toEqual(afterSuccess === 'archive' ? { 'a.png': 'a' } : {});
      expect(await readdir(join(root, 'state/moving'))).toEqual([]);
    });
  }

  it('whose copy was archived before the crash is not archived twice', async () => {
    await interruptedMove(await drop('a.png', 'a'), 'archive');
    await mkdir(join(root, 'archive'));
    await writeFile(join(root, 'archive/a.png'), 'a');
    await (await publisherOf()).sweep();
    expect(await contents('archive')).toEqual({ 'a.png': 'a' });
    expect(await contents('inbox')).toEqual({});
  });

  it('that a killed move had taken by mistake is put back by the next life', async () => {
    const source = await drop('a.png', 'a');
    await drop('a.png', 'newer');
    await interruptedMove(source, 'delete');
    await (await publisherOf()).sweep();
    expect(await contents('inbox')).toEqual({ 'a.png': 'newer' });
  });

  it('is archived only outside of inbox and outbox', async () => {
    await expect(publisherOf({ archive: join(root, 'inbox/archive') })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    await expect(publisherOf({ archive: undefined })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  /** What a process leaves that is killed right after it took the file aside. */
  async function interruptedMove(source: Awaited<ReturnType<typeof drop>>, policy: string): Promise<void> {
    const taken = '.cyclebox-@0.0@a.png-0.tmp';
    await mkdir(join(root, 'state/moving'));
    const { path, identity } = source;
    await writeFile(join(root, 'state/moving/note.json'), JSON.stringify({ path, identity, taken, policy }));
    await rename(join(root, 'inbox', path), join(root, 'inbox', taken));
  }
});

describe('failed.json', () => {
  const failure = (path: string) => ({
    path,
    job: `job of ${path}`,
    error: new CycleboxError('IMAGE_CORRUPT', 'it is cut'),
  });

  function listOf(state: string) {
    const failures = new Map<string, ReturnType<typeof failure>>();
    const troubles: CycleboxError[] = [];
    const clock = new ManualClock();
    const folders = { inbox: join(root, 'inbox'), outbox: join(root, 'outbox'), state: join(root, state) };
    const onWarning = (error: CycleboxError) => void troubles.push(error);
    const list = opened.add(new FailedList({ ...folders, clock, onWarning, failures: () => failures.values() }));
    return { list, failures, troubles, clock };
  }

  it('lists what stands as failed, and is gone when nothing does', async () => {
    const { list, failures } = listOf('state');
    failures.set('a.png', failure('a.png')).set('b\n.png', failure('b\n.png'));
    await list.flush();
    expect(JSON.parse(await readFile(join(root, 'failed.json'), 'utf8'))).toMatchObject({
      version: 1,
      updated: '2023-11-14T22:13:20.000Z',
      failures: [
        { path: 'a.png', code: 'IMAGE_CORRUPT', message: 'it is cut', job: 'job of a.png', inbox: join(root, 'inbox') },
        { path: 'b\n.png' },
      ],
    });
    failures.clear();
    await list.flush();
    expect((await readdir(root)).sort()).toEqual(['inbox', 'outbox', 'state']);
  });

  it('is written once for many changes, and at the end for the last', async () => {
    const { list, failures, clock } = listOf('state');
    failures.set('a.png', failure('a.png'));
    for (let i = 0; i < 100; i++) list.touch();
    expect(await readFailedList(list.file)).toEqual([]);
    clock.advance(500);
    await list.flush();
    expect(await readFailedList(list.file)).toHaveLength(1);
    failures.set('b.png', failure('b.png'));
    list.touch();
    await list.dispose();
    expect(await readFailedList(list.file)).toHaveLength(2);
  });

  it('is shared by daemons whose outboxes lie side by side, and forgets those that are gone', async () => {
    await mkdir(join(root, 'state2'));
    const [one, two] = [listOf('state'), listOf('state2')];
    one.failures.set('a.png', failure('a.png'));
    two.failures.set('b.png', failure('b.png'));
    await one.list.flush();
    await two.list.flush();
    expect((await readFailedList(one.list.file)).map(record => record.path)).toEqual(['a.png', 'b.png']);
    one.failures.clear();
    await one.list.flush();
    expect((await readFailedList(one.list.file)).map(record => record.path)).toEqual(['b.png']);
    await rm(join(root, 'state2'), { recursive: true });
    await one.list.flush();
    expect(await readFailedList(one.list.file)).toEqual([]);
  });

  it('is in the state folder when nothing can be written beside the outbox, and that is said once', async () => {
    await mkdir(join(root, 'failed.json/in-the-way'), { recursive: true });
    const { list, failures, troubles } = listOf('state');
    failures.set('a.png', failure('a.png'));
    await list.flush();
    await list.flush();
    expect(await readFailedList(join(root, 'state/failed.json'))).toHaveLength(1);
    expect(troubles).toMatchObject([{ code: 'WRITE_FAILED' }]);
  });
});
