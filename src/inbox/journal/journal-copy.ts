/**
 * Whole copies of a journal: out of a state folder while its daemon works, and into one that no daemon owns. A copy is what the
 * journal was at one moment; what was published since, the outbox's ledger knows, so that a copy that is put back does nothing twice.
 */
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { CycleboxError, type JobState, systemClock, temporaryPathFor } from '../../base/index.js';
import { Journal } from './journal.js';
import { journalName } from './open-journal.js';
import { Sqlite } from './sqlite.js';
import { privateMode } from './state-folder.js';
import { lockStateFolder } from './state-lock.js';

export type JobCounts = Readonly<Partial<Record<JobState, number>>>;

/**
 * Writes the journal of `state`, as it is at this moment, to the new file `to`. Its daemon may run: it is a reader beside it.
 * @throws FILE_NOT_FOUND when there is none, JOURNAL_INVALID
 */
export function copyJournal(state: string, to: string): void {
  const file = join(state, journalName);
  if (!existsSync(file)) {
    const message = `${file} does not exist: there is no journal to back up. It is made by the first "cyclebox start".`;
    throw new CycleboxError('FILE_NOT_FOUND', message, { subject: { file } });
  }
  const sqlite = new Sqlite(file);
  try {
    sqlite.exec(`VACUUM INTO '${to.replaceAll("'", "''")}'`);
  } finally {
    sqlite.dispose();
  }
  chmodSync(to, privateMode);
}

/**
 * Opens a copy, which brings it to this version, and counts its jobs.
 * @throws JOURNAL_INVALID when it is damaged, none, or of a newer version
 */
export function checkJournal(file: string): JobCounts {
  const journal = new Journal(file, systemClock);
  try {
    return journal.counts();
  } finally {
    journal.dispose();
    foldLog(file);
  }
}

/**
 * Puts a copy that was checked in the place of the journal of `state`; at every instant there is one or the other.
 * @returns where the one that was there is now; undefined: there was none
 * @throws STATE_LOCKED when a daemon runs
 */
export function replaceJournal(state: string, copy: string): string | undefined {
  const lock = lockStateFolder(state);
  try {
    const file = join(state, journalName);
    const temporary = temporaryPathFor(file);
    copyFileSync(copy, temporary, constants.COPYFILE_EXCL);
    chmodSync(temporary, privateMode);
    flush(temporary);
    const aside = existsSync(file) ? keepAside(file) : undefined;
    renameSync(temporary, file);
    return aside;
  } finally {
    void lock.dispose();
  }
}

/** A second name for the journal that is there; its log, which the next one would take for its own, goes into it first. */
function keepAside(file: string): string {
  let number = 1;
  while (existsSync(`${file}.before-restore-${number}`)) number++;
  const aside = `${file}.before-restore-${number}`;
  if (foldLog(file)) addName(file, aside);
  else moveAll(file, aside);
  return aside;
}

/**
 * Writes the log into the file and removes it: libsql leaves both behind when it closes, and the file alone would lack what the log has.
 * Only for a file that nobody else has open. False where it is too damaged for that.
 */
function foldLog(file: string): boolean {
  try {
    const sqlite = new Sqlite(file);
    const outcome = sqlite.get('PRAGMA wal_checkpoint(TRUNCATE)');
    sqlite.dispose();
    if (outcome?.['busy'] !== 0) return false;
    for (const suffix of ['-wal', '-shm']) rmSync(file + suffix, { force: true });
    return true;
  } catch {
    return false;
  }
}

function addName(file: string, name: string): void {
  try {
    linkSync(file, name);
  } catch {
    // A file system without hard links.
    copyFileSync(file, name, constants.COPYFILE_EXCL);
  }
}

function moveAll(file: string, aside: string): void {
  for (const suffix of ['-wal', '-shm', '']) {
    if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
  }
}

function flush(file: string): void {
  const handle = openSync(file, 'r+');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
