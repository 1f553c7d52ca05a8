import {
  chmod,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CycleboxError, contentOf, DisposableStore, identify } from '../../src/base/index.js';
import {
  Inbox,
  type InboxEvent,
  type InboxOptions,
  inspectInbox,
  type Router,
  type Runner,
  type RunRequest,
  Sqlite,
} from '../../src/inbox/index.js';
import { temporaryFolder } from '../support/pictures.js';

let opened: DisposableStore;
let root: string;

beforeEach(async () => {
  opened = new DisposableStore();
  root = await temporaryFolder();
});
afterEach(() => opened.dispose());

/** Upper-cases text files, and says what it read. */
class ShoutingRunner implements Runner {
  readonly ran: string[] = [];
  /** Called when it has read its source. */
  onRead: (source: string) => Promise<void> = async () => {};

  async run({ source, temporary }: RunRequest) {
    const content = await contentOf(source);
    const text = await readFile(source, 'utf8');
    this.ran.push(basename(source));
    await this.onRead(source);
    if (text === 'bad') throw new CycleboxError('IMAGE_UNSUPPORTED', 'it is no text');
    await mkdir(dirname(temporary), { recursive: true });
    await writeFile(temporary, text.toUpperCase(), { flag: 'wx' });
    const ms = { decodeMs: 0, loadMs: 0, translateMs: 0, encodeMs: 0 };
    return { name: basename(source), width: 1, height: 1, bytes: text.length, tiles: 1, source: content, ...ms };
  }
}

const route: Router = () => ({ kind: 'translate', translation: { key: 'shout', version: 'v1' } });

interface Extras {
  readonly onRead?: ShoutingRunner['onRead'];
  /** Called when everything is done. */
  readonly meanwhile?: (inbox: Inbox) => Promise<void>;
}

/** Works through what is in the inbox, and stops. */
async function once(more: Partial<InboxOptions> & Extras = {}) {
  const runner = new ShoutingRunner();
  if (more.onRead) runner.onRead = more.onRead;
  const inbox = await Inbox.open({
    ...{ inbox: join(root, 'inbox'), outbox: join(root, 'outbox'), state: join(root, 'state') },
    ...{ runner, watch: false, settleMs: 1, decodeGraceMs: 0 },
    route,
    ...more,
  });
  const events: InboxEvent[] = [];
  inbox.onEvent(event => events.push(event));
  opened.add(inbox);
  await inbox.start();
  await inbox.whenIdle();
  const { failures } = inbox;
  await more.meanwhile?.(inbox);
  const counts = inbox.counts();
  await inbox.stop();
  return { ran: runner.ran, failures, counts, events };
}

const file = (path: string) => join(root, 'inbox', path);

/** A file whose time of writing is always the same, as programs that copy with times and cameras without clocks make it. */
async function drop(path: string, content: string): Promise<void> {
  await mkdir(dirname(file(path)), { recursive: true });
  await writeFile(file(path), content);
  await utimes(file(path), 1_000_000, 1_000_000);
}

const inbox = () => readdir(join(root, 'inbox'));
const outbox = async () => (await readdir(join(root, 'outbox'))).filter(name => name !== '.cyclebox').sort();
const output = (name: string) => readFile(join(root, 'outbox', name), 'utf8');

describe('a file with the inode, size and time of one that was done', () => {
  it('is done when its content is another', async () => {
    await drop('a.txt', 'one');
    await once();
    await drop('a.txt', 'two');
    expect((await once()).ran).toEqual(['a.txt']);
    expect(await outbox()).toEqual(['a (2).txt', 'a.txt']);
    expect(await output('a (2).txt')).toBe('TWO');
    expect((await once()).ran).toEqual([]);
  });

  it('stays done when only its permissions have changed, however often', async () => {
    await drop('a.txt', 'one');
    await once();
    for (const mode of [0o600, 0o640]) {
      await chmod(file('a.txt'), mode);
      expect((await once()).ran).toEqual([]);
    }
    expect(await outbox()).toEqual(['a.txt']);
  });

  it('is done, too, when the journal was lost and only the outbox remembers', async () => {
    await drop('a.txt', 'one');
    await drop('b.txt', 'same');
    await once();
    await rm(join(root, 'state'), { recursive: true });
    await drop('a.txt', 'two');
    expect((await once()).ran).toEqual(['a.txt']);
    expect(await output('a (2).txt')).toBe('TWO');
  });

  for (const afterSuccess of ['delete', 'archive'] as const) {
    it(`is neither deleted nor archived without having been translated (${afterSuccess})`, async () => {
      const how = { afterSuccess, archive: join(root, 'archive') };
      await drop('a.txt', 'one');
      let isFirst = true;
      const onRead = async () => {
        if (isFirst) await drop('a.txt', 'two');
        isFirst = false;
      };
      const first = await once({ ...how, onRead });
      const ran = [...first.ran, ...(await once(how)).ran];
      expect(ran).toEqual(['a.txt', 'a.txt']);
      expect(await output('a (2).txt')).toBe('TWO');
      expect(await inbox()).toEqual([]);
    });
  }

  it("is done when its inode was another file's, which was taken away", async () => {
    for (const content of ['one', 'two', 'two']) {
      await drop('a.txt', content);
      expect((await once({ afterSuccess: 'delete' })).ran).toEqual(['a.txt']);
    }
    expect(await outbox()).toEqual(['a (2).txt', 'a (3).txt', 'a.txt']);
  });

  it("is done when its inode was another file's, which was archived only by a later try", async () => {
    const how = { afterSuccess: 'archive', archive: join(root, 'archive') } as const;
    await drop('sub/a.txt', 'one');
    await mkdir(how.archive);
    await writeFile(join(how.archive, 'sub'), 'in the way of the folder');
    const first = await once(how);
    expect(first.events).toContainEqual(expect.objectContaining({ type: 'warning' }));
    await rm(join(how.archive, 'sub'));
    expect((await once(how)).ran).toEqual([]);
    await drop('sub/a.txt', 'one');
    expect((await once(how)).ran).toEqual(['a.txt']);
    expect(await readdir(join(how.archive, 'sub'))).toHaveLength(1);
    expect(await inbox()).toEqual(['sub']);
  });
});

describe('an inbox whose inodes are others after each mount, as on FAT', () => {
  /** To whoever asks the system about files, mounting FAT again is this: the same bytes and times, other inodes and births. */
  async function mountAgain(shiftSeconds = 0): Promise<void> {
    for (const name of await readdir(join(root, 'inbox'))) {
      await copyFile(file(name), file('other inode'));
      await utimes(file('other inode'), 1_000_000 + shiftSeconds, 1_000_000 + shiftSeconds);
      const before = await identify(file(name));
      await rename(file('other inode'), file(name));
      expect(await identify(file(name))).not.toBe(before);
    }
  }

  it('is translated once, however often it is mounted, also where its times are an hour off since summer began', async () => {
    for (const name of ['a.txt', 'b.txt', 'bad.txt']) await drop(name, name === 'bad.txt' ? 'bad' : name);
    expect((await once()).ran).toHaveLength(3);
    // What is in a file that failed is known once it was looked at again.
    expect((await once()).ran).toEqual([]);
    for (const shiftSeconds of [0, 3600, 3600, 0]) {
      await mountAgain(shiftSeconds);
      expect(await once()).toMatchObject({ ran: [], counts: { done: 2, failed: 1 }, failures: [{ path: 'bad.txt' }] });
      expect((await once()).ran).toEqual([]);
    }
    expect(await outbox()).toEqual(['a.txt', 'b.txt']);
  });

  it('is translated once, too, when the journal was lost besides', async () => {
    await drop('a.txt', 'one');
    await once();
    await rm(join(root, 'state'), { recursive: true });
    await mountAgain();
    expect(await once()).toMatchObject({ ran: [], counts: { done: 1 } });
    expect(await outbox()).toEqual(['a.txt']);
  });

  it('has what was waiting done once', async () => {
    await drop('a.txt', 'one');
    await once({ meanwhile: async inbox => inbox.pause() });
    await drop('b.txt', 'two');
    await once();
    await mountAgain();
    const { ran } = await once({ meanwhile: async inbox => inbox.resume() });
    expect(ran).toEqual([]);
    await mountAgain();
    expect((await once()).ran).toEqual(['b.txt']);
    expect(await outbox()).toEqual(['a.txt', 'b.txt']);
  });

  it('goes on with a file whose inode becomes another while it is translated', async () => {
    await drop('a.txt', 'one');
    expect((await once({ onRead: () => mountAgain() })).counts).toEqual({ done: 1 });
    expect((await once()).ran).toEqual([]);
    expect(await outbox()).toEqual(['a.txt']);
  });

  it('has another file translated that was put there with the size and time of the one before', async () => {
    await drop('a.txt', 'one');
    await once();
    await mountAgain();
    await rm(file('a.txt'));
    await drop('a.txt', 'two');
    expect((await once()).ran).toEqual(['a.txt']);
    expect(await outbox()).toEqual(['a (2).txt', 'a.txt']);
  });

  for (const [afterSuccess, left] of [
    ['delete', []],
    ['archive', ['a.txt']],
  ] as const) {
    it(`has its sources taken away (${afterSuccess}), and what comes back translated anew`, async () => {
      const how = { afterSuccess, archive: join(root, 'archive') };
      await drop('a.txt', 'one');
      await once();
      await mountAgain();
      expect((await once(how)).ran).toEqual([]);
      expect(await inbox()).toEqual([]);
      expect(await readdir(how.archive).catch(() => [])).toEqual(left);
      await drop('a.txt', 'one');
      expect((await once(how)).ran).toEqual(['a.txt']);
      expect(await outbox()).toEqual(['a (2).txt', 'a.txt']);
    });
  }

  it('is forgotten no sooner than any other', async () => {
    await drop('a.txt', 'one');
    await once();
    await mountAgain();
    // The forgetting is done before what is in the files is looked at.
    expect((await once({ historyDays: 0 })).ran).toEqual([]);
    await mountAgain();
    expect((await once({ historyDays: 0 })).ran).toEqual([]);
  });

  it('is planned as it will be: what is done stays done', async () => {
    await drop('a.txt', 'one');
    await once();
    await mountAgain();
    await drop('b.txt', 'two');
    const plan: unknown[] = [];
    const folders = { inbox: join(root, 'inbox'), state: join(root, 'state') };
    for await (const action of inspectInbox({ ...folders, route, isInUse: false })) plan.push(action);
    expect(plan).toMatchObject([
      { path: 'a.txt', kind: 'done' },
      { path: 'b.txt', kind: 'translate', again: false },
    ]);
  });
});

describe('a file that replaces one that failed', () => {
  it('is tried, though it has the inode, size and time', async () => {
    await drop('a.txt', 'bad');
    expect((await once()).failures).toHaveLength(1);
    expect((await once()).ran).toEqual([]);
    await chmod(file('a.txt'), 0o600);
    expect(await once()).toMatchObject({ ran: [], failures: [{ path: 'a.txt' }] });
    await drop('a.txt', 'its');
    expect(await once()).toMatchObject({ ran: ['a.txt'], failures: [] });
  });
});

describe('what is in the inbox and cannot be opened', () => {
  it.skipIf(process.platform !== 'linux')('stands as failed when its name is not UTF-8', async () => {
    await drop('a.txt', 'one');
    const name = Buffer.concat([Buffer.from(`${join(root, 'inbox')}/caf`), Buffer.from([0xe9]), Buffer.from('.txt')]);
    await writeFile(name, 'two');
    let counts: unknown;
    const meanwhile = async (inbox: Inbox) => {
      await inbox.scan();
      counts = inbox.status().counts;
    };
    const { failures } = await once({ meanwhile });
    expect(failures).toMatchObject([{ error: { code: 'FILE_UNREADABLE' } }]);
    expect(counts).toEqual({ done: 1, failed: 1 });
  });

  it('is said when it is a link, once', async () => {
    await drop('a.txt', 'one');
    await mkdir(join(root, 'elsewhere'));
    await symlink(join(root, 'elsewhere'), file('linked'));
    const { events } = await once({ meanwhile: inbox => inbox.scan() });
    const said = events.flatMap(event => (event.type === 'warning' ? [event.error.message] : []));
    expect(said).toEqual([expect.stringContaining('inbox/linked is a link')]);
  });
});

describe('an inbox that is a link', () => {
  it('is watched where it leads', async () => {
    await mkdir(join(root, 'real'));
    await symlink(join(root, 'real'), join(root, 'inbox'));
    const { ran } = await once({
      watch: true,
      rescanMs: 3_600_000,
      meanwhile: async inbox => {
        const isDone = new Promise<void>(resolve => {
          inbox.onEvent(event => event.type === 'done' && resolve());
        });
        await drop('a.txt', 'one');
        await isDone;
      },
    });
    expect(ran).toEqual(['a.txt']);
  });
});

describe('a failure', () => {
  it('ends with its file: when a good one replaces it, and when it is taken away', async () => {
    await drop('a.txt', 'bad');
    await drop('b.txt', 'bad');
    expect((await once()).counts).toEqual({ failed: 2 });
    await drop('a.txt', 'good now');
    expect((await once()).counts).toEqual({ done: 1, failed: 1, skipped: 1 });
    const { counts } = await once({
      meanwhile: async inbox => {
        expect(inbox.failures).toHaveLength(1);
        await rm(file('b.txt'));
        await inbox.scan();
      },
    });
    expect(counts).toEqual({ done: 1, skipped: 2 });
  });
});

describe('a state folder and an outbox of 0.1.0', () => {
  /** As 0.1.0 left them: no births in identities, no hashes, a schema of its time. */
  function age(): void {
    const journal = new Sqlite(join(root, 'state/journal.sqlite'));
    const short = (column: string) => `rtrim(rtrim(${column}, '0123456789'), ':')`;
    const isLong = (text: string) => `length(${text}) - length(replace(${text}, ':', '')) = 3`;
    journal.exec(`UPDATE jobs SET identity = ${short('identity')} WHERE ${isLong('identity')}`);
    for (const column of ['published', 'changed', 'hash', 'token'])
      journal.exec(`ALTER TABLE jobs DROP COLUMN ${column}`);
    journal.exec('DROP INDEX jobs_by_change; DROP INDEX jobs_by_state_and_change; DROP TABLE deliveries');
    journal.exec('PRAGMA user_version = 2');
    journal.dispose();
    const ledger = new Sqlite(join(root, 'outbox/.cyclebox/published.sqlite'));
    for (const row of ledger.all('SELECT sequence, source FROM published')) {
      const [translation, identity = '', path] = String(row['source']).split('\n');
      const source = [translation, identity.split(':', 3).join(':'), path].join('\n');
      ledger.run('UPDATE published SET source = ? WHERE sequence = ?', source, Number(row['sequence']));
    }
    ledger.exec('ALTER TABLE published DROP COLUMN hash');
    ledger.dispose();
  }

  it('let nothing be done again, and know a file better from the first look on', async () => {
    for (const name of ['a.txt', 'b.txt']) await drop(name, name);
    // A time of change apart from the birth: only then is a birth told.
    for (const name of ['a.txt', 'b.txt']) await chmod(file(name), 0o600);
    await once();
    const { birthtimeNs, ctimeNs } = await stat(file('a.txt'), { bigint: true });
    expect(birthtimeNs).not.toBe(ctimeNs);
    age();
    expect((await once()).ran).toEqual([]);
    expect((await once()).ran).toEqual([]);
    await rm(file('a.txt'));
    await drop('a.txt', 'other');
    expect((await once()).ran).toEqual(['a.txt']);
  });

  it('let nothing be done again when the journal was lost', async () => {
    await drop('a.txt', 'one');
    await once();
    age();
    await rm(join(root, 'state'), { recursive: true });
    expect((await once()).ran).toEqual([]);
    expect(await outbox()).toEqual(['a.txt']);
  });
});
