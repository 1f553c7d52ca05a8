/**
 * The outbox's own memory of which source became which file, shared by every daemon that publishes there: a small
 * SQLite file in the outbox's hidden folder. It reserves names (in a form that ignores case and Unicode forms) and lets a
 * daemon notice that another has published the same source. One publishes at a time: `exclusively` holds a lock that the
 * system releases when its holder dies.
 *
 * It is no journal: lost or damaged, it is begun anew, and all that is lost is knowing about *other* daemons' files.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  asCycleboxError,
  type Clock,
  CycleboxError,
  type Disposable,
  isSameButInode,
  type RelativePath,
  sizeMarkOf,
  systemClock,
  withoutBirth,
} from '../../base/index.js';
import type { Sqlite, SqlRow } from '../journal/index.js';
import { isBusy, isDamaged, openLedgerFile, setAside } from './ledger-file.js';
import { foldName } from './output-names.js';
import type { OutputIdentity, PublishedSource } from './publisher.js';

export interface Publication extends PublishedSource {
  readonly output: RelativePath;
  readonly version: string;
  readonly owner: string;
  readonly mark: OutputIdentity;
}

/** A publication as it is found again. */
export interface KnownPublication {
  readonly output: RelativePath;
  readonly mark: OutputIdentity;
  /** SHA-256 of the source's bytes; undefined where 0.1.0 published it. */
  readonly sha256?: string | undefined;
  /** True when the source's inode was another then: only the same bytes make it the same. */
  readonly isOnlyLikely?: boolean | undefined;
}

export interface OldPublication extends PublishedSource {
  readonly number: number;
  readonly output: RelativePath;
}

/** How long another daemon may take over one publishing: it holds the lock for milliseconds unless its disk hangs. */
const patienceMs = 60_000;

export class OutboxLedger implements Disposable {
  readonly #sqlite: Sqlite;
  readonly #clock: Clock;
  readonly #file: string;

  private constructor(sqlite: Sqlite, file: string, clock: Clock) {
    this.#sqlite = sqlite;
    this.#file = file;
    this.#clock = clock;
  }

  /**
   * @param isShared true where several machines may write: SQLite's write-ahead log does not work there
   * @throws JOURNAL_INVALID when there can be none here
   */
  static open(file: string, isShared: boolean, clock: Clock = systemClock): OutboxLedger {
    mkdirSync(dirname(file), { recursive: true });
    try {
      return new OutboxLedger(openLedgerFile(file, isShared), file, clock);
    } catch (error) {
      if (!isDamaged(error)) throw error;
      setAside(file);
      return new OutboxLedger(openLedgerFile(file, isShared), file, clock);
    }
  }

  /**
   * Runs `work` while no other daemon publishes to this outbox; what it recorded is kept when it succeeds. A ledger
   * that cannot be written (a full disk) keeps nothing and nobody from publishing. Not to be called twice at a time.
   * @throws WRITE_FAILED when another daemon does not let go for a minute
   */
  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    if (!(await this.#lock())) return work();
    let outcome = 'ROLLBACK';
    try {
      const result = await work();
      outcome = 'COMMIT';
      return result;
    } finally {
      this.#end(outcome);
    }
  }

  /** False when its file was removed, with the outbox perhaps, while it was open. */
  get isThere(): boolean {
    return existsSync(this.#file);
  }

  /** The latest publication of a source, by whichever daemon. */
  find(source: PublishedSource): KnownPublication | undefined {
    const sql = 'SELECT output, mark, hash FROM published WHERE source IN (?, ?) ORDER BY sequence DESC LIMIT 1';
    const row = this.#sqlite.get(sql, ...sourceKeys(source));
    if (row) return toKnown(row);
    const [likely] = this.#likely(source).filter(row => row['hash'] !== null);
    return likely && { ...toKnown(likely), isOnlyLikely: true };
  }

  /** The latest output of this path and translation, whatever was at the path, unless another took its name since. */
  latestOf(source: Pick<PublishedSource, 'path' | 'translation'>): KnownPublication | undefined {
    const sql = 'SELECT output, mark, hash, folded FROM published WHERE origin = ? ORDER BY sequence DESC LIMIT 1';
    const row = this.#sqlite.get(sql, originOf(source));
    if (!row) return undefined;
    const holder = 'SELECT origin FROM published WHERE folded = ? ORDER BY sequence DESC LIMIT 1';
    const isStillIts = this.#sqlite.get(holder, text(row, 'folded'))?.['origin'] === originOf(source);
    return isStillIts ? toKnown(row) : undefined;
  }

  /** Publications of a file with this path, size and time, and perhaps another inode, newest first. */
  #likely(source: PublishedSource): readonly SqlRow[] {
    const sql = `SELECT sequence, source, output, mark, hash FROM published
      WHERE origin = ? AND instr(source, ?) > 0 ORDER BY sequence DESC`;
    const rows = this.#sqlite.all(sql, originOf(source), sizeMarkOf(source.identity));
    return rows.filter(row => isSameButInode(toSource(text(row, 'source')).identity, source.identity));
  }

  /** The output that last took a name, or one that some file system holds to be the same. */
  holder(name: RelativePath): RelativePath | undefined {
    const sql = 'SELECT output FROM published WHERE folded = ? ORDER BY sequence DESC LIMIT 1';
    const row = this.#sqlite.get(sql, foldName(name));
    return row && text(row, 'output');
  }

  /** To be called within `exclusively`, when the file is there for good. */
  record({ output, mark, version, owner, ...source }: Publication): void {
    const sql = `INSERT INTO published (source, origin, output, folded, mark, version, owner, published_ms, hash)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    const nowMs = Math.trunc(this.#clock.epochMs());
    const hash = source.content?.sha256 ?? null;
    const [key, origin] = [sourceKey(source), originOf(source)];
    this.#sqlite.run(sql, key, origin, output, foldName(output), mark, version, owner, nowMs, hash);
  }

  /** What 0.1.0 published is known by the whole identity from now on. To be called within `exclusively`. */
  adopt(source: PublishedSource): void {
    this.#sqlite.run('UPDATE published SET source = ? WHERE source = ?', ...sourceKeys(source));
  }

  /** The source is gone, or has another content: what has its inode, size and times is another. Names stay taken. */
  forgetSource(source: PublishedSource): void {
    this.#sqlite.run("UPDATE published SET source = '' WHERE source IN (?, ?)", ...sourceKeys(source));
    for (const row of this.#likely(source))
      this.#sqlite.run("UPDATE published SET source = '' WHERE sequence = ?", Number(row['sequence']));
  }

  /** Publications before a time, oldest first, from behind the one of number `after`. */
  olderThan(beforeMs: number, after: number, limit: number): readonly OldPublication[] {
    const sql =
      'SELECT sequence, source, output FROM published WHERE published_ms < ? AND sequence > ? ORDER BY sequence LIMIT ?';
    return this.#sqlite.all(sql, Math.trunc(beforeMs), after, limit).map(row => {
      return { number: Number(row['sequence']), output: text(row, 'output'), ...toSource(text(row, 'source')) };
    });
  }

  /** To be called within `exclusively`. */
  forget(numbers: readonly number[]): void {
    for (const number of numbers) this.#sqlite.run('DELETE FROM published WHERE sequence = ?', number);
  }

  dispose(): void {
    this.#sqlite.dispose();
  }

  #end(outcome: string): void {
    try {
      this.#sqlite.exec(outcome);
    } catch {
      if (outcome === 'COMMIT') this.#end('ROLLBACK');
    }
  }

  /** Waits without blocking the process, as SQLite's own waiting would. False when there is no locking here just now. */
  async #lock(): Promise<boolean> {
    const untilMs = this.#clock.monotonicMs() + patienceMs;
    for (let waitMs = 1; ; waitMs = Math.min(20, waitMs * 2)) {
      try {
        this.#sqlite.exec('BEGIN IMMEDIATE');
        return true;
      } catch (error) {
        if (!isBusy(error)) return false;
        if (this.#clock.monotonicMs() > untilMs) throw this.#unlockable(error);
      }
      await new Promise<void>(resolve => this.#clock.after(waitMs * (0.5 + Math.random()), resolve));
    }
  }

  #unlockable(cause: unknown): CycleboxError {
    const { message } = asCycleboxError(cause);
    const text = `the outbox's ledger could not be locked (${message}): another daemon that publishes there may hang`;
    return new CycleboxError('WRITE_FAILED', text, { subject: { file: this.#file }, cause });
  }
}

/** As this version writes it, and as 0.1.0 did. */
function sourceKeys(source: PublishedSource): [string, string] {
  return [sourceKey(source), sourceKey({ ...source, identity: withoutBirth(source.identity) })];
}

function originOf({ path, translation }: Pick<PublishedSource, 'path' | 'translation'>): string {
  return `${translation}\n${path}`;
}

function toSource(key: string): PublishedSource {
  const [translation = '', identity = '', ...path] = key.split('\n');
  return { translation, identity, path: path.join('\n') };
}

function toKnown(row: SqlRow): KnownPublication {
  const sha256 = typeof row['hash'] === 'string' ? row['hash'] : undefined;
  return { output: text(row, 'output'), mark: text(row, 'mark'), sha256 };
}

function sourceKey({ path, identity, translation }: PublishedSource): string {
  return `${translation}\n${identity}\n${path}`;
}

function text(row: SqlRow, column: string): string {
  return String(row[column]);
}
