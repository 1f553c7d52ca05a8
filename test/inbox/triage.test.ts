import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DisposableStore } from '../../src/base/index.js';
import { Inbox, type InboxEvent, type InboxOptions, type Router, type Runner } from '../../src/inbox/index.js';
import { temporaryFolder } from '../support/pictures.js';

let root: string;
let opened: DisposableStore;
beforeEach(async () => {
  root = await temporaryFolder();
  opened = new DisposableStore();
});
afterEach(async () => {
  await opened.dispose();
  await rm(root, { recursive: true, force: true });
});

const by =
  (key: string): Router =>
  () => ({ kind: 'translate', translation: { key, version: 'v1' } });

const copying: Runner = {
  async run({ source, temporary }) {
    await mkdir(dirname(temporary), { recursive: true });
    await copyFile(source, temporary);
    const times = { decodeMs: 0, loadMs: 0, translateMs: 0, encodeMs: 0 };
    return { name: 'a.png', width: 1, height: 1, bytes: 1, tiles: 1, ...times };
  },
};

async function open(route: Router, more: Partial<InboxOptions> = {}) {
  const [inbox, outbox, state] = ['inbox', 'outbox', 'state'].map(name => join(root, name)) as [string, string, string];
  const quick = { settleMs: 1, decodeGraceMs: 0, watch: false };
  const box = opened.add(await Inbox.open({ inbox, outbox, state, route, runner: copying, ...quick, ...more }));
  const done: string[] = [];
  box.onEvent((event: InboxEvent) => event.type === 'done' && done.push(event.translation));
  return { box, done };
}

/** Started while the queue is paused: the file waits in it. */
async function openWithOneQueued(route: Router) {
  await mkdir(join(root, 'inbox'));
  await writeFile(join(root, 'inbox/a.png'), 'a');
  const run = await open(route);
  run.box.pause();
  await run.box.start();
  await run.box.whenIdle();
  expect(run.box.list()).toMatchObject([{ path: 'a.png', state: 'queued' }]);
  return run;
}

describe('a file that waits in the queue', () => {
  it('is routed once, however often it is looked at by the journal and by what runs it', async () => {
    let asked = 0;
    const counting: Router = path => {
      asked++;
      return by('day/night')(path);
    };
    const { box, done } = await openWithOneQueued(counting);
    box.resume();
    await box.whenIdle();
    expect(done).toEqual(['day/night']);
    expect(asked).toBe(1);
  });

  it('gets its new translation when the routes change', async () => {
    let route = by('day/night');
    const { box, done } = await openWithOneQueued(path => route(path));
    route = by('day/dusk');
    await box.reconsider();
    box.resume();
    await box.whenIdle();
    expect(done).toEqual(['day/dusk']);
    expect(box.counts()).toEqual({ done: 1, skipped: 1 });
  });

  it('gets its new translation when the routes changed between two runs', async () => {
    const first = await openWithOneQueued(by('day/night'));
    await first.box.stop();
    const second = await open(by('day/dusk'));
    await second.box.start();
    second.box.resume();
    await second.box.whenIdle();
    expect(second.done).toEqual(['day/dusk']);
  });

  it('is looked at again when its translation is gone by the time it runs', async () => {
    const { box } = await openWithOneQueued(by('day/night'));
    await box.stop();
    let isGone = true;
    const { box: second, done } = await open(by('day/night'), {
      current: ({ translation: key, version }) => {
        const is = isGone ? undefined : { key, version };
        isGone = false;
        return is;
      },
    });
    await second.start();
    second.resume();
    await second.whenIdle();
    expect(done).toEqual(['day/night']);
  });
});
