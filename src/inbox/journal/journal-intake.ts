/**
 * Many files at once into the journal: what is known of them, and those that are not as new jobs, a statement for
 * hundreds of files instead of one for each. It only looks up and inserts; `Journal` decides what becomes of jobs.
 */
import {
  type CycleboxError,
  type FileIdentity,
  isSameButInode,
  newJobId,
  type RelativePath,
  sizeMarkOf,
  withoutBirth,
} from '../../base/index.js';
import { type Job, type NewJob, toJob } from './job.js';
import type { Sqlite } from './sqlite.js';

/** A file and what is to be done to it, whichever version of the model does it or only one. */
export interface Wanted {
  readonly path: RelativePath;
  readonly identity: FileIdentity;
  readonly translation: string;
  /** Undefined: any. */
  readonly version?: string | undefined;
}

const lookUp = `
  SELECT asked.key AS asked, jobs.* FROM json_each(?) AS asked CROSS JOIN jobs
    ON jobs.path = asked.value ->> '$[0]' AND jobs.identity IN (asked.value ->> '$[1]', asked.value ->> '$[4]')
    AND jobs.translation = asked.value ->> '$[2]' AND jobs.version = ifnull(asked.value ->> '$[3]', jobs.version)
  ORDER BY jobs.sequence`;

/** Of files whose bytes were read, or there would be nothing to tell them by. */
const lookUpLikely = `
  SELECT asked.key AS asked, jobs.* FROM json_each(?) AS asked CROSS JOIN jobs
    ON jobs.path = asked.value ->> '$[0]' AND jobs.translation = asked.value ->> '$[2]'
    AND instr(jobs.identity, asked.value ->> '$[1]') > 0
    AND jobs.hash IS NOT NULL AND jobs.state IN ('done', 'failed', 'quarantined')
  ORDER BY jobs.sequence`;

const insert = `
  INSERT INTO jobs (id, path, identity, translation, version, priority, redo, state, code, message, created_ms, updated_ms)
  SELECT value ->> '$[0]', value ->> '$[1]', value ->> '$[2]', value ->> '$[3]', value ->> '$[4]', value ->> '$[5]',
    value ->> '$[6]', value ->> '$[7]', value ->> '$[8]', value ->> '$[9]', ?, ? FROM json_each(?) ORDER BY key`;

/** The newest job of each, in the order asked for. */
export function lookUpMany(sqlite: Sqlite, wanted: readonly Wanted[]): (Job | undefined)[] {
  const found = new Array<Job | undefined>(wanted.length).fill(undefined);
  const asked = wanted.map(({ path, identity, translation, version }) => {
    return [path, identity, translation, version, withoutBirth(identity)];
  });
  for (const row of sqlite.all(lookUp, JSON.stringify(asked))) found[Number(row['asked'])] = toJob(row);
  return found;
}

/** The newest ended job of each whose file had another inode, and the same path, size and time, in the order asked for. */
export function lookUpLikelyMany(sqlite: Sqlite, wanted: readonly Wanted[]): (Job | undefined)[] {
  const found = new Array<Job | undefined>(wanted.length).fill(undefined);
  const asked = wanted.map(({ path, identity, translation }) => [path, sizeMarkOf(identity), translation]);
  for (const row of sqlite.all(lookUpLikely, JSON.stringify(asked))) {
    const [index, job] = [Number(row['asked']), toJob(row)];
    if (isSameButInode(job.identity, wanted[index]?.identity)) found[index] = job;
  }
  return found;
}

/** Records jobs that are not known yet, in their order: queued, or failed if they come with an error. Returns them. */
export function insertMany(
  sqlite: Sqlite,
  jobs: readonly (NewJob & { readonly error?: CycleboxError })[],
  nowMs: number,
): readonly Job[] {
  if (jobs.length === 0) return [];
  const inserted = jobs.map((job): Job => {
    const { error } = job;
    return error ? { ...newlyQueued(job, nowMs), state: 'failed', error } : newlyQueued(job, nowMs);
  });
  const rows = inserted.map(({ id, path, identity, translation, version, priority, redo, state, error }) => {
    return [id, path, identity, translation, version, priority, redo ? 1 : 0, state, error?.code, error?.message];
  });
  sqlite.run(insert, nowMs, nowMs, JSON.stringify(rows));
  return inserted;
}

function newlyQueued({ path, identity, translation, priority = 0, redo = false }: NewJob, nowMs: number): Job {
  const nothingYet = { attempts: 0, workerCrashes: 0, interruptedRuns: 0, isolated: false, dueMs: 0 };
  const { key, version } = translation;
  const what = { path, identity, translation: key, version, priority, redo };
  return { id: newJobId(), state: 'queued', ...what, ...nothingYet, createdMs: nowMs, updatedMs: nowMs };
}

/** Halves of UTF-16 pairs, which some systems allow in names, do not pass through JSON as they are. */
export function passesThroughJson({ path }: { readonly path: RelativePath }): boolean {
  return !/\p{Surrogate}/u.test(path);
}
