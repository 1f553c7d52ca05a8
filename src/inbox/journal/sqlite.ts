/**
 * The guard before libsql, and the only file that imports it. libsql ends the process when it is handed a value that
 * SQLite does not have, stores `undefined` and NaN as NULL without a word, and works on after `close()`: none of that
 * passes here. Synchronous, like SQLite itself.
 */
import { statSync } from 'node:fs';
import Libsql from 'libsql';
import { CycleboxError, type Disposable } from '../../base/index.js';

export type SqlValue = string | number | bigint | Uint8Array | null;
export type SqlRow = Readonly<Record<string, SqlValue>>;

export class Sqlite implements Disposable {
  readonly #database: Libsql.Database;
  readonly #statements = new Map<string, Libsql.Statement<unknown[]>>();
  readonly #file: string;
  #isOpen = true;

  /** @throws JOURNAL_INVALID when the file cannot be opened, is none (a pipe would be waited for), or is no database */
  constructor(file: string, options: { readonly busyTimeoutMs?: number } = {}) {
    this.#file = file;
    requireFile(file);
    this.#database = this.#guarded('opened', () => new Libsql(file, { timeout: options.busyTimeoutMs ?? 5000 }));
  }

  /** Statements without values or rows, several at a time. */
  exec(sql: string): void {
    this.#guarded(sql, () => this.#open().exec(sql));
  }

  /** Returns the number of rows changed. */
  run(sql: string, ...values: readonly SqlValue[]): number {
    return this.#guarded(sql, () => this.#prepare(sql).run(checked(sql, values)).changes);
  }

  get(sql: string, ...values: readonly SqlValue[]): SqlRow | undefined {
    const row = this.#guarded(sql, () => this.#prepare(sql).get(checked(sql, values)) as SqlRow | undefined);
    if (!row) return undefined;
    // libsql adds its timing to a single row.
    const { _metadata, ...columns } = row;
    return columns;
  }

  all(sql: string, ...values: readonly SqlValue[]): readonly SqlRow[] {
    return this.#guarded(sql, () => this.#prepare(sql).all(checked(sql, values)) as SqlRow[]);
  }

  /** Runs `work` in one transaction, rolled back when it throws. Not nestable. */
  transaction<T>(work: () => T): T {
    this.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      this.exec('COMMIT');
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  dispose(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#statements.clear();
    this.#database.close();
  }

  /** SQLite has done it by itself after some errors (a full disk), and then says that there is nothing to roll back. */
  #rollBack(): void {
    try {
      this.exec('ROLLBACK');
    } catch {
      // The error that led here says more.
    }
  }

  #open(): Libsql.Database {
    if (this.#isOpen) return this.#database;
    throw new CycleboxError('JOURNAL_INVALID', `${this.#file} was used after it was closed`);
  }

  #prepare(sql: string): Libsql.Statement<unknown[]> {
    const database = this.#open();
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #guarded<T>(doing: string, work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if (cause instanceof CycleboxError) throw cause;
      const message = `${this.#file}: ${(cause as Error).message} (${doing.trim().split(/\s+/).slice(0, 6).join(' ')} …)`;
      throw new CycleboxError('JOURNAL_INVALID', message, { subject: { file: this.#file }, cause });
    }
  }
}

function requireFile(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found || found.isFile()) return;
  throw new CycleboxError('JOURNAL_INVALID', `${file} is no file: move it away`, { subject: { file } });
}

/** Handed over as one array: libsql takes a single object — null and bytes are ones — for named values. */
function checked(sql: string, values: readonly unknown[]): SqlValue[] {
  return values.map((value, index) => {
    if (isSqlValue(value)) return value;
    const shown = typeof value === 'number' ? String(value) : typeof value;
    const message = `value ${index + 1} of "${sql.trim().slice(0, 80)}" is ${shown}: SQLite takes string, finite number, bigint, Uint8Array and null`;
    throw new CycleboxError('JOURNAL_INVALID', message);
  });
}

function isSqlValue(value: unknown): value is SqlValue {
  if (value === null || value instanceof Uint8Array) return true;
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'string' || typeof value === 'bigint';
}
