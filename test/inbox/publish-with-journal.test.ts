import { mkdir, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CycleboxError, DisposableStore } from '../../src/base/index.js';
import { Inbox, type InboxEvent, type InboxOptions, type Runner, type RunRequest } from '../../src/inbox/index.js';
import { temporaryFolder } from '../support/pictures.js';

let opened: DisposableStore;
let root: string;

beforeEach(async () => {
  opened = new DisposableStore();
  root = await temporaryFolder();
});
afterEach(() => opened.dispose());

/** Upper-cases text files, and gives them all one extension. */
class ShoutingRunner implements Runner {
  readonly ran: string[] = [];

  async run({ source, temporary }: RunRequest) {
    const text = await readFile(source, 'utf8');
    this.ran.push(basename(source));
    if (text === 'bad') throw new CycleboxError('IMAGE_UNSUPPORTED', 'it is no text');
    await mkdir(dirname(temporary), { recursive: true });
    await writeFile(temporary, text.toUpperCase(), { flag: 'wx' });
    const name = basename(source).replace(/\.\w+$/, '.txt');
    const ms = { decodeMs: 0, loadMs: 0, translateMs: 0, encodeMs: 0 };
    return { name, width: 1, height: 1, bytes: text.length, tiles: 1, ...ms };
  }
}

/** Works through what is in the inbox, and stops. */
async function once({ before, ...more }: Partial<InboxOptions> & { before?: (inbox: Inbox) => unknown } = {}) {
  const runner = new ShoutingRunner();
  const inbox = await Inbox.open({
    ...{ inbox: join(root, 'inbox'), outbox: join(root, 'outbox'), state: join(root, 'state') },
    ...{ runner, watch: false, settleMs: 10, decodeGraceMs: 0 },
    route: () => ({ kind: 'translate', translation: { key: 'shout', version: 'v1' } }),
    ...more,
  });
  const events: InboxEvent[] = [];
  inbox.onEvent(event => events.push(event));
  opened.add(inbox);
  before?.(inbox);
  await inbox.start();
  await inbox.whenIdle();
  const counts = inbox.counts();
  await inbox.stop();
  return { ran: runner.ran.sort(), counts, types: events.map(event => event.type) };
}

async function drop(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(root, 'inbox', path)), { recursive: true });
  await writeFile(join(root, 'inbox', path), content);
}

async function contents(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
  const visible = files.filter(file => !file.includes('/.cyclebox/'));
  const pairs = visible.map(async file => [file.slice(join(root, folder).length + 1), await readFile(file, 'utf8')]);
  return Object.fromEntries((await Promise.all(pairs)).sort());
}

describe('the inbox publishes', () => {
  it('two sources of one name under two names, by default', async () => {
    await drop('a.jpg', 'jpg');
    await drop('a.png', 'png');
    await once();
    const outputs = await contents('outbox');
    expect(Object.keys(outputs)).toEqual(['a (2).txt', 'a.txt']);
    expect(Object.values(outputs).sort()).toEqual(['JPG', 'PNG']);
  });

  it('by the policy that it is told: "skip" and "overwrite" are done, "error" is a failure', async () => {
    await mkdir(join(root, 'outbox'));
    await writeFile(join(root, 'outbox/a.txt'), 'foreign');
    await drop('a.jpg', 'one');
    expect((await once({ onCollision: 'skip' })).counts).toEqual({ done: 1 });
    await drop('a.jpg', 'two!');
    expect((await once({ onCollision: 'error' })).counts).toMatchObject({ done: 1, failed: 1 });
    expect(await contents('outbox')).toEqual({ 'a.txt': 'foreign' });
    await drop('a.jpg', 'three');
    await once({ onCollision: 'overwrite' });
    expect(await contents('outbox')).toEqual({ 'a.txt': 'THREE' });
  });

  it('every version of an image under the name of the first by "update", and never over what is not its own', async () => {
    const update = { onCollision: 'update' } as const;
    for (const content of ['one', 'two!', 'three']) {
      await drop('a.jpg', content);
      expect((await once(update)).ran).toHaveLength(1);
      expect(await contents('outbox')).toEqual({ 'a.txt': content.toUpperCase() });
    }
    await drop('a.png', 'png');
    await once(update);
    await drop('a.png', 'png again');
    await once(update);
    expect(await contents('outbox')).toEqual({ 'a.txt': 'THREE', 'a (2).txt': 'PNG AGAIN' });
    await writeFile(join(root, 'outbox/a.txt'), 'retouched by hand');
    await drop('a.jpg', 'four');
    await once(update);
    await drop('a.jpg', 'fifth');
    await once(update);
    const outputs = { 'a.txt': 'retouched by hand', 'a (2).txt': 'PNG AGAIN', 'a (3).txt': 'FIFTH' };
    expect(await contents('outbox')).toEqual(outputs);
  });

  it('an image that is asked for again over its own output by "update", and once more when that was taken away', async () => {
    await drop('a.jpg', 'one');
    await once({ onCollision: 'update' });
    const again = { onCollision: 'update', before: (inbox: Inbox) => inbox.retry({ ids: ['a.jpg'] }) } as const;
    expect((await once(again)).ran).toHaveLength(1);
    await rm(join(root, 'outbox/a.txt'));
    expect((await once(again)).ran).toHaveLength(1);
    expect(await contents('outbox')).toEqual({ 'a.txt': 'ONE' });
  });

  it('the next version over its own output, too, when the one before was deleted long ago', async () => {
    const how = { onCollision: 'update', afterSuccess: 'delete', historyDays: 0 } as const;
    for (const content of ['one', 'two!', 'three']) {
      await drop('a.jpg', content);
      await once(how);
    }
    expect(await contents('outbox')).toEqual({ 'a.txt': 'THREE' });
    expect(await contents('inbox')).toEqual({});
  });

  for (const afterSuccess of ['delete', 'archive'] as const) {
    it(`not the second of a name under "skip", whose source then stays, also at the next start (${afterSuccess})`, async () => {
      await drop('a.jpg', 'one');
      await once({ afterSuccess, archive: join(root, 'archive') });
      await drop('a.png', 'two');
      const how = { onCollision: 'skip', afterSuccess, archive: join(root, 'archive') } as const;
      const first = await once(how);
      expect(first.counts).toEqual({ done: 2 });
      expect(first.types).toContain('name-taken');
      expect(first.types).not.toContain('already-published');
      expect((await once(how)).ran).toEqual([]);
      expect(await contents('inbox')).toEqual({ 'a.png': 'two' });
      expect(await contents('outbox')).toEqual({ 'a.txt': 'ONE' });
      expect(await contents('archive')).toEqual(afterSuccess === 'archive' ? { 'a.jpg': 'one' } : {});
    });
  }

  it('nothing again when its journal was lost, even if outputs were taken away', async () => {
    for (const name of ['a', 'b', 'c']) await drop(`${name}.jpg`, name);
    expect((await once()).ran).toHaveLength(3);
    await rm(join(root, 'state'), { recursive: true });
    await unlink(join(root, 'outbox/b.txt'));
    const again = await once();
    expect(again.ran).toEqual([]);
    expect(again.counts).toEqual({ done: 3 });
    expect(Object.keys(await contents('outbox'))).toEqual(['a.txt', 'c.txt']);
  });

  it('once for two with a state of their own', async () => {
    for (let i = 0; i < 30; i++) await drop(`${i}.jpg`, `number ${i}`);
    await Promise.all([once(), once({ state: join(root, 'state2') })]);
    const outputs = await contents('outbox');
    expect(Object.keys(outputs)).toHaveLength(30);
    for (let i = 0; i < 30; i++) expect(outputs[`${i}.txt`]).toBe(`NUMBER ${i}`);
  });
});

describe('after success, a source', () => {
  it('is archived under its path, and its name in the inbox may be used again', async () => {
    const archive = join(root, 'archive');
    await drop('x/a.jpg', 'one');
    await once({ afterSuccess: 'archive', archive });
    await drop('x/a.jpg', 'two');
    await once({ afterSuccess: 'archive', archive });
    expect(await contents('inbox')).toEqual({});
    expect(await contents('archive')).toEqual({ 'x/a (2).jpg': 'two', 'x/a.jpg': 'one' });
    expect(await contents('outbox')).toEqual({ 'x/a (2).txt': 'TWO', 'x/a.txt': 'ONE' });
  });

  it('is deleted, and one that failed stays', async () => {
    await drop('a.jpg', 'good');
    await drop('b.jpg', 'bad');
    await once({ afterSuccess: 'delete' });
    expect(await contents('inbox')).toEqual({ 'b.jpg': 'bad' });
  });

  it('that is still there at the next start is dealt with then', async () => {
    await drop('a.jpg', 'a');
    await once();
    const { ran } = await once({ afterSuccess: 'delete' });
    expect(ran).toEqual([]);
    expect(await contents('inbox')).toEqual({});
    expect(await contents('outbox')).toEqual({ 'a.txt': 'A' });
  });
});

describe('failed.json', () => {
  const failed = async () => JSON.parse(await readFile(join(root, 'failed.json'), 'utf8')).failures;

  it('stands beside the outbox until what failed is resolved', async () => {
    await drop('x/a.jpg', 'bad');
    await drop('b.jpg', 'bad');
    await once();
    expect((await failed()).map((one: { path: string }) => one.path).sort()).toEqual(['b.jpg', 'x/a.jpg']);
    await drop('b.jpg', 'good');
    await once();
    expect(await failed()).toMatchObject([{ path: 'x/a.jpg', code: 'IMAGE_UNSUPPORTED', message: 'it is no text' }]);
    await unlink(join(root, 'inbox/x/a.jpg'));
    await once();
    expect(await readdir(root)).not.toContain('failed.json');
  });
});
