import { link, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { CycleboxError, identify, isJunk, ManualClock } from '../../src/base/index.js';
import { Inbox, Journal, Sqlite } from '../../src/inbox/index.js';
import { identityOf } from '../../src/inbox/publish/outbox-files.js';
import { SettleGate } from '../../src/inbox/watch/settle-gate.js';
import { temporaryFolder } from '../support/pictures.js';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

const visible = async (path: string) => (await readdir(path)).filter(name => name !== '.cyclebox');

const report = {
  name: 'a.png',
  width: 1,
  height: 1,
  bytes: 1,
  tiles: 1,
  decodeMs: 0,
  loadMs: 0,
  translateMs: 0,
  encodeMs: 0,
};

describe('the guard before libsql', () => {
  it('lets through what SQLite has, and nothing else', () => {
    const sqlite = new Sqlite(join(folder, 'a.sqlite'));
    sqlite.exec('CREATE TABLE t (v)');
    for (const value of ['text', 1.5, 2n ** 40n, new Uint8Array([1]), null])
      sqlite.run('INSERT INTO t VALUES (?)', value);
    expect(sqlite.get('SELECT count(*) AS n FROM t')).toEqual({ n: 5 });
    for (const value of [undefined, Number.NaN, Infinity, true, {}, [1], new Date(), () => 1, Symbol('s')]) {
      expect(() => sqlite.run('INSERT INTO t VALUES (?)', value as never)).toThrow(/takes string, finite number/);
    }
    expect(sqlite.get('SELECT count(*) AS n FROM t')).toEqual({ n: 5 });
    sqlite.dispose();
  });

  it('refuses use after close', () => {
    const sqlite = new Sqlite(join(folder, 'a.sqlite'));
    sqlite.dispose();
    sqlite.dispose();
    expect(() => sqlite.get('SELECT 1')).toThrow(/after it was closed/);
  });

  it('rolls a failed transaction back', () => {
    const sqlite = new Sqlite(join(folder, 'a.sqlite'));
    sqlite.exec('CREATE TABLE t (v)');
    const work = () => {
      sqlite.run('INSERT INTO t VALUES (1)');
      throw new Error('no');
    };
    expect(() => sqlite.transaction(work)).toThrow('no');
    expect(sqlite.all('SELECT * FROM t')).toEqual([]);
    sqlite.dispose();
  });
});

describe('the journal', () => {
  const translation = { key: 'k', version: 'v' };
  it('survives being reopened, with its settings for durability', () => {
    const file = join(folder, 'journal.sqlite');
    const first = new Journal(file);
    const [job] = first.enqueue([{ path: 'a.png', identity: '1', translation }]);
    first.start(job!.id, 'v', '/tmp/x');
    first.dispose();
    const second = new Journal(file);
    expect(second.interrupted()).toMatchObject([{ path: 'a.png', state: 'running', attempts: 1, temporary: '/tmp/x' }]);
    second.dispose();
    const sqlite = new Sqlite(file);
    expect(sqlite.get('PRAGMA journal_mode')).toEqual({ journal_mode: 'wal' });
    sqlite.dispose();
  });

  it('keeps one row for the same file, translation and version', () => {
    const journal = new Journal(join(folder, 'journal.sqlite'));
    const one = { path: 'a.png', identity: '1', translation };
    const [first] = journal.enqueue([one]);
    const [second] = journal.enqueue([one]);
    expect(second?.id).toBe(first?.id);
    journal.enqueue([{ ...one, identity: '2' }]);
    expect(journal.counts()).toEqual({ queued: 2 });
    journal.dispose();
  });

  it('refuses one written by a newer version, and one that is no database', async () => {
    const newer = new Sqlite(join(folder, 'newer.sqlite'));
    newer.exec('PRAGMA user_version = 99');
    newer.dispose();
    expect(() => new Journal(join(folder, 'newer.sqlite'))).toThrow(/newer cyclebox/);
    await writeFile(join(folder, 'text.sqlite'), 'this is not a database, it is a sentence; longer than a header is.');
    expect(() => new Journal(join(folder, 'text.sqlite'))).toThrow(CycleboxError);
  });
});

describe('recovery', () => {
  async function interruptedWhilePublishing(isLinked: boolean): Promise<Inbox> {
    const [inbox, outbox, state] = ['inbox', 'outbox', 'state'].map(name => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const one of [inbox, outbox, state]) await mkdir(one);
    await writeFile(join(inbox, 'a.png'), 'a');
    const temporary = join(outbox, '.cyclebox-a.png-0.tmp');
    await writeFile(temporary, 'A');
    const journal = new Journal(join(state, 'journal.sqlite'));
    const identity = (await identify(join(inbox, 'a.png')))!;
    const [job] = journal.enqueue([{ path: 'a.png', identity, translation: { key: 'k', version: 'v' } }]);
    journal.start(job!.id, 'v', temporary);
    journal.publishing(job!.id, 'a.png', (await identityOf(temporary))!, report);
    journal.dispose();
    if (isLinked) await link(temporary, join(outbox, 'a.png'));
    const runner = { run: () => Promise.reject(new Error('not to be run')) };
    return Inbox.open({
      inbox,
      outbox,
      state,
      runner,
      route: () => ({ kind: 'refuse', error: new CycleboxError('INTERNAL', '') }),
    });
  }

  it('completes a job that crashed after its output was linked', async () => {
    const inbox = await interruptedWhilePublishing(true);
    expect(inbox.counts()).toEqual({ done: 1 });
    expect(await visible(join(folder, 'outbox'))).toEqual(['a.png']);
    await inbox.stop();
  });

  it('requeues a job that crashed before its output was linked, and leaves no temporary', async () => {
    const inbox = await interruptedWhilePublishing(false);
    expect(inbox.counts()).toEqual({ queued: 1 });
    expect(await visible(join(folder, 'outbox'))).toEqual([]);
    await inbox.stop();
  });
});

describe('the settle gate', () => {
  function gate() {
    const clock = new ManualClock();
    const identities = new Map<string, string>();
    const settled: string[] = [];
    const settles = new SettleGate({
      settleMs: 1000,
      decodeGraceMs: 10_000,
      clock,
      identify: async path => identities.get(path),
    });
    settles.onSettled(files => settled.push(...files.map(file => file.path)));
    const advance = async (ms: number) => {
      clock.advance(ms);
      for (let i = 0; i < 10; i++) await Promise.resolve();
    };
    return { identities, settled, settles, advance };
  }

  it('lets a file through that has stayed the same for the whole time', async () => {
    const { identities, settled, settles, advance } = gate();
    identities.set('a', '1');
    settles.offer({ path: 'a', identity: '1' });
    await advance(999);
    expect(settled).toEqual([]);
    await advance(1);
    expect(settled).toEqual(['a']);
    expect(settles.size).toBe(0);
  });

  it('starts anew when the file has grown, whether it was told so or finds out', async () => {
    const { identities, settled, settles, advance } = gate();
    identities.set('told', '1').set('found', '1');
    settles.offer({ path: 'told', identity: '1' });
    settles.offer({ path: 'found', identity: '1' });
    await advance(600);
    settles.offer({ path: 'told', identity: '2' });
    identities.set('told', '2').set('found', '2');
    await advance(400);
    expect(settled).toEqual([]);
    await advance(600);
    expect(settled).toEqual(['told']);
    await advance(400);
    expect(settled).toEqual(['told', 'found']);
  });

  it('remembers for the decode grace how long a file has been as it is, and begins anew when it changes', async () => {
    const { identities, settled, settles, advance } = gate();
    identities.set('a', '1');
    settles.offer({ path: 'a', identity: '1' });
    await advance(1000);
    expect(settled).toEqual(['a']);
    await advance(4000);
    settles.offer({ path: 'a', identity: '1' });
    expect(settles.unchangedForMs('a', '1')).toBe(5000);
    expect(settles.unchangedForMs('a', '2')).toBeUndefined();
    identities.set('a', '2');
    settles.offer({ path: 'a', identity: '2' });
    await advance(9999);
    expect(settles.unchangedForMs('a', '2')).toBe(9999);
    await advance(1);
    expect(settles.unchangedForMs('a', '2')).toBeUndefined();
  });

  it('forgets a file that has gone', async () => {
    const { settled, settles, advance } = gate();
    settles.offer({ path: 'a', identity: '1' });
    await advance(1000);
    expect(settled).toEqual([]);
    expect(settles.size).toBe(0);
  });
});

describe('names', () => {
  it('of junk are known in any case', () => {
    for (const name of ['.DS_Store', 'THUMBS.DB', 'a.jpg.Part', '~$a.png', 'a.crdownload'])
      expect(isJunk(name)).toBe(true);
    for (const name of ['a.jpg', 'partial.png', 'tmp.webp', 'noext']) expect(isJunk(name)).toBe(false);
  });
});
