import { mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CycleboxError, DisposableStore } from '../../src/base/index.js';
import {
  Inbox,
  type InboxEvent,
  type InboxOptions,
  type Router,
  type Runner,
  type RunRequest,
} from '../../src/inbox/index.js';
import { temporaryFolder } from '../support/pictures.js';

let opened: DisposableStore;
let root: string;

beforeEach(async () => {
  opened = new DisposableStore();
  root = await temporaryFolder();
});
afterEach(() => opened.dispose());

/** Upper-cases text files; stands in for a worker. Misbehaves when the content says so. */
class ShoutingRunner implements Runner {
  readonly ran: string[] = [];
  /** Called before each run is answered. */
  before: (request: RunRequest) => Promise<void> = async () => {};

  async run(request: RunRequest) {
    const text = await readFile(request.source, 'utf8');
    this.ran.push(basename(request.source));
    await this.before(request);
    if (text.includes('bad')) throw new CycleboxError('IMAGE_CORRUPT', 'it is damaged');
    if (text.includes('deadly')) throw new CycleboxError('PROCESS_CRASHED', 'the worker died');
    await mkdir(dirname(request.temporary), { recursive: true });
    await writeFile(request.temporary, text.toUpperCase(), { flag: 'wx' });
    const name = basename(request.source);
    const ms = { decodeMs: 0, loadMs: 0, translateMs: 0, encodeMs: 0 };
    return { name, width: 1, height: 1, bytes: text.length, tiles: 1, ...ms };
  }
}

const route: Router = path =>
  path.startsWith('up/')
    ? { kind: 'translate', translation: { key: 'shout', version: 'v1' } }
    : { kind: 'refuse', error: new CycleboxError('ROUTE_NOT_FOUND', `${path} has no route: use up/`) };

async function drop(path: string, content: string): Promise<void> {
  await mkdir(dirname(join(root, 'inbox', path)), { recursive: true });
  await writeFile(join(root, 'inbox', path), content);
}

async function outputs(): Promise<Record<string, string>> {
  const entries = await readdir(join(root, 'outbox'), { recursive: true, withFileTypes: true });
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
  const visible = files.filter(file => !file.includes('/outbox/.cyclebox/'));
  const pairs = visible.map(async file => [file.slice(root.length + 8), await readFile(file, 'utf8')] as const);
  return Object.fromEntries((await Promise.all(pairs)).sort());
}

const quick = {
  settleMs: 20,
  decodeGraceMs: 0,
  retryBackOff: { firstMs: 5, maxMs: 20 },
  probeBackOff: { firstMs: 5, maxMs: 20 },
};

async function open(more: Partial<InboxOptions> = {}) {
  const runner = new ShoutingRunner();
  const events: InboxEvent[] = [];
  const options = { inbox: join(root, 'inbox'), outbox: join(root, 'outbox'), state: join(root, 'state') };
  const inbox = opened.add(await Inbox.open({ ...options, route, runner, ...quick, ...more }));
  inbox.onEvent(event => events.push(event));
  const of = <T extends InboxEvent['type']>(type: T) =>
    events.filter((event): event is Extract<InboxEvent, { type: T }> => event.type === type);
  return { inbox, runner, events, of };
}

/** Works through what is there, as `--once` does. */
async function once(more: Partial<InboxOptions> = {}) {
  const opened = await open({ watch: false, ...more });
  await opened.inbox.start();
  await opened.inbox.whenIdle();
  await opened.inbox.stop();
  return opened;
}

describe('the inbox', () => {
  it('mirrors subfolders, and publishes under the same name', async () => {
    await drop('up/a.txt', 'a');
    await drop('up/x/y/b.txt', 'b');
    const { of } = await once();
    expect(await outputs()).toEqual({ 'up/a.txt': 'A', 'up/x/y/b.txt': 'B' });
    expect(
      of('done')
        .map(event => event.output)
        .sort(),
    ).toEqual(['up/a.txt', 'up/x/y/b.txt']);
  });

  it('sees files that arrive while it watches, written or renamed into place', async () => {
    const { inbox } = await open({ rescanMs: 1e9 });
    await drop('up/first.txt', 'first');
    await inbox.start();
    await inbox.whenIdle();
    const done = (path: string) =>
      new Promise<void>(resolve => {
        inbox.onEvent(event => void (event.type === 'done' && event.path === path && resolve()));
      });
    const both = Promise.all([done('up/new/second.txt'), done('up/third.txt')]);
    await drop('up/new/second.txt', 'second');
    await writeFile(join(root, 'third.elsewhere'), 'third');
    await rename(join(root, 'third.elsewhere'), join(root, 'inbox/up/third.txt'));
    await both;
    expect(Object.keys(await outputs())).toEqual(['up/first.txt', 'up/new/second.txt', 'up/third.txt']);
  });

  it('finds by its scan what the watcher does not report', async () => {
    const { inbox, of } = await open({ watch: false });
    await inbox.start();
    await drop('up/silent.txt', 'silent');
    await inbox.scan();
    await inbox.whenIdle();
    expect(of('done')).toHaveLength(1);
  });

  it('never overwrites: a taken name gets a number', async () => {
    await mkdir(join(root, 'outbox/up'), { recursive: true });
    await writeFile(join(root, 'outbox/up/a.txt'), 'foreign');
    await drop('up/a.txt', 'a');
    await once();
    expect(await outputs()).toEqual({ 'up/a (2).txt': 'A', 'up/a.txt': 'foreign' });
  });

  it('goes on past a bad file, and records why it failed', async () => {
    await drop('up/1.txt', 'one');
    await drop('up/2.txt', 'bad');
    await drop('up/3.txt', 'three');
    const { inbox } = await once();
    expect(Object.keys(await outputs())).toEqual(['up/1.txt', 'up/3.txt']);
    expect(inbox.failures).toMatchObject([{ path: 'up/2.txt', error: { code: 'IMAGE_CORRUPT' } }]);
  });

  it('does nothing again after a restart, and remembers what failed', async () => {
    await drop('up/good.txt', 'good');
    await drop('up/bad.txt', 'bad');
    await once();
    const { inbox, runner, of } = await once();
    expect(runner.ran).toEqual([]);
    expect(inbox.failures).toMatchObject([{ path: 'up/bad.txt', error: { code: 'IMAGE_CORRUPT' } }]);
    expect(of('failed')).toMatchObject([{ earlier: true }]);
    expect(Object.keys(await outputs())).toEqual(['up/good.txt']);
  });

  it('takes a changed file for a new one, also after a failure', async () => {
    await drop('up/a.txt', 'bad');
    await once();
    await drop('up/a.txt', 'mended');
    const { inbox } = await once();
    expect(inbox.failures).toEqual([]);
    expect(await outputs()).toEqual({ 'up/a.txt': 'MENDED' });
  });

  it('redoes nothing because of a new version of the model alone', async () => {
    await drop('up/a.txt', 'a');
    await once();
    const { runner } = await once({
      route: () => ({ kind: 'translate', translation: { key: 'shout', version: 'v2' } }),
    });
    expect(runner.ran).toEqual([]);
  });

  it('names a file without a route once, and looks at it again at the next start', async () => {
    await drop('lost.txt', 'lost');
    const first = await open({ watch: false });
    await first.inbox.start();
    await first.inbox.whenIdle();
    await first.inbox.scan();
    await first.inbox.scan();
    expect(first.of('failed')).toMatchObject([{ path: 'lost.txt', error: { code: 'ROUTE_NOT_FOUND' } }]);
    await first.inbox.stop();

    const second = await once({ route: () => ({ kind: 'translate', translation: { key: 'shout', version: 'v1' } }) });
    expect(second.inbox.failures).toEqual([]);
    expect(await outputs()).toEqual({ 'lost.txt': 'LOST' });
  });

  it('ignores junk, links and folders', async () => {
    for (const name of ['.DS_Store', '._a.txt', 'Thumbs.db', 'b.txt.part', '~$c.txt']) await drop(`up/${name}`, 'junk');
    await drop('up/@eaDir/a.txt', 'junk');
    await drop('up/real.txt', 'real');
    await symlink(join(root, 'inbox/up/real.txt'), join(root, 'inbox/up/link.txt'));
    await once();
    expect(await outputs()).toEqual({ 'up/real.txt': 'REAL' });
  });

  it('tries again when a job kills its worker, and gives it up the second time', async () => {
    await drop('up/deadly.txt', 'deadly');
    await drop('up/fine.txt', 'fine');
    const { inbox, of, runner } = await once();
    expect(runner.ran.filter(name => name === 'deadly.txt')).toHaveLength(2);
    expect(of('retrying')).toHaveLength(1);
    expect(inbox.failures).toMatchObject([{ path: 'up/deadly.txt', error: { code: 'PROCESS_CRASHED' } }]);
    expect(await outputs()).toEqual({ 'up/fine.txt': 'FINE' });
  });

  it('throws away a result whose source changed meanwhile, and does the new content', async () => {
    await drop('up/a.txt', 'old');
    const { inbox, runner } = await open({ watch: false });
    runner.before = async () => {
      runner.before = async () => {};
      await drop('up/a.txt', 'newer');
    };
    await inbox.start();
    await inbox.whenIdle();
    expect(await outputs()).toEqual({ 'up/a.txt': 'NEWER' });
  });

  it('gives a running job back when it has to stop, and does it after the restart', async () => {
    await drop('up/a.txt', 'a');
    const { inbox, runner } = await open({ watch: false });
    const started = new Promise<void>(resolve => {
      runner.before = ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new CycleboxError('CANCELLED', 'stopped')));
          resolve();
        });
    });
    await inbox.start();
    await started;
    await inbox.stop(10);
    expect(await outputs()).toEqual({});
    await once();
    expect(await outputs()).toEqual({ 'up/a.txt': 'A' });
  });

  it('refuses a state folder that is in use', async () => {
    const { inbox } = await open({ watch: false });
    await expect(open({ watch: false })).rejects.toMatchObject({ code: 'STATE_LOCKED' });
    await inbox.stop();
    const again = await open({ watch: false });
    await again.inbox.stop();
  });
});

describe('an inbox that vanishes', () => {
  it('pauses, loses none of its queued files, goes on by itself when it is back, and redoes nothing', async () => {
    for (let i = 0; i < 30; i++) await drop(`up/${i}.txt`, `file ${i}`);
    await drop('up/broken.txt', 'bad');
    const { inbox, runner, of } = await open({ decodeGraceMs: 0 });
    const heard = (type: InboxEvent['type']) =>
      new Promise<void>(resolve => {
        const subscription = inbox.onEvent(event => {
          if (event.type !== type) return;
          void subscription.dispose();
          resolve();
        });
      });
    const [paused, resumed] = [heard('paused'), heard('resumed')];
    let moved: Promise<void> | undefined;
    runner.before = async () => {
      if (runner.ran.length === 5) moved = rename(join(root, 'inbox'), join(root, 'away'));
      await moved;
    };
    await inbox.start();
    await paused;
    expect(inbox.status().pause).toMatchObject({ by: 'environment' });
    expect(inbox.seeing.rootIsThere).toBe(false);
    await rename(join(root, 'away'), join(root, 'inbox'));
    await resumed;
    while (of('done').length < 30) await heard('done');
    expect(Object.keys(await outputs()).filter(name => name.startsWith('up/'))).toHaveLength(30);
    await inbox.whenIdle();
    expect(inbox.failures).toMatchObject([{ path: 'up/broken.txt' }]);
    expect(of('failed')).toHaveLength(1);
    expect(new Set(of('done').map(event => event.path)).size).toBe(of('done').length);
  });
});
