import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CycleboxError, DisposableStore } from '../../src/base/index.js';
import { Inbox, type InboxEvent, type Runner } from '../../src/inbox/index.js';
import { temporaryFolder } from '../support/pictures.js';

let opened: DisposableStore;
let root: string;
beforeEach(async () => {
  opened = new DisposableStore();
  root = await temporaryFolder();
});
afterEach(() => opened.dispose());

/** Refuses everything for its own sake, or holds until told. */
class Refuser implements Runner {
  readonly ran: string[] = [];
  isWilling = false;

  async run({ source, temporary }: Parameters<Runner['run']>[0]) {
    this.ran.push(source.slice(root.length + 7));
    if (!this.isWilling) throw new CycleboxError('IMAGE_TOO_SMALL', 'one pixel');
    await mkdir(join(temporary, '..'), { recursive: true });
    await writeFile(temporary, 'done');
    const times = { decodeMs: 0, loadMs: 0, translateMs: 0, encodeMs: 0 };
    return { name: source.split('/').at(-1)!, width: 1, height: 1, bytes: 4, tiles: 1, ...times };
  }
}

async function openInbox(runner: Runner, names: readonly string[]) {
  await mkdir(join(root, 'inbox'));
  for (const name of names) await writeFile(join(root, 'inbox', name), name);
  const [inbox, outbox, state] = ['inbox', 'outbox', 'state'].map(name => join(root, name)) as [string, string, string];
  const common = { settleMs: 0, decodeGraceMs: 0, watch: false, concurrency: 1 };
  const translation = { key: 'copy', version: 'v1' };
  const opening = {
    inbox,
    outbox,
    state,
    runner,
    ...common,
    route: () => ({ kind: 'translate', translation }) as const,
  };
  const it = opened.add(await Inbox.open(opening));
  const events: InboxEvent[] = [];
  it.onEvent(event => events.push(event));
  return { inbox: it, events };
}

describe('changes to many jobs', () => {
  it('do again all that a filter holds, if it is no more than was confirmed', async () => {
    const runner = new Refuser();
    const { inbox } = await openInbox(runner, ['a.png', 'b.png', 'c.jpg']);
    await inbox.start();
    await inbox.whenIdle();
    expect(inbox.counts()).toEqual({ failed: 3 });
    const filter = { states: ['failed'], code: 'IMAGE_TOO_SMALL', search: '.png' } as const;
    expect(await inbox.change('retry', { filter, atMost: 1 })).toEqual({ changed: 0, refused: [], exceeds: 2 });
    expect(inbox.counts()).toEqual({ failed: 3 });
    runner.isWilling = true;
    expect(await inbox.change('retry', { filter, atMost: 2 })).toEqual({ changed: 2, refused: [] });
    await inbox.whenIdle();
    expect(inbox.counts()).toEqual({ failed: 1, done: 2 });
    expect(inbox.failures.map(({ path }) => path)).toEqual(['c.jpg']);
  });

  it('let jobs run next, before others that were read ahead', async () => {
    const runner = new Refuser();
    const names = Array.from({ length: 12 }, (_, index) => `${String(index).padStart(2, '0')}.png`);
    const { inbox } = await openInbox(runner, names);
    inbox.pause();
    await inbox.start();
    await expect.poll(() => inbox.counts()).toEqual({ queued: 12 });
    const byPath = (path: string) => inbox.lists.history(path)!.entry.id;
    expect(await inbox.change('run-next', { ids: [byPath('09.png'), byPath('11.png')] })).toEqual({
      changed: 2,
      refused: [],
    });
    expect(await inbox.change('run-next', { ids: [byPath('10.png')] })).toEqual({ changed: 1, refused: [] });
    inbox.resume();
    await inbox.whenIdle();
    expect(runner.ran[0]).toBe('10.png');
    expect(runner.ran.slice(1, 3).sort()).toEqual(['09.png', '11.png']);
    expect(runner.ran).toHaveLength(12);
  });

  it('cancel what waits, say each, and name what they could not change', async () => {
    const { inbox, events } = await openInbox(new Refuser(), ['a.png', 'b.png']);
    inbox.pause();
    await inbox.start();
    await expect.poll(() => inbox.counts()).toEqual({ queued: 2 });
    const id = inbox.lists.history('a.png')!.entry.id;
    expect(await inbox.change('cancel', { ids: [id] })).toEqual({ changed: 1, refused: [] });
    expect(events.filter(({ type }) => type === 'cancelled')).toMatchObject([{ path: 'a.png' }]);
    expect(await inbox.change('cancel', { ids: [id, 'nobody'] })).toEqual({
      changed: 0,
      refused: [
        { id: 'nobody', why: 'no job has this id' },
        { id, why: 'it is cancelled' },
      ],
    });
    expect(inbox.counts()).toEqual({ cancelled: 1, queued: 1 });
  });

  it('tell every attempt of a job, newest first, with what is known of it', async () => {
    const runner = new Refuser();
    const { inbox } = await openInbox(runner, ['a.png']);
    await inbox.start();
    await inbox.whenIdle();
    runner.isWilling = true;
    const { id } = inbox.lists.history('a.png')!.entry;
    await inbox.change('retry', { ids: [id] });
    await inbox.whenIdle();
    const { attempts, entry } = inbox.lists.history(id)!;
    expect(attempts).toMatchObject([
      { outcome: 'done', report: { width: 1, tiles: 1 } },
      { outcome: 'failed', code: 'IMAGE_TOO_SMALL', report: undefined },
    ]);
    expect(entry).toMatchObject({ state: 'done', ms: expect.any(Number) });
  });
});
