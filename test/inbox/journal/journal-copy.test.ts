import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DisposableStore } from '../../../src/base/index.js';
import {
  checkJournal,
  copyJournal,
  Inbox,
  type InboxOptions,
  type Runner,
  type RunRequest,
  replaceJournal,
} from '../../../src/inbox/index.js';
import { temporaryFolder } from '../../support/pictures.js';

const names = ['a', 'b', 'c', 'd', 'e', 'f'].map(name => `${name}.txt`);

let opened: DisposableStore;
let root: string;
let state: string;

beforeEach(async () => {
  opened = new DisposableStore();
  root = await temporaryFolder();
  state = join(root, 'state');
  await mkdir(join(root, 'inbox'));
  for (const name of names) await writeFile(join(root, 'inbox', name), name);
});
afterEach(() => opened.dispose());

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>(done => {
    resolve = done;
  });
  return { promise, resolve };
}

/** Copies text; stops at the so-manieth one, until it is let go. */
class HeldRunner implements Runner {
  readonly ran: string[] = [];
  readonly reached = deferred();
  readonly go = deferred();
  readonly #at: number | undefined;

  constructor(at?: number) {
    this.#at = at;
  }

  async run({ source, temporary }: RunRequest) {
    const name = basename(source);
    this.ran.push(name);
    if (this.ran.length === this.#at) {
      this.reached.resolve();
      await this.go.promise;
    }
    await mkdir(dirname(temporary), { recursive: true });
    await writeFile(temporary, await readFile(source), { flag: 'wx' });
    return { name, width: 1, height: 1, bytes: 5, tiles: 1, decodeMs: 0, loadMs: 0, translateMs: 0, encodeMs: 0 };
  }
}

async function open(runner: Runner, more: Partial<InboxOptions> = {}): Promise<Inbox> {
  const inbox = await Inbox.open({
    inbox: join(root, 'inbox'),
    outbox: join(root, 'outbox'),
    state,
    route: () => ({ kind: 'translate', translation: { key: 'copy', version: 'v1' } }),
    runner,
    settleMs: 20,
    decodeGraceMs: 0,
    watch: false,
    ...more,
  });
  return opened.add(inbox);
}

/** Visible ones. */
async function outputs(): Promise<string[]> {
  const entries = await readdir(join(root, 'outbox'), { withFileTypes: true });
  return entries
    .filter(entry => entry.isFile())
    .map(({ name }) => name)
    .sort();
}

/** Copies the journal while the third file is being done, three wait, and two are done or the second is published; then all is done. */
async function copiedInTheMiddle(more: Partial<InboxOptions> = {}): Promise<string> {
  const copy = join(root, 'copy.sqlite');
  const runner = new HeldRunner(3);
  const inbox = await open(runner, more);
  await inbox.start();
  await runner.reached.promise;
  copyJournal(state, copy);
  runner.go.resolve();
  await inbox.whenIdle();
  await inbox.stop();
  expect(await outputs()).toEqual(names);
  return copy;
}

describe('copies of the journal', () => {
  it.each([
    ['kept', 'keep'],
    ['archived', 'archive'],
    ['deleted', 'delete'],
  ] as const)(
    'made in the middle of the work and put back: nothing is lost or doubled where sources are %s',
    async (_, afterSuccess) => {
      const more = { afterSuccess, ...(afterSuccess === 'archive' && { archive: join(root, 'archive') }) };
      const copy = await copiedInTheMiddle(more);
      const { done, running, queued } = checkJournal(copy);
      expect({ begun: (done ?? 0) + (running ?? 0), queued }).toEqual({ begun: 3, queued: 3 });
      expect(running).toBeGreaterThan(0);
      expect(replaceJournal(state, copy)).toBe(join(state, 'journal.sqlite.before-restore-1'));
      const inbox = await open(new HeldRunner(), more);
      await inbox.start();
      await inbox.whenIdle();
      expect(await outputs()).toEqual(names);
      expect(inbox.counts()).not.toMatchObject({ queued: expect.anything() });
      expect(inbox.failures).toEqual([]);
    },
  );

  it('stand in for a state folder that was lost', async () => {
    const copy = await copiedInTheMiddle();
    await rm(state, { recursive: true });
    await mkdir(state);
    expect(replaceJournal(state, copy)).toBeUndefined();
    await writeFile(join(root, 'inbox', 'g.txt'), 'new');
    const inbox = await open(new HeldRunner());
    await inbox.start();
    await inbox.whenIdle();
    expect(await outputs()).toEqual([...names, 'g.txt']);
    expect(inbox.counts()).toMatchObject({ done: 7 });
  });

  it('are not put under a daemon that runs, and the journal that was there is not thrown away', async () => {
    const copy = await copiedInTheMiddle();
    const inbox = await open(new HeldRunner());
    expect(() => replaceJournal(state, copy)).toThrow(expect.objectContaining({ code: 'STATE_LOCKED' }));
    await inbox.stop();
    replaceJournal(state, copy);
    replaceJournal(state, copy);
    expect(checkJournal(join(state, 'journal.sqlite.before-restore-1'))).toMatchObject({ done: 6 });
    expect(checkJournal(join(state, 'journal.sqlite.before-restore-2'))).toMatchObject({ queued: 3 });
    const left = (await readdir(state)).filter(name => name.endsWith('.tmp') || name.endsWith('-wal'));
    expect(left).toEqual([]);
  });

  it('need a journal, and are journals', async () => {
    expect(() => copyJournal(join(root, 'nothing'), join(root, 'x'))).toThrow(/no journal to back up/);
    await writeFile(join(root, 'text'), 'this is no database, and long enough to be seen as none'.repeat(20));
    expect(() => checkJournal(join(root, 'text'))).toThrow(expect.objectContaining({ code: 'JOURNAL_INVALID' }));
  });
});
