/** What measurements of the queue share: a redis-server of their own, a project, its inbox, and simulated runners. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { RemoteRunner, SharedFolderStore } from '../dist/dispatch/index.js';
import { Inbox } from '../dist/inbox/index.js';

export const translation = { key: 'copy', version: 'v1' };
const route = () => ({ kind: 'translate', translation });
export const features = slots => () => ({ slots, translations: [translation], loaded: [], devices: [] });
export const median = values => values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
export const round = (value, digits = 2) => Number(value.toFixed(digits));

/** A runner that copies, after it has slept. @param sleepMs a number, or a function that says one */
export function sleeper(sleepMs) {
  const sleep = ms => (ms > 0 ? new Promise(resolve => setTimeout(resolve, ms)) : undefined);
  return {
    async run({ path, source, temporary }) {
      await sleep(typeof sleepMs === 'function' ? sleepMs() : sleepMs);
      await mkdir(dirname(temporary), { recursive: true });
      await copyFile(source, temporary);
      const times = { decodeMs: 0, loadMs: 0, translateMs: 0, encodeMs: 0 };
      return { name: basename(path), width: 1, height: 1, bytes: 1, tiles: 1, ...times };
    },
  };
}

/**
 * A redis-server on a free port of 127.0.0.1, in a folder of its own.
 * @param more options of Redis; a list is several words
 * @param parent where its folder is made
 */
export async function openServer(more = {}, parent = tmpdir()) {
  const folder = await mkdtemp(join(parent, 'cyclebox-bench-redis-'));
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  let child;
  const start = async () => {
    const options = { port, bind: '127.0.0.1', dir: folder, save: '', appendonly: 'no', ...more };
    const args = Object.entries(options).flatMap(([key, value]) => [`--${key}`, value].flat());
    child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise(resolve =>
      child.stdout.on('data', text => String(text).includes('Ready to accept') && resolve()),
    );
  };
  const kill = async () => {
    child.kill('SIGKILL');
    await once(child, 'close');
  };
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    start,
    kill,
    /** What it has written to its disk is gone. */
    forget: () => rm(join(folder, 'appendonlydir'), { recursive: true, force: true }),
    dispose: async () => {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function openProject(count) {
  const root = await mkdtemp(join(tmpdir(), 'cyclebox-bench-queue-'));
  await mkdir(join(root, 'inbox'));
  const names = Array.from({ length: count }, (_, index) => `${String(index).padStart(6, '0')}.png`);
  for (const name of names) await writeFile(join(root, 'inbox', name), name);
  return { root, names, dispose: () => rm(root, { recursive: true, force: true }) };
}

export const foldersOf = root => ({ inbox: join(root, 'inbox'), outbox: join(root, 'outbox') });

/** An inbox that is worked through, by local runners or by workers. */
export async function openInbox(root, runner, concurrency) {
  const folders = { ...foldersOf(root), state: join(root, 'state') };
  await mkdir(folders.outbox, { recursive: true });
  const inbox = await Inbox.open({ ...folders, route, runner, concurrency, settleMs: 1, watch: false });
  const done = [];
  const retried = [];
  inbox.onEvent(event => {
    if (event.type === 'done') done.push(event.path);
    if (event.type === 'retrying') retried.push(event.path);
  });
  return { inbox, done, retried };
}

export async function openRemote(root, url, lockMs = 30_000) {
  const store = new SharedFolderStore(foldersOf(root));
  const remote = new RemoteRunner({ redis: url, name: 'bench', lockMs, store });
  const opened = await openInbox(root, remote.runner, 0);
  remote.onEvent(event => event.type === 'capacity' && opened.inbox.apply({ concurrency: event.size }));
  return { ...opened, remote, store };
}
