/**
 * One daemon per state folder. The lock is SQLite's own, held by an open transaction: the system releases it when the
 * process ends, however it ends, so a stale lock takes itself over and a process id that another program got since
 * deceives nobody. The note beside it only says who the owner is; it decides nothing.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { CycleboxError, type Disposable, readRegularTextSync } from '../../base/index.js';
import { Sqlite } from './sqlite.js';
import { closeStateFolder, makePrivate, privateMode, sweepStateFolder } from './state-folder.js';

export interface StateOwner {
  readonly pid: number;
  readonly host: string;
  /** When it took the folder; milliseconds since 1970. */
  readonly startedMs: number;
}

export interface StateLock extends Disposable {
  /** Whoever owned the folder last and did not give it back: it was killed, or the machine went down. */
  readonly previous: StateOwner | undefined;
}

const noteName = 'owner.json';

/** @throws STATE_LOCKED when another process owns the folder, naming its id and host */
export function lockStateFolder(folder: string): StateLock {
  closeStateFolder(folder);
  const file = join(folder, 'lock.sqlite');
  makePrivate(file);
  const lock = new Sqlite(file, { busyTimeoutMs: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.dispose();
    throw isBusy(cause) ? inUse(folder, cause) : cause;
  }
  sweepStateFolder(folder);
  const previous = readStateOwner(folder);
  const note = join(folder, noteName);
  const own: StateOwner = { pid: process.pid, host: hostname(), startedMs: Date.now() };
  // Not flushed to the disk and not needed: on a full disk the lock holds without its note.
  attempt(() => rmSync(note, { force: true }));
  attempt(() => writeFileSync(note, `${JSON.stringify(own)}\n`, { mode: privateMode, flag: 'wx' }));
  return { previous, dispose: once(() => release(lock, note)) };
}

/** The owner of a state folder, or the last one if it ended without giving the folder back. */
export function readStateOwner(folder: string): StateOwner | undefined {
  try {
    const { pid, host, startedMs } = JSON.parse(readRegularTextSync(join(folder, noteName))) as Partial<StateOwner>;
    if (typeof pid !== 'number' || typeof host !== 'string') return undefined;
    return { pid, host, startedMs: Number(startedMs) || 0 };
  } catch {
    return undefined;
  }
}

/** The note goes first: without it, the next owner knows that this one ended well. */
function release(lock: Sqlite, note: string): void {
  attempt(() => rmSync(note, { force: true }));
  lock.dispose();
}

function inUse(folder: string, cause: unknown): CycleboxError {
  const owner = readStateOwner(folder);
  const who = owner
    ? `process ${owner.pid} on ${owner.host}, since ${new Date(owner.startedMs).toISOString()}`
    : 'another process';
  const message = `${folder} is in use by ${who}: stop it, or name another "state" folder in the configuration`;
  return new CycleboxError('STATE_LOCKED', message, { subject: { file: folder }, cause });
}

function isBusy(error: unknown): boolean {
  const { cause } = error as { cause?: { code?: unknown; message?: unknown } };
  return String(cause?.code).startsWith('SQLITE_BUSY') || /locked|busy/i.test(String(cause?.message));
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // The note is a courtesy.
  }
}

function once(work: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) work();
    isDone = true;
  };
}
