/**
 * One daemon per state folder. The lock is SQLite's own, held by an open transaction: the system releases it when the
 * process ends, however it ends, so there is no stale lock to take over. The note beside it is for people only.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { CycleboxError, type Disposable, toDisposable } from '../base/index.js';
import { Sqlite } from './sqlite.js';

/** @throws STATE_LOCKED when another daemon owns the folder */
export function lockStateFolder(folder: string): Disposable {
  mkdirSync(folder, { recursive: true });
  const note = join(folder, 'owner.txt');
  const lock = new Sqlite(join(folder, 'lock.sqlite'), { busyTimeoutMs: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    lock.dispose();
    throw new CycleboxError(
      'STATE_LOCKED',
      `${folder} is in use by ${readNote(note)}: stop it, or use another state folder`,
      {
        subject: { file: folder },
        cause,
      },
    );
  }
  writeFileSync(note, `process ${process.pid} on ${hostname()}\n`);
  return toDisposable(() => lock.dispose());
}

function readNote(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return 'another daemon';
  }
}
