import { execFile } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CycleboxError, DisposableStore, Emitter, identify, toDisposable } from '../../../src/base/index.js';
import { FolderWatcher, type FolderWatcherOptions } from '../../../src/inbox/watch/folder-watcher.js';
import { ignoring } from '../../../src/inbox/watch/junk.js';
import { RootGuard } from '../../../src/inbox/watch/root-guard.js';
import { scanFolder } from '../../../src/inbox/watch/scan.js';
import type { OpenWatchBackend } from '../../../src/inbox/watch/watch-backend.js';
import { chokidarFiles, chooseBackend } from '../../../src/inbox/watch/watch-choice.js';
import { openChokidar } from '../../../src/inbox/watch/watch-chokidar.js';
import { openFolderWatches } from '../../../src/inbox/watch/watch-folders.js';
import { temporaryFolder } from '../../support/pictures.js';

const run = promisify(execFile);

let opened: DisposableStore;
let base: string;
let root: string;

beforeEach(async () => {
  opened = new DisposableStore();
  base = await temporaryFolder();
  root = join(base, 'inbox');
  await mkdir(root);
});
afterEach(() => opened.dispose());

async function drop(path: string, content = 'x'): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
}

/** A watcher and what it has told. The intervals are long: what is seen, is seen because of what the test is about. */
function watcher(more: Partial<FolderWatcherOptions> = {}) {
  const files = new Map<string, string>();
  const missing: string[] = [];
  const troubles: CycleboxError[] = [];
  const told = new Emitter<void>();
  const watches = new FolderWatcher({
    root,
    mode: 'events',
    rescanMs: 1e8,
    pollMs: 5000,
    isIgnored: ignoring(),
    onFiles: found => {
      for (const { path, identity } of found) files.set(path, identity);
      told.fire();
    },
    onMissing: paths => {
      missing.push(...paths);
      told.fire();
    },
    ...more,
  });
  watches.onWarning(error => {
    troubles.push(error);
    told.fire();
  });
  watches.onRoot(() => told.fire());
  opened.add(watches);
  const until = (condition: () => boolean) =>
    new Promise<void>(resolve => {
      const check = () => condition() && resolve();
      told.event(check);
      check();
    });
  return { watches, files, missing, troubles, until };
}

/** A backend that does what the test says. */
function fakeBackend() {
  const hints = new Emitter<string>();
  const troubles = new Emitter<unknown>();
  const state = { opened: 0, closed: 0 };
  const open: OpenWatchBackend = () => {
    state.opened++;
    return {
      ready: Promise.resolve(),
      onHint: hints.event,
      onWarning: troubles.event,
      dispose: () => void state.closed++,
    };
  };
  return { open, hint: (path: string) => hints.fire(path), fail: (error: unknown) => troubles.fire(error), state };
}

const systemError = (code: string) => Object.assign(new Error(`${code}: no more`), { code });

describe.each([
  ['chokidar', openChokidar],
  ['a watch a folder', openFolderWatches],
] as const)('watching by %s', (_name, backend) => {
  it('tells of files written, renamed into place, and in folders made while it watches', async () => {
    await drop('old.png');
    const { watches, files, until } = watcher({ backend });
    await watches.start();
    expect([...files.keys()]).toEqual(['old.png']);
    await drop('written.png');
    await writeFile(join(base, 'elsewhere'), 'x');
    await rename(join(base, 'elsewhere'), join(root, 'renamed.png'));
    await drop('new/deep/er.png');
    await mkdir(join(base, 'moved'));
    await writeFile(join(base, 'moved/in.png'), 'x');
    await rename(join(base, 'moved'), join(root, 'moved'));
    await until(() => files.size === 5);
    await drop('new/deep/later.png');
    await until(() => files.has('new/deep/later.png'));
  });

  it('tells of a file that is written again, and of one that has gone', async () => {
    await drop('sub/a.png');
    const { watches, files, missing, until } = watcher({ backend });
    await watches.start();
    const before = files.get('sub/a.png');
    await writeFile(join(root, 'sub/a.png'), 'longer');
    await until(() => files.get('sub/a.png') !== before);
    await rm(join(root, 'sub/a.png'));
    await until(() => missing.includes('sub/a.png'));
  });

  it('goes on in a subfolder that is removed and made again', async () => {
    await drop('sub/a.png');
    const { watches, files, missing, until } = watcher({ backend });
    await watches.start();
    await rm(join(root, 'sub'), { recursive: true });
    await until(() => missing.length > 0);
    await drop('sub/b.png');
    await until(() => files.has('sub/b.png'));
    await drop('sub/c.png');
    await until(() => files.has('sub/c.png'));
  });

  it.each([
    ['removed and made again', async () => rm(root, { recursive: true })],
    ['moved away, and another put in its place', async () => rename(root, join(base, 'away'))],
  ])('goes on in an inbox that is %s', async (_how, takeAway) => {
    await drop('a.png');
    const { watches, files, until } = watcher({ backend });
    await watches.start();
    await takeAway();
    await mkdir(root);
    await drop('b.png');
    await until(() => files.has('b.png'));
    await watches.scan();
    await drop('c.png');
    await until(() => files.has('c.png'));
  });

  it('takes an inbox that is moved away and back for the same, with the same files', async () => {
    await drop('a.png');
    const { watches, files, missing, troubles, until } = watcher({ backend });
    await watches.start();
    const before = files.get('a.png');
    await rename(root, join(base, 'away'));
    await until(() => !watches.status.rootIsThere);
    expect(troubles.map(error => error.code)).toContain('INBOX_GONE');
    await rename(join(base, 'away'), root);
    await until(() => watches.status.rootIsThere);
    await drop('b.png');
    await until(() => files.has('b.png'));
    expect(files.get('a.png')).toBe(before);
    expect(missing).not.toContain('a.png');
  });
});

describe('the inbox folder', () => {
  const canMount = async () => {
    try {
      await mkdir(join(base, 'probe'));
      await run('mount', ['--bind', join(base, 'probe'), join(base, 'probe')]);
      await run('umount', [join(base, 'probe')]);
      return true;
    } catch {
      return false;
    }
  };

  it('counts as gone when it is unmounted, though an empty folder remains', async context => {
    if (!(await canMount())) return context.skip();
    await run('mount', ['-t', 'tmpfs', 'none', root]);
    const unmount = () => run('umount', ['-l', root]).catch(() => {});
    opened.add(toDisposable(async () => void (await unmount())));
    const guard = opened.add(new RootGuard({ root }));
    const heard: string[] = [];
    guard.onGone(() => heard.push('gone'));
    guard.onBack(() => heard.push('back'));
    expect(await guard.check()).toBe(true);
    await unmount();
    expect(await guard.check()).toBe(false);
    await run('mount', ['-t', 'tmpfs', 'none', root]);
    expect(await guard.check()).toBe(true);
    expect(heard).toEqual(['gone', 'back']);
  });

  it('is told apart from another that took its place between two looks, whatever its inode', async () => {
    const guard = opened.add(new RootGuard({ root }));
    // Times are recorded to a few milliseconds.
    const changeAfterBirth = async () => {
      for (let i = 0; ; i++) {
        await drop(`${i}.png`);
        const { birthtimeNs, ctimeNs } = await stat(root, { bigint: true });
        if (birthtimeNs !== ctimeNs) return;
      }
    };
    let back = 0;
    guard.onBack(() => back++);
    await changeAfterBirth();
    await guard.check();
    await drop('later.png');
    await guard.check();
    expect(back).toBe(0);
    for (let times = 0; times < 3; times++) {
      await rm(root, { recursive: true });
      await mkdir(root);
      await changeAfterBirth();
      await guard.check();
    }
    expect(back).toBe(3);
  });

  it('keeps what stands as failed in mind while it is away', async () => {
    let wasComplete = 0;
    const { watches, missing } = watcher({ mode: 'scans', onScan: () => () => void wasComplete++ });
    await drop('a.png');
    await watches.start();
    expect(wasComplete).toBe(1);
    await rename(root, join(base, 'away'));
    await watches.scan();
    watches.look('a.png');
    await watches.scan();
    expect(wasComplete).toBe(1);
    expect(missing).toEqual([]);
  });
});

describe('a watch backend', () => {
  it('that stays silent is made up for by the next scan', async () => {
    const { watches, files, until } = watcher({ backend: fakeBackend().open, rescanMs: 20 });
    await watches.start();
    await drop('a.png');
    await until(() => files.has('a.png'));
  });

  it('that floods loses nothing and is looked at all together in the end', async () => {
    const backend = fakeBackend();
    const { watches, files, until } = watcher({ backend: backend.open });
    await watches.start();
    for (let i = 0; i < 50; i++) await drop(`${i}.png`);
    for (let i = 0; i < 20_000; i++) backend.hint(`${i % 5000}.png`);
    await until(() => files.size === 50);
  });

  it.each(['ENOSPC', 'EMFILE'])(
    'for which the system has nothing left (%s) is replaced by polling, said once',
    async code => {
      const backend = fakeBackend();
      const { watches, files, troubles, until } = watcher({ backend: backend.open, pollMs: 20 });
      await watches.start();
      for (let i = 0; i < 100; i++) backend.fail(systemError(code));
      await drop('a.png');
      await until(() => files.has('a.png'));
      expect(troubles.map(error => error.code)).toEqual(['WATCH_DEGRADED']);
      expect(watches.status).toMatchObject({ mode: 'polling', rootIsThere: true });
      expect(watches.status.degraded).toContain(code);
      expect(backend.state).toEqual({ opened: 1, closed: 1 });
    },
  );

  it('that stumbles brings the next scan forward', async () => {
    const backend = fakeBackend();
    const { watches, files, troubles, until } = watcher({ backend: backend.open });
    await watches.start();
    await drop('a.png');
    backend.fail(systemError('EIO'));
    await until(() => files.has('a.png'));
    expect(troubles).toHaveLength(1);
  });

  it('is chokidar for few files, and a watch a folder for many', async () => {
    await drop('a.png');
    expect(await chooseBackend(root, ignoring())).toBe(openChokidar);
    for (let i = 0; i <= chokidarFiles; i++) await writeFile(join(root, `${i}.png`), '');
    expect(await chooseBackend(root, ignoring())).toBe(openFolderWatches);
  });
});

describe('an inbox that fills while it is watched', () => {
  it('is no longer watched file by file, and loses nothing by the change', async () => {
    const { watches, files, until } = watcher();
    await watches.start();
    for (let i = 0; i < 2 * chokidarFiles; i++) await writeFile(join(root, `${i}.png`), '');
    await until(() => files.size === 2 * chokidarFiles);
    while (watches.isBusy) await watches.scan();
    if (process.platform === 'linux') expect(await inotifyWatches()).toBeLessThan(chokidarFiles / 2);
    await drop('last.png');
    await until(() => files.has('last.png'));
  });

  /** How many watches this process holds. */
  async function inotifyWatches(): Promise<number> {
    let count = 0;
    for (const fd of await readdir('/proc/self/fdinfo')) {
      const info = await readFile(join('/proc/self/fdinfo', fd), 'utf8').catch(() => '');
      count += info.split('\n').filter(line => line.startsWith('inotify wd:')).length;
    }
    return count;
  }
});

describe('polling', () => {
  it('finds files without any watch', async () => {
    const backend = fakeBackend();
    const { watches, files, until } = watcher({ mode: 'polling', pollMs: 20, backend: backend.open });
    await watches.start();
    await drop('sub/a.png');
    await until(() => files.has('sub/a.png'));
    expect(backend.state.opened).toBe(0);
    expect(watches.status).toEqual({ mode: 'polling', rootIsThere: true });
  });
});

describe('a scan', () => {
  const found = async (ignore: readonly string[] = []) => {
    const { watches, files, troubles } = watcher({ mode: 'scans', isIgnored: ignoring(ignore) });
    await watches.start();
    return { paths: [...files.keys()].sort(), troubles };
  };

  it('passes over junk, and over what the user names', async () => {
    const junk = ['.DS_Store', '._a.png', 'Thumbs.db', 'desktop.ini', 'b.png.part', 'c.crdownload', 'd.tmp', '~$e.png'];
    const synced = ['.stfolder/f.png', '.syncthing.g.png.tmp', '~syncthing~h.png.tmp', '@eaDir/i.png', '.hidden/j.png'];
    for (const path of [...junk, ...synced]) await drop(path);
    for (const path of ['a.png', 'Drafts/b.png', 'c.BAK', 'sub/d.bak', 'sub/drafts/e.png', 'sub/tmp.png'])
      await drop(path);
    expect((await found()).paths).toHaveLength(6);
    expect((await found(['*.bak', 'drafts'])).paths).toEqual(['a.png', 'sub/tmp.png']);
    expect((await found(['sub/drafts/**', 'Drafts/*'])).paths).toEqual(['a.png', 'c.BAK', 'sub/d.bak', 'sub/tmp.png']);
  });

  it('takes links, FIFOs, devices and sockets for nothing', async () => {
    await drop('a.png');
    await symlink(join(root, 'a.png'), join(root, 'link.png'));
    await symlink(base, join(root, 'out'));
    await run('mkfifo', [join(root, 'fifo.png')]);
    await run('mknod', [join(root, 'null.png'), 'c', '1', '3']).catch(() => {});
    const server = createServer();
    opened.add(toDisposable(() => new Promise<void>(resolve => server.close(() => resolve()))));
    await new Promise<void>(resolve => server.listen(join(root, 'socket.png'), resolve));
    expect((await found()).paths).toEqual(['a.png']);
    for (const name of ['link.png', 'fifo.png', 'null.png', 'socket.png', 'out'])
      expect(await identify(join(root, name))).toBeUndefined();
  });

  it('streams: a batch is there before the folder has been read', async () => {
    for (let i = 0; i < 1500; i++) await writeFile(join(root, `${i}.png`), '');
    const sizes: number[] = [];
    for await (const batch of scanFolder(root, { isIgnored: ignoring() })) sizes.push(batch.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(512);
    expect(sizes.reduce((a, b) => a + b)).toBe(1500);
  });

  it.skipIf(process.getuid?.() === 0)('names a folder that it may not read, once, and goes on', async () => {
    await drop('closed/a.png');
    await drop('open/b.png');
    await chmod(join(root, 'closed'), 0);
    opened.add(toDisposable(() => chmod(join(root, 'closed'), 0o755)));
    const { watches, files, troubles } = watcher({ mode: 'scans' });
    await watches.start();
    await watches.scan();
    expect([...files.keys()]).toEqual(['open/b.png']);
    expect(troubles).toMatchObject([{ code: 'FILE_UNREADABLE' }]);
  });
});
