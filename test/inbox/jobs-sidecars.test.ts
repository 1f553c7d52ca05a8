import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DisposableStore } from '../../src/base/index.js';
import { Inbox, type InboxEvent, type InboxOptions, type RunRequest, sidecars } from '../../src/inbox/index.js';
import { temporaryFolder } from '../support/pictures.js';

let opened: DisposableStore;
let root: string;

beforeEach(async () => {
  opened = new DisposableStore();
  root = await temporaryFolder();
});
afterEach(() => opened.dispose());

/** Upper-cases files. */
async function run({ source, temporary }: RunRequest) {
  await mkdir(dirname(temporary), { recursive: true });
  await writeFile(temporary, (await readFile(source, 'utf8')).toUpperCase(), { flag: 'wx' });
  const sourceSize = { width: 1, height: basename(source).includes('small') ? 2 : 1 };
  const ms = { decodeMs: 0, loadMs: 0, translateMs: 0, encodeMs: 0 };
  return { name: basename(source), width: 1, height: 1, sourceSize, bytes: 1, tiles: 1, ...ms };
}

interface Extras {
  readonly before?: (inbox: Inbox) => unknown;
}

/** Works through what is in the inbox, and stops. Returns what it warned of. */
async function once({ before, ...more }: Partial<InboxOptions> & Extras = {}): Promise<readonly string[]> {
  const inbox = await Inbox.open({
    ...{ inbox: join(root, 'inbox'), outbox: join(root, 'outbox'), state: join(root, 'state') },
    ...{ runner: { run }, watch: false, settleMs: 1, decodeGraceMs: 0, ignore: sidecars, sidecars: 'copy' as const },
    route: () => ({ kind: 'translate', translation: { key: 'shout', version: 'v1' } }),
    ...more,
  });
  opened.add(inbox);
  const events: InboxEvent[] = [];
  inbox.onEvent(event => events.push(event));
  before?.(inbox);
  await inbox.start();
  await inbox.whenIdle();
  await inbox.stop();
  return events.flatMap(event => (event.type === 'warning' ? [event.error.message] : []));
}

async function drop(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, 'inbox', path)), { recursive: true });
    await writeFile(join(root, 'inbox', path), content);
  }
}

async function contents(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
  const visible = files.filter(file => !file.includes('/.cyclebox/'));
  const pairs = visible.map(async file => [file.slice(join(root, folder).length + 1), await readFile(file, 'utf8')]);
  return Object.fromEntries((await Promise.all(pairs)).sort());
}

describe('sidecars that are carried along', () => {
  it('lie beside the output, named after it, and are translated by nobody', async () => {
    await drop({ 'x/a.jpg': 'a', 'x/a.xmp': 'xmp', 'x/a.jpg.txt': 'txt', 'x/b.xmp': "nobody's" });
    expect(await once()).toEqual([]);
    expect(await contents('outbox')).toEqual({ 'x/a.jpg': 'A', 'x/a.xmp': 'xmp', 'x/a.jpg.txt': 'txt' });
    await drop({ 'x/a.jpg': 'newer', 'x/a.xmp': 'newer xmp' });
    expect(await once()).toEqual([]);
    expect(await contents('outbox')).toMatchObject({
      'x/a (2).jpg': 'NEWER',
      'x/a (2).xmp': 'newer xmp',
      'x/a.xmp': 'xmp',
    });
  });

  it('stay where they are unless that is asked for', async () => {
    await drop({ 'a.jpg': 'a', 'a.xmp': 'xmp' });
    await once({ sidecars: 'ignore' });
    expect(await contents('outbox')).toEqual({ 'a.jpg': 'A' });
  });

  it('replace the copy before of their own, and never a file of others, which is said', async () => {
    await drop({ 'a.jpg': 'a', 'a.xmp': 'xmp', 'b.jpg': 'b', 'b.xmp': 'xmp' });
    await mkdir(join(root, 'outbox'));
    await writeFile(join(root, 'outbox/b.xmp'), 'foreign');
    const warnings = await once({ onCollision: 'update' });
    expect(warnings).toEqual([expect.stringContaining('b.xmp is not carried along: b.xmp is in the outbox already')]);
    await drop({ 'a.xmp': 'rated' });
    const again = (inbox: Inbox) => inbox.retry({ ids: ['a.jpg'] });
    expect(await once({ onCollision: 'update', before: again })).toEqual([]);
    expect(await contents('outbox')).toEqual({ 'a.jpg': 'A', 'a.xmp': 'rated', 'b.jpg': 'B', 'b.xmp': 'foreign' });
  });

  it('go where their image goes, but for one that another image needs', async () => {
    await drop({ 'a.jpg': 'a', 'a.xmp': 'xmp', 'b.jpg': 'b', 'b.jpg.xmp': 'b', 'b.xmp': 'shared', 'b.pdf': '' });
    const how = { afterSuccess: 'archive', archive: join(root, 'archive'), ignore: [...sidecars, '*.pdf'] } as const;
    expect(await once(how)).toEqual([]);
    expect(await contents('archive')).toEqual({ 'a.jpg': 'a', 'a.xmp': 'xmp', 'b.jpg': 'b', 'b.jpg.xmp': 'b' });
    expect(await contents('inbox')).toEqual({ 'b.pdf': '', 'b.xmp': 'shared' });
  });

  it('go with their image, too, when it was kept at first', async () => {
    await drop({ 'a.jpg': 'a', 'a.xmp': 'xmp' });
    await once();
    await once({ afterSuccess: 'delete' });
    expect(await contents('inbox')).toEqual({});
    expect(await contents('outbox')).toEqual({ 'a.jpg': 'A', 'a.xmp': 'xmp' });
  });

  it('stay when they were not carried: what came later is not lost', async () => {
    await drop({ 'a.jpg': 'a' });
    await once();
    await drop({ 'a.xmp': 'later' });
    await once({ afterSuccess: 'delete' });
    expect(await contents('inbox')).toEqual({ 'a.xmp': 'later' });
  });

  it('that say where pixels are stay behind when the output has another size, and that is said', async () => {
    await drop({ 'small.jpg': 'a', 'small.jgw': '0.5', 'small.xmp': 'xmp', 'a.jpg': 'a', 'a.jgw': '0.5' });
    expect(await once()).toEqual([expect.stringContaining('small.jgw is not carried along')]);
    expect(Object.keys(await contents('outbox'))).toEqual(['a.jgw', 'a.jpg', 'small.jpg', 'small.xmp']);
  });

  it('are files: no link is followed', async () => {
    await writeFile(join(root, 'secret'), 'secret');
    await drop({ 'a.jpg': 'a' });
    await symlink(join(root, 'secret'), join(root, 'inbox/a.xmp'));
    await once();
    expect(await contents('outbox')).toEqual({ 'a.jpg': 'A' });
  });

  it('are there again when outbox and journal remember nothing', async () => {
    await drop({ 'a.jpg': 'a', 'a.xmp': 'xmp' });
    await once();
    for (const lost of ['state', 'outbox/.cyclebox']) await rm(join(root, lost), { recursive: true });
    expect(await once()).toEqual([]);
    expect(await contents('outbox')).toEqual({ 'a.jpg': 'A', 'a.xmp': 'xmp' });
  });
});
