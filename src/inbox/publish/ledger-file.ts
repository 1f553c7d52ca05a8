/**
 * The file of the outbox's ledger: its tables, what was added to those of 0.1.0, and how it is opened while other daemons open
 * it, too. It knows nothing of what the rows mean. What must stay true: 0.1.0 can go on writing to it.
 */
import { renameSync, rmSync } from 'node:fs';
import { Sqlite } from '../journal/index.js';

const schema = `
  CREATE TABLE IF NOT EXISTS published (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    output TEXT NOT NULL,
    folded TEXT NOT NULL,
    mark TEXT NOT NULL,
    version TEXT NOT NULL,
    owner TEXT NOT NULL,
    published_ms INTEGER NOT NULL
  );
  CREATE INDEX IF NOT EXISTS published_by_source ON published (source, sequence);
  CREATE INDEX IF NOT EXISTS published_by_name ON published (folded, sequence);
  PRAGMA user_version = 1;
`;

/** `source` is `translation\nidentity\npath`, `origin` the same without the identity. */
const fillOrigins = `
  UPDATE published SET origin = substr(source, 1, instr(source, char(10)))
      || substr(source, instr(source, char(10)) + 1 + instr(substr(source, instr(source, char(10)) + 1), char(10)))
    WHERE origin IS NULL AND source <> ''`;

/** @param isShared true where several machines may write: SQLite's write-ahead log does not work there */
export function openLedgerFile(file: string, isShared: boolean): Sqlite {
  const sqlite = new Sqlite(file, { busyTimeoutMs: 0 });
  try {
    // Small pages and a short log: the ledger takes its room from the outputs.
    sqlite.exec('PRAGMA page_size = 1024');
    retryWhileBusy(() => sqlite.get(`PRAGMA journal_mode = ${isShared ? 'TRUNCATE' : 'WAL'}`));
    sqlite.exec('PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 100; PRAGMA journal_size_limit = 131072');
    retryWhileBusy(() => sqlite.exec(schema));
    retryWhileBusy(() => addColumns(sqlite));
    return sqlite;
  } catch (error) {
    sqlite.dispose();
    throw error;
  }
}

/** What 0.1.0 did not keep. It goes on writing to a ledger that has them. */
function addColumns(sqlite: Sqlite): void {
  const columns = sqlite.all('PRAGMA table_info(published)').map(row => row['name']);
  for (const name of ['hash', 'origin'].filter(one => !columns.includes(one))) addColumn(sqlite, name);
  sqlite.exec('CREATE INDEX IF NOT EXISTS published_by_origin ON published (origin, sequence)');
  sqlite.exec(fillOrigins);
}

function addColumn(sqlite: Sqlite, name: string): void {
  try {
    sqlite.exec(`ALTER TABLE published ADD COLUMN ${name} TEXT`);
  } catch (error) {
    // Another daemon was quicker.
    if (!/duplicate column/.test((error as Error).message)) throw error;
  }
}

/** At start, when two daemons make the file at the same moment. */
function retryWhileBusy(work: () => unknown): void {
  const until = performance.now() + 5000;
  for (;;) {
    try {
      work();
      return;
    } catch (error) {
      if (!isBusy(error) || performance.now() > until) throw error;
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
}

/** A damaged one stays, for people. */
export function setAside(file: string): void {
  renameSync(file, `${file}.damaged`);
  for (const part of ['-wal', '-shm', '-journal']) rmSync(file + part, { force: true });
}

function causeCode(error: unknown): string {
  return String(((error as Error).cause as { code?: unknown } | undefined)?.code ?? '');
}

export function isBusy(error: unknown): boolean {
  return causeCode(error).startsWith('SQLITE_BUSY');
}

export function isDamaged(error: unknown): boolean {
  return /^SQLITE_(NOTADB|CORRUPT)/.test(causeCode(error));
}
