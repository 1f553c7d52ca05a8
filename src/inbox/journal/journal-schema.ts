/**
 * The journal's tables, as the steps that made them: a new file takes all, an older one those it lacks. A step is
 * never changed once it was released, only followed by another.
 */
import { CycleboxError } from '../../base/index.js';
import type { Sqlite } from './sqlite.js';

const first = `
  CREATE TABLE jobs (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    path TEXT NOT NULL,
    identity TEXT NOT NULL,
    translation TEXT NOT NULL,
    version TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    code TEXT,
    message TEXT,
    temporary TEXT,
    inode TEXT,
    output TEXT,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    UNIQUE (path, identity, translation, version)
  );
  CREATE INDEX jobs_by_state ON jobs (state, sequence);
  CREATE TABLE attempts (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    job TEXT NOT NULL REFERENCES jobs (id),
    number INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    ended_ms INTEGER,
    outcome TEXT,
    code TEXT,
    message TEXT,
    report TEXT
  );
  CREATE INDEX attempts_by_job ON attempts (job, number);
`;

/*
 * deaths: how often it killed its worker while a daemon watched. unclean: how often it was found running at a start.
 * alone: 1 when it is to run with nothing beside it. redo: 1 when an earlier output does not count. due_ms: not before.
 * An identity lost its first part, the device's number, which changes when a disk is mounted again.
 */
const second = `
  ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN unclean INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN alone INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN redo INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN due_ms INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN lease_owner TEXT;
  ALTER TABLE jobs ADD COLUMN lease_until_ms INTEGER;
  DROP INDEX jobs_by_state;
  CREATE INDEX jobs_by_turn ON jobs (state, priority DESC, sequence);
  CREATE INDEX jobs_waiting ON jobs (due_ms) WHERE state = 'queued' AND due_ms > 0;
  CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
  UPDATE OR REPLACE jobs SET identity = substr(identity, instr(identity, ':') + 1)
    WHERE length(identity) - length(replace(identity, ':', '')) = 3;
`;

/*
 * published: 1 when the output that a done job names is its source's, 0 when it is another's that was left alone.
 * Unknown for what 0.1.0 did. changed and hash: what a file was when it was read: the time of its last change, and the SHA-256 of its bytes.
 */
const third = `
  ALTER TABLE jobs ADD COLUMN published INTEGER;
  ALTER TABLE jobs ADD COLUMN changed TEXT;
  ALTER TABLE jobs ADD COLUMN hash TEXT;
`;

/*
 * Lists of jobs, a page at a time, by when they last changed. deliveries: what webhooks are still to be told, kept until it is
 * taken or given up; body is JSON.
 */
const fourth = `
  CREATE INDEX jobs_by_change ON jobs (updated_ms, sequence);
  CREATE INDEX jobs_by_state_and_change ON jobs (state, updated_ms, sequence);
  CREATE TABLE deliveries (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    hook TEXT NOT NULL,
    body TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_ms INTEGER NOT NULL,
    created_ms INTEGER NOT NULL
  );
`;

/* token: of the attempt under way; what an earlier attempt makes is not published. */
const fifth = 'ALTER TABLE jobs ADD COLUMN token TEXT;';

const steps = [first, second, third, fourth, fifth];

/** Brings the file to this version, in one transaction. @throws JOURNAL_INVALID when it is of a newer one */
export function migrate(sqlite: Sqlite, file: string): void {
  const version = Number(sqlite.get('PRAGMA user_version')?.['user_version'] ?? 0);
  if (version > steps.length) {
    const message = `${file} was written by a newer cyclebox (version ${version}, this one knows ${steps.length}): update cyclebox`;
    throw new CycleboxError('JOURNAL_INVALID', message, { subject: { file } });
  }
  if (version === steps.length) return;
  sqlite.transaction(() => {
    for (const step of steps.slice(version)) sqlite.exec(step);
    sqlite.exec(`PRAGMA user_version = ${steps.length}`);
  });
}
