/**
 * Runs after the last test of every file, and fails it when something that the file opened is still there: child processes,
 * watchers, timers, servers, sockets, threads, sessions of ONNX Runtime. What is being closed gets a moment to be gone; what
 * was there before the file's first test is not the file's. A file that must leave something says so by not being here at all.
 */
import { subscribe } from 'node:diagnostics_channel';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { afterAll, expect } from 'vitest';
import type { SessionMessage } from '../../src/engine/onnx/session-channel.js';

/** As Node names its own resources; timers count only while they keep the process alive. */
const watched: Readonly<Record<string, string>> = {
  ProcessWrap: 'child process',
  FSEventWrap: 'watcher',
  StatWatcher: 'watcher',
  Timeout: 'timer',
  TCPServerWrap: 'server',
  TCPSocketWrap: 'socket',
  MessagePort: 'thread',
};
/** What is under way to its end may take so long on a busy machine. */
const graceMs = Number(process.env['LEAK_GRACE_MS'] ?? 10_000);
const lookAgainMs = 20;

let openSessions = 0;
subscribe('cyclebox:onnx-session', message => {
  openSessions += (message as SessionMessage).kind === 'opened' ? 1 : -1;
});

/** Before the file itself is loaded. Vitest's own timers come and go; at this moment there is none. */
const before = await standing();

afterAll(async () => {
  const end = performance.now() + graceMs;
  let more = await left();
  while (Object.keys(more).length > 0 && performance.now() < end) {
    await setTimeout(lookAgainMs);
    more = await left();
  }
  expect(more, 'still there after the last test').toEqual({});
}, 2 * graceMs);

/** What there is more of than before the first test. */
async function left(): Promise<Record<string, number>> {
  const now = Object.entries(await standing());
  return Object.fromEntries(
    now.map(([kind, count]) => [kind, count - (before[kind] ?? 0)] as const).filter(([, more]) => more > 0),
  );
}

async function standing(): Promise<Record<string, number>> {
  const counts: Record<string, number> = { session: openSessions, process: (await childProcesses()).length };
  for (const resource of process.getActiveResourcesInfo()) {
    const kind = watched[resource];
    if (kind) counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** Also those that no handle of Node knows any more; nothing where there is no `/proc`. */
async function childProcesses(): Promise<readonly string[]> {
  const tasks = await readdir(`/proc/${process.pid}/task`).catch(() => []);
  const lists = tasks.map(task => readFile(`/proc/${process.pid}/task/${task}/children`, 'utf8').catch(() => ''));
  return (await Promise.all(lists)).flatMap(list => list.split(' ').filter(Boolean));
}
