/**
 * Runs after the last test of every file, and fails it when something that the file opened is still there: child processes,
 * watchers, timers, servers, sockets, threads, sessions of ONNX Runtime. What is being closed gets a moment to be gone; what
 * was there before the file's first test is not the file's. A file that must leave something says so by not being here at all.
 */
import { subscribe } from 'node:diagnostics_channel';
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, vi } from 'vitest';
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
const graceMs = 10_000;

let openSessions = 0;
subscribe('cyclebox:onnx-session', message => {
  openSessions += (message as SessionMessage).kind === 'opened' ? 1 : -1;
});

let before: Readonly<Record<string, number>> = {};
beforeAll(async () => {
  before = await standing();
});

afterAll(async () => {
  await vi.waitFor(async () => expect(await left(), 'still there after the last test').toEqual({}), {
    timeout: graceMs,
    interval: 50,
  });
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
