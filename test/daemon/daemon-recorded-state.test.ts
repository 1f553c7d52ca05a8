import { cp, readdir, readFile, rename, stat, utimes } from 'node:fs/promises';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DisposableStore, identify, packageRoot, withoutBirth } from '../../src/base/index.js';
import { Inbox, openQueue, type Runner, Sqlite } from '../../src/inbox/index.js';
import { openTranslator } from '../../src/translate/index.js';
import { maxDifference, temporaryFolder } from '../support/pictures.js';

const recorded = join(packageRoot, 'test/fixtures/0.1.0');
const translation = { key: 'satellite-map/map', version: 'v1' };

let root: string;
let opened: DisposableStore;
beforeEach(async () => {
  opened = new DisposableStore();
  root = await temporaryFolder();
  for (const name of ['inbox', 'outbox', 'state'])
    await cp(join(recorded, name), join(root, name), { recursive: true });
  await rename(join(root, 'outbox/cyclebox'), join(root, 'outbox/.cyclebox'));
  await recogniseFiles();
});
afterEach(() => opened.dispose());

/** The files lie on another disk than when they were recorded: their inodes are put into the databases. */
async function recogniseFiles(): Promise<void> {
  const journal = opened.add(new Sqlite(join(root, 'state/journal.sqlite')));
  const ledger = opened.add(new Sqlite(join(root, 'outbox/.cyclebox/published.sqlite')));
  for (const name of await readdir(join(root, 'inbox/up'))) {
    const [file, path] = [join(root, 'inbox/up', name), `up/${name}`];
    await utimes(file, 1e9, 1e9);
    const now = withoutBirth((await identify(file))!);
    const then = String(journal.get('SELECT identity FROM jobs WHERE path = ?', path)!['identity']);
    expect(then.split(':').slice(1)).toEqual(now.split(':').slice(1));
    journal.run('UPDATE jobs SET identity = ? WHERE path = ?', now, path);
    ledger.run('UPDATE published SET source = replace(source, ?, ?)', then, now);
  }
  await opened.dispose();
  opened = new DisposableStore();
}

async function open() {
  const ran: string[] = [];
  const runner: Runner = {
    async run({ source, temporary }) {
      ran.push(source);
      await cp(source, temporary);
      const times = { decodeMs: 0, loadMs: 0, translateMs: 0, encodeMs: 0 };
      return { name: 'waiting.png', width: 1, height: 1, bytes: 1, tiles: 1, ...times };
    },
  };
  const [inbox, outbox, state] = ['inbox', 'outbox', 'state'].map(name => join(root, name)) as [string, string, string];
  const route = () => ({ kind: 'translate', translation }) as const;
  const options = { inbox, outbox, state, route, runner, settleMs: 1, decodeGraceMs: 0, watch: false };
  return { inbox: opened.add(await Inbox.open(options)), ran };
}

const left = { done: 2, failed: 1, quarantined: 1, cancelled: 1, queued: 1 };

describe('a state folder of 0.1.0', () => {
  it('is read by commands while no daemon runs, as it was left', async () => {
    const queue = opened.add(
      openQueue({ inbox: join(root, 'inbox'), outbox: join(root, 'outbox'), state: join(root, 'state') }),
    );
    const { counts, pause } = await queue.status();
    expect(counts).toEqual(left);
    expect(pause).toMatchObject({ by: 'user', reason: 'over the weekend' });
    expect(await queue.list({ states: ['failed', 'quarantined'] })).toMatchObject([
      { path: 'up/deadly.png', error: { code: 'PROCESS_CRASHED' } },
      { path: 'up/bad.png', error: { code: 'IMAGE_CORRUPT' } },
    ]);
  });

  it('goes on where it stopped: nothing is done again, what waits is done once the pause ends', async () => {
    const { inbox, ran } = await open();
    await inbox.start();
    await inbox.whenIdle();
    expect(inbox.status().pause).toMatchObject({ by: 'user', reason: 'over the weekend' });
    expect(inbox.counts()).toEqual(left);
    expect(inbox.failures.map(({ path }) => path).sort()).toEqual(['up/bad.png', 'up/deadly.png']);
    inbox.resume();
    await inbox.whenIdle();
    expect(ran).toEqual([join(root, 'inbox/up/waiting.png')]);
    expect(inbox.counts()).toEqual({ done: 3, failed: 1, quarantined: 1, cancelled: 1 });
    expect((await readdir(join(root, 'outbox/up'))).sort()).toEqual(['also-done.png', 'done.png', 'waiting.png']);
  });

  it('that is lost costs nothing that the outbox remembers', async () => {
    const { size } = await stat(join(root, 'outbox/up/done.png'));
    await rename(join(root, 'state'), join(root, 'lost'));
    const { inbox, ran } = await open();
    await inbox.start();
    await inbox.whenIdle();
    const names = ran.map(path => basename(path)).sort();
    expect(names).toEqual(['bad.png', 'deadly.png', 'unwanted.png', 'waiting.png']);
    expect(inbox.counts()).toMatchObject({ done: 6 });
    expect((await stat(join(root, 'outbox/up/done.png'))).size).toBe(size);
  });
});

describe('a plugin of 0.1.0', () => {
  it('translates as it did', async () => {
    const plugins = [join(recorded, 'plugins')];
    const translator = opened.add(await openTranslator({ pair: 'red-blue', to: 'blue', plugins, engine: 'cpu' }));
    const { data } = await translator.translate(join(recorded, 'source.png'));
    const pixels = (file: Buffer) => sharp(file).raw().toBuffer();
    const before = await pixels(await readFile(join(recorded, 'blue.png')));
    expect(before.length).toBe(32 * 32 * 3);
    expect(maxDifference(await pixels(data), before)).toBeLessThanOrEqual(1);
  });
});
