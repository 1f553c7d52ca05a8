/**
 * The journal a page at a time, for lists of any length: filters, counts and pages that go on from a job (keyset), so that what
 * changes meanwhile shifts nothing. It reads only. Two indexes carry it: by last change, and by state and last change.
 */
import { CycleboxError, type JobId, type JobState } from '../../base/index.js';
import { type Job, toJob } from './job.js';
import type { Sqlite, SqlRow, SqlValue } from './sqlite.js';

/** Which jobs; all that are given must hold. */
export interface JobFilter {
  readonly states?: readonly JobState[] | undefined;
  /** Part of the path, whichever case (of ASCII letters). */
  readonly search?: string | undefined;
  readonly translation?: string | undefined;
  /** Of the error that it stands with. */
  readonly code?: string | undefined;
  /** Epoch; last changed at or after. */
  readonly sinceMs?: number | undefined;
  /** Epoch; last changed before. */
  readonly untilMs?: number | undefined;
}

/** `newest` and `oldest`: by last change. `turn`: in the order in which they will run. */
export type JobOrder = 'newest' | 'oldest' | 'turn';

export interface PageQuery extends JobFilter {
  readonly order?: JobOrder | undefined;
  readonly limit: number;
  /** `next` of the page before. */
  readonly cursor?: string | undefined;
  /** So many are passed over from the start. */
  readonly skip?: number | undefined;
}

export interface JobPage {
  readonly jobs: readonly Job[];
  readonly next: string | undefined;
}

/** Failed and quarantined jobs of one code and translation. */
export interface FailureCount {
  readonly code: string;
  readonly translation: string;
  readonly count: number;
  readonly quarantined: number;
  readonly newestMs: number;
  readonly oldestMs: number;
}

interface Order {
  /** SQL of the two columns by which it goes, the second one unique. */
  readonly by: readonly [string, string];
  readonly descends: readonly [boolean, boolean];
}

const orders: Readonly<Record<JobOrder, Order>> = {
  newest: { by: ['updated_ms', 'sequence'], descends: [true, true] },
  oldest: { by: ['updated_ms', 'sequence'], descends: [false, false] },
  turn: { by: ['priority', 'sequence'], descends: [true, false] },
};

interface Condition {
  readonly sql: string;
  readonly values: readonly SqlValue[];
}

type Place = readonly [number, number];

export class JobPages {
  readonly #sqlite: Sqlite;

  constructor(sqlite: Sqlite) {
    this.#sqlite = sqlite;
  }

  /** @throws USAGE when the cursor is none of `next` */
  page({ order = 'newest', limit, cursor, skip = 0, ...filter }: PageQuery): JobPage {
    const conditions = conditionsOf(filter);
    if (cursor !== undefined) conditions.push(beyond(placeIn(cursor), orders[order]));
    const rows = this.#select(conditions, orders[order], limit + 1, skip);
    const jobs = rows.slice(0, limit);
    const last = rows.length > limit ? jobs.at(-1) : undefined;
    return { jobs: jobs.map(toJob), next: last && cursorAt(placeOf(last, orders[order])) };
  }

  /** All that a filter holds, in the order in which they came. */
  ids(filter: JobFilter): readonly JobId[] {
    const { sql, values } = where(conditionsOf(filter));
    return this.#sqlite
      .all(`SELECT id FROM jobs ${sql} ORDER BY sequence`, ...values)
      .map(row => String(row['id']) as JobId);
  }

  /** Jobs last changed at `sinceMs` (epoch) or later, the first changed first, at most `limit`. */
  changedSince(sinceMs: number, limit: number): readonly Job[] {
    const sql = 'SELECT * FROM jobs WHERE updated_ms >= ? ORDER BY updated_ms, sequence LIMIT ?';
    return this.#sqlite.all(sql, Math.trunc(sinceMs), limit).map(toJob);
  }

  /** By state. */
  counts(filter: JobFilter): Readonly<Partial<Record<JobState, number>>> {
    const { sql, values } = where(conditionsOf(filter));
    const rows = this.#sqlite.all(`SELECT state, count(*) AS count FROM jobs ${sql} GROUP BY state`, ...values);
    return Object.fromEntries(rows.map(row => [String(row['state']), Number(row['count'])]));
  }

  /** The jobs before and after one in a filter; undefined at the ends. A job that the filter does not hold has neighbours as well. */
  neighbours(
    id: JobId,
    { order = 'newest', ...filter }: JobFilter & { readonly order?: JobOrder | undefined },
  ): { readonly previous: JobId | undefined; readonly next: JobId | undefined } {
    const row = this.#sqlite.get('SELECT * FROM jobs WHERE id = ?', id);
    if (!row) return { previous: undefined, next: undefined };
    const place = placeOf(row, orders[order]);
    const beside = (one: Order) => {
      const found = this.#select([...conditionsOf(filter), beyond(place, one)], one, 1, 0)[0];
      return found && (String(found['id']) as JobId);
    };
    return { previous: beside(reversed(orders[order])), next: beside(orders[order]) };
  }

  /** The jobs of these ids that there are, in no order. */
  named(ids: readonly JobId[]): readonly Job[] {
    if (ids.length === 0) return [];
    const sql = 'SELECT jobs.* FROM json_each(?) AS asked JOIN jobs ON jobs.id = asked.value';
    return this.#sqlite.all(sql, JSON.stringify(ids)).map(toJob);
  }

  /** How long the last attempts of jobs took that have ended, in milliseconds by id. */
  lastAttemptMs(ids: readonly JobId[]): ReadonlyMap<JobId, number> {
    const sql = `SELECT job, ended_ms - started_ms AS ms, max(attempts.sequence) FROM json_each(?) AS asked
      JOIN attempts ON attempts.job = asked.value WHERE ended_ms IS NOT NULL GROUP BY job`;
    const rows = ids.length === 0 ? [] : this.#sqlite.all(sql, JSON.stringify(ids));
    return new Map(rows.map(row => [String(row['job']) as JobId, Number(row['ms'])]));
  }

  /** What stands as failed, by code and translation, the most frequent first. */
  failures(): readonly FailureCount[] {
    const sql = `SELECT code, translation, count(*) AS count, sum(state = 'quarantined') AS quarantined,
      max(updated_ms) AS newest, min(updated_ms) AS oldest FROM jobs
      WHERE state IN ('failed', 'quarantined') GROUP BY code, translation ORDER BY count DESC`;
    return this.#sqlite.all(sql).map(row => ({
      code: String(row['code'] ?? 'INTERNAL'),
      translation: String(row['translation']),
      count: Number(row['count']),
      quarantined: Number(row['quarantined']),
      newestMs: Number(row['newest']),
      oldestMs: Number(row['oldest']),
    }));
  }

  /** Of each translation: jobs done and failed, and the mean time of its latest attempts that went well, of at most 50. */
  byTranslation(): ReadonlyMap<string, TranslationFacts> {
    const sql = `SELECT translation, sum(state = 'done') AS done, sum(state IN ('failed', 'quarantined')) AS failed
      FROM jobs GROUP BY translation`;
    const rows = this.#sqlite.all(sql);
    return new Map(rows.map(row => [String(row['translation']), this.#factsIn(row)]));
  }

  #factsIn(row: SqlRow): TranslationFacts {
    const sql = `SELECT avg(ended_ms - started_ms) AS mean FROM (SELECT ended_ms, started_ms FROM
      (SELECT id FROM jobs WHERE state = 'done' AND translation = ? ORDER BY updated_ms DESC LIMIT 50) AS latest
      JOIN attempts ON attempts.job = latest.id AND attempts.outcome = 'done')`;
    const mean = this.#sqlite.get(sql, String(row['translation']))?.['mean'];
    const msPerImage = typeof mean === 'number' ? mean : undefined;
    return { done: Number(row['done']), failed: Number(row['failed']), msPerImage };
  }

  #select(conditions: readonly Condition[], order: Order, limit: number, skip: number): readonly SqlRow[] {
    const { sql, values } = where(conditions);
    const by = order.by.map((column, index) => `${column} ${order.descends[index] ? 'DESC' : 'ASC'}`).join(', ');
    return this.#sqlite.all(`SELECT * FROM jobs ${sql} ORDER BY ${by} LIMIT ? OFFSET ?`, ...values, limit, skip);
  }
}

export interface TranslationFacts {
  readonly done: number;
  readonly failed: number;
  /** From the start of an attempt to the published file. */
  readonly msPerImage: number | undefined;
}

function conditionsOf({ states, search, translation, code, sinceMs, untilMs }: JobFilter): Condition[] {
  const conditions: Condition[] = [];
  const add = (sql: string, ...values: readonly SqlValue[]) => conditions.push({ sql, values });
  if (states) add(stateCondition(states), ...states);
  if (search !== undefined && search !== '') add("path LIKE ? ESCAPE '\\'", `%${search.replace(/[\\%_]/g, '\\$&')}%`);
  if (translation !== undefined) add('translation = ?', translation);
  if (code !== undefined) add('code = ?', code);
  if (sinceMs !== undefined) add('updated_ms >= ?', Math.trunc(sinceMs));
  if (untilMs !== undefined) add('updated_ms < ?', Math.trunc(untilMs));
  return conditions;
}

/** Of several states each part would come sorted, and all would have to be sorted again: the `+` leaves the index of all alone to it. */
function stateCondition(states: readonly JobState[]): string {
  return states.length === 1 ? 'state = ?' : `+state IN (${states.map(() => '?').join(', ')})`;
}

function where(conditions: readonly Condition[]): Condition {
  const sql = conditions.length === 0 ? '' : `WHERE ${conditions.map(one => one.sql).join(' AND ')}`;
  return { sql, values: conditions.flatMap(one => one.values) };
}

/** What comes after `place`. */
function beyond([first, second]: Place, { by, descends }: Order): Condition {
  const [a, b] = [descends[0] ? '<' : '>', descends[1] ? '<' : '>'];
  const sql = `${by[0]} ${a}= ? AND (${by[0]} ${a} ? OR ${by[1]} ${b} ?)`;
  return { sql, values: [first, first, second] };
}

function reversed({ by, descends }: Order): Order {
  return { by, descends: [!descends[0], !descends[1]] };
}

function placeOf(row: SqlRow, { by }: Order): Place {
  return [Number(row[by[0]]), Number(row[by[1]])];
}

const cursorAt = (place: Place): string => Buffer.from(place.join(',')).toString('base64url');

function placeIn(cursor: string): Place {
  const [first, second, ...rest] = Buffer.from(cursor, 'base64url').toString().split(',').map(Number);
  if (Number.isSafeInteger(first) && Number.isSafeInteger(second) && rest.length === 0) return [first!, second!];
  throw new CycleboxError(
    'USAGE',
    'The cursor is not one that a page of jobs has given: ask for the first page again.',
  );
}
