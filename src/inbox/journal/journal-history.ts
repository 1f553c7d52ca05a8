/**
 * The journal as it is read by people, and how it is kept from growing for ever. Nothing here changes what is to be
 * done: a job is only forgotten when its file is gone, since the job of a file that is there keeps it from being done
 * again.
 */

import {
  endedStates,
  type FileIdentity,
  type JobId,
  type JobState,
  type RelativePath,
  withoutBirth,
} from '../../base/index.js';
import { type Job, toJob } from './job.js';
import type { Sqlite } from './sqlite.js';

const waitingStates: readonly JobState[] = ['running', 'publishing', 'queued'];

/** The newest job of a file and translation, whichever version of the model did it; of a journal that is only read, too. */
export function newestJob(
  sqlite: Sqlite,
  path: RelativePath,
  identity: FileIdentity,
  translation: string,
): Job | undefined {
  const sql =
    'SELECT * FROM jobs WHERE path = ? AND identity IN (?, ?) AND translation = ? ORDER BY sequence DESC LIMIT 1';
  const row = sqlite.get(sql, path, identity, withoutBirth(identity), translation);
  return row && toJob(row);
}

/** What is queued of one translation. */
export interface Backlog {
  readonly translation: string;
  readonly count: number;
  /** When the first of them was seen; epoch. */
  readonly oldestMs: number;
}

export class JournalHistory {
  readonly #sqlite: Sqlite;

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite;
  }

  counts(): Readonly<Partial<Record<JobState, number>>> {
    const rows = this.#sqlite.all('SELECT state, count(*) AS count FROM jobs GROUP BY state');
    return Object.fromEntries(rows.map(row => [String(row['state']), Number(row['count'])]));
  }

  /** What is queued, by translation. */
  backlog(): readonly Backlog[] {
    const sql =
      "SELECT translation, count(*) AS count, min(created_ms) AS oldest FROM jobs WHERE state = 'queued' GROUP BY translation";
    return this.#sqlite.all(sql).map(row => ({
      translation: String(row['translation']),
      count: Number(row['count']),
      oldestMs: Number(row['oldest']),
    }));
  }

  /** At most `limit` jobs in any of the states: those under way in the order of their turn, then the ended, newest first. */
  list(states: readonly JobState[], limit: number): readonly Job[] {
    const found: Job[] = [];
    for (const state of waitingStates.filter(one => states.includes(one)))
      found.push(...this.#page(state, 'priority DESC, sequence', limit - found.length));
    const ended = endedStates.filter(state => states.includes(state));
    const rows = this.#sqlite.all(
      `SELECT * FROM jobs WHERE state IN (${marks(ended)}) ORDER BY updated_ms DESC, sequence DESC LIMIT ?`,
      ...ended,
      Math.max(0, limit - found.length),
    );
    return [...found, ...rows.map(toJob)];
  }

  /** The newest job of an id or, where there is none, of a path relative to the inbox. */
  named(idOrPath: string): Job | undefined {
    const sql = 'SELECT * FROM jobs WHERE id = ? OR path = ? ORDER BY id = ? DESC, sequence DESC LIMIT 1';
    const row = this.#sqlite.get(sql, idOrPath, idOrPath, idOrPath);
    return row && toJob(row);
  }

  /** Jobs in the states, of those that have not changed since `beforeMs` (epoch), a page at a time, by sequence. */
  *inStates(states: readonly JobState[], beforeMs = Number.MAX_SAFE_INTEGER): Generator<readonly Job[]> {
    let after = 0;
    const sql = `SELECT * FROM jobs WHERE sequence > ? AND state IN (${marks(states)}) AND updated_ms <= ? ORDER BY sequence LIMIT 500`;
    for (;;) {
      const rows = this.#sqlite.all(sql, after, ...states, Math.trunc(beforeMs));
      if (rows.length === 0) return;
      after = Number(rows.at(-1)?.['sequence']);
      yield rows.map(toJob);
    }
  }

  /** Forgets jobs, with their attempts. */
  forget(ids: readonly JobId[]): void {
    this.#sqlite.transaction(() => {
      for (const id of ids) {
        this.#sqlite.run('DELETE FROM attempts WHERE job = ?', id);
        this.#sqlite.run('DELETE FROM jobs WHERE id = ?', id);
      }
    });
  }

  /** Forgets attempts that ended before `beforeMs` (epoch), other than each job's last. */
  forgetAttempts(beforeMs: number): void {
    const isLast = 'sequence = (SELECT max(sequence) FROM attempts AS other WHERE other.job = attempts.job)';
    this.#sqlite.run(`DELETE FROM attempts WHERE ended_ms < ? AND NOT ${isLast}`, Math.trunc(beforeMs));
  }

  #page(state: JobState, order: string, limit: number): readonly Job[] {
    const sql = `SELECT * FROM jobs WHERE state = ? ORDER BY ${order} LIMIT ?`;
    return this.#sqlite.all(sql, state, Math.max(0, limit)).map(toJob);
  }
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ');
}
