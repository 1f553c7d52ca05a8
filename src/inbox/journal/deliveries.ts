/**
 * What webhooks are still to be told: a queue that outlives the process, oldest first for each hook. It knows neither addresses
 * nor secrets, which stand in the configuration, nor how anything is sent.
 */
import type { Sqlite, SqlRow } from './sqlite.js';

/** Something that one hook is to be told. */
export interface Delivery {
  readonly sequence: number;
  /** Names the hook in the configuration. */
  readonly hook: string;
  /** JSON, as it is sent. */
  readonly body: string;
  /** Tries that failed. */
  readonly attempts: number;
  /** Epoch; not before. */
  readonly dueMs: number;
  /** Epoch. */
  readonly createdMs: number;
}

export class Deliveries {
  readonly #sqlite: Sqlite;

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite;
  }

  add(hook: string, body: string, nowMs: number): void {
    const sql = 'INSERT INTO deliveries (hook, body, due_ms, created_ms) VALUES (?, ?, ?, ?)';
    this.#sqlite.run(sql, hook, body, Math.trunc(nowMs), Math.trunc(nowMs));
  }

  /** The oldest of each hook, due or not: a hook hears things in their order. */
  heads(): readonly Delivery[] {
    const sql = 'SELECT *, min(sequence) FROM deliveries GROUP BY hook ORDER BY sequence';
    return this.#sqlite.all(sql).map(toDelivery);
  }

  /** It has been taken, or given up. */
  remove(sequence: number): void {
    this.#sqlite.run('DELETE FROM deliveries WHERE sequence = ?', sequence);
  }

  /** A try has failed. @param dueMs epoch: the next one not before */
  postpone(sequence: number, dueMs: number): void {
    this.#sqlite.run(
      'UPDATE deliveries SET attempts = attempts + 1, due_ms = ? WHERE sequence = ?',
      Math.trunc(dueMs),
      sequence,
    );
  }

  /** Hooks that are configured no longer are told nothing. */
  forgetOthers(hooks: readonly string[]): void {
    const sql = 'DELETE FROM deliveries WHERE hook NOT IN (SELECT value FROM json_each(?))';
    this.#sqlite.run(sql, JSON.stringify(hooks));
  }

  /** How many wait, by hook. */
  counts(): ReadonlyMap<string, number> {
    const rows = this.#sqlite.all('SELECT hook, count(*) AS count FROM deliveries GROUP BY hook');
    return new Map(rows.map(row => [String(row['hook']), Number(row['count'])]));
  }
}

function toDelivery(row: SqlRow): Delivery {
  return {
    sequence: Number(row['sequence']),
    hook: String(row['hook']),
    body: String(row['body']),
    attempts: Number(row['attempts']),
    dueMs: Number(row['due_ms']),
    createdMs: Number(row['created_ms']),
  };
}
