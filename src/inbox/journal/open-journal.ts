/**
 * Opens the journal of a state folder. A damaged one is set aside, not thrown away, and a new one begun: files are
 * found again by the scan, and what was published is known from the outbox, so no finished work is done again.
 */
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, CycleboxError, systemCodeOf } from '../../base/index.js';
import { Journal } from './journal.js';

export interface OpenedJournal {
  readonly journal: Journal;
  /** That the journal was damaged, and where it is now. */
  readonly damage?: CycleboxError | undefined;
}

export const journalName = 'journal.sqlite';

/** @throws JOURNAL_INVALID when it is of a newer version, or cannot be opened for another reason than damage */
export function openJournal(state: string, clock: Clock): OpenedJournal {
  const file = join(state, journalName);
  try {
    return { journal: new Journal(file, clock) };
  } catch (error) {
    if (!isDamage(error)) throw error;
    const aside = setAside(file);
    const message = `${file} was damaged and has been set aside as ${aside}; a new one has been begun from what inbox and outbox hold, failures and history remain only in the old one`;
    const damage = new CycleboxError('JOURNAL_INVALID', message, { subject: { file: aside }, cause: error });
    return { journal: new Journal(file, clock), damage };
  }
}

function isDamage(error: unknown): boolean {
  const code = systemCodeOf(error);
  return code === 'SQLITE_CORRUPT' || code === 'SQLITE_NOTADB';
}

/** The log goes first: beside a new journal, SQLite would take the old one's log for the new one's. */
function setAside(file: string): string {
  let number = 1;
  while (existsSync(`${file}.corrupt-${number}`)) number++;
  const aside = `${file}.corrupt-${number}`;
  for (const suffix of ['-wal', '-shm', '']) {
    if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
  }
  return aside;
}
