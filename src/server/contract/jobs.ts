/**
 * Jobs as the pages see them: rows, one job with everything that is known of it, filters, pages and what can be done to many.
 * Filters, counts and pages are the server's work, never the page's: a list may hold 100 000 jobs.
 */
import { z } from 'zod';
import { endpoint, epochMs, listOf } from './endpoint.js';
import { logRecord } from './log.js';

export const jobStates = [
  'queued',
  'running',
  'publishing',
  'done',
  'failed',
  'quarantined',
  'cancelled',
  'skipped',
] as const;
export const jobState = z.enum(jobStates);
export type JobStateName = z.infer<typeof jobState>;

/** `code` is one of docs/errors.md. */
export const fault = z.object({ code: z.string(), message: z.string() });

/** A row of a list, and what a delta of the stream carries. */
export const jobRow = z.object({
  id: z.string(),
  /** Relative to the inbox, with `/`. */
  path: z.string(),
  /** `satellite-map/map`; empty where no route fits. */
  translation: z.string(),
  /** The model's version (hash); empty where there is none. */
  version: z.string(),
  state: jobState,
  /** Those that counted. */
  attempts: z.number(),
  /** Higher ones go first. */
  priority: z.number(),
  createdMs: epochMs,
  updatedMs: epochMs,
  /** Relative to the outbox; only when done. */
  output: z.string().optional(),
  error: fault.optional(),
  /** It waits until this moment, after a failure that may pass. */
  notBeforeMs: epochMs.optional(),
  /** Of the last attempt, from its start to the published file; once it has ended. */
  ms: z.number().optional(),
});
export type JobRow = z.infer<typeof jobRow>;

/** What is known of a translation that was made; the journal's own record of the attempt. */
export const attemptReport = z.object({
  width: z.number(),
  height: z.number(),
  bytes: z.number(),
  format: z.string().optional(),
  /** Of the source, in pixels, upright. */
  sourceSize: z.object({ width: z.number(), height: z.number() }).optional(),
  /** What a router chose: `winter-summer/summer`. */
  translation: z.string().optional(),
  /** More than 1 when the image did not fit in memory and was translated in parts. */
  tiles: z.number(),
  device: z.string().optional(),
  precision: z.string().optional(),
  notes: z.array(z.string()).readonly().optional(),
  scale: z.union([z.string(), z.number()]).optional(),
  shownAs: z.object({ width: z.number(), height: z.number() }).optional(),
  decodeMs: z.number(),
  loadMs: z.number(),
  translateMs: z.number(),
  encodeMs: z.number(),
  /** What steps of plugins took. */
  stepsMs: z.number().optional(),
});

export const attempt = z.object({
  number: z.number(),
  startedMs: epochMs,
  endedMs: epochMs.optional(),
  /** `done`, `failed`, `retried`, `released`, `died`, `cancelled`, `skipped`; absent while it runs, or when its daemon ended first. */
  outcome: z.string().optional(),
  error: fault.optional(),
  report: attemptReport.optional(),
});
export type JobAttempt = z.infer<typeof attempt>;

export const jobDetail = jobRow.extend({
  /** Newest first. */
  attemptList: z.array(attempt).readonly(),
  /** Whether the image that it was made of is still there as it was: shown beside the viewer. */
  source: z.enum(['there', 'changed', 'gone']),
  /** The same of its output; absent where there is none. */
  result: z.enum(['there', 'gone']).optional(),
  /** Why it failed and what to do, where it stands as failed. */
  remedy: z.string().optional(),
  /** The same by the command line: `cyclebox translate …`. */
  command: z.string().optional(),
});
export type JobDetail = z.infer<typeof jobDetail>;

const filterShape = {
  states: listOf(jobState).optional(),
  /** Part of the path, whichever case. */
  search: z.string().max(500).optional(),
  translation: z.string().max(200).optional(),
  /** Of the error that it stands with. */
  code: z.string().max(100).optional(),
  /** Last changed at or after. */
  sinceMs: z.coerce.number().int().min(0).optional(),
  /** Last changed before. */
  untilMs: z.coerce.number().int().min(0).optional(),
};

/** Which jobs; all that are given must hold. In a query, `states` is `done,failed`. */
export const jobFilter = z.strictObject(filterShape);
export type JobFilter = z.infer<typeof jobFilter>;

/** `newest`: last changed first. `turn`: in the order in which they will run, for those that wait. */
export const jobOrder = z.enum(['newest', 'oldest', 'turn']);

const pageQuery = z.strictObject({
  ...filterShape,
  order: jobOrder.default('newest'),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  /** Of the page before; jobs that have changed meanwhile do not shift the rest. */
  cursor: z.string().max(500).optional(),
  /** So many are passed over from the start, for jumps of a scroll bar; not beside `cursor`. */
  skip: z.coerce.number().int().min(0).max(10_000_000).optional(),
});

export const jobPage = z.object({
  jobs: z.array(jobRow).readonly(),
  /** For the next page; absent on the last. */
  next: z.string().optional(),
});

/** Of the filter with its states left out, so that tabs can show what each would hold. */
export const jobCounts = z.object({
  total: z.number(),
  states: z.partialRecord(jobState, z.number()),
});

export const neighbours = z.object({ previous: z.string().optional(), next: z.string().optional() });

/** How many jobs were changed, and which were not in a state for it. At most 100 refusals are told. */
export const queueChange = z.object({
  changed: z.number(),
  refused: z.array(z.object({ id: z.string(), why: z.string() })).readonly(),
});
export type QueueChangeAnswer = z.infer<typeof queueChange>;

/**
 * `retry`: done again. `cancel`: waiting ones wait no longer, a running one's work is given up. `run-next`: before all others
 * that wait. A filter needs `atMost`, the number that was shown to whoever confirmed it: more than that are refused (409).
 */
export const jobAction = z.strictObject({
  action: z.enum(['retry', 'cancel', 'run-next']),
  which: z.union([
    z.strictObject({ ids: z.array(z.string().max(2000)).min(1).max(10_000) }),
    z.strictObject({ filter: jobFilter, atMost: z.int().min(0) }),
  ]),
});

const byId = z.strictObject({ id: z.string().max(100) });

export const jobEndpoints = {
  listJobs: endpoint({
    method: 'GET',
    path: '/api/jobs',
    summary: 'A page of jobs.',
    cli: 'cyclebox queue list',
    query: pageQuery,
    answer: jobPage,
  }),
  countJobs: endpoint({
    method: 'GET',
    path: '/api/jobs/counts',
    summary: 'How many jobs a filter has in each state.',
    query: jobFilter,
    answer: jobCounts,
  }),
  getJob: endpoint({
    method: 'GET',
    path: '/api/jobs/:id',
    summary: 'One job with every attempt.',
    params: byId,
    answer: jobDetail,
  }),
  getNeighbours: endpoint({
    method: 'GET',
    path: '/api/jobs/:id/neighbours',
    summary: 'The jobs before and after one, within a filter.',
    params: byId,
    query: pageQuery.omit({ limit: true, cursor: true, skip: true }),
    answer: neighbours,
  }),
  getJobLog: endpoint({
    method: 'GET',
    path: '/api/jobs/:id/log',
    summary: 'What the log says of one job, oldest first.',
    params: byId,
    answer: z.object({ records: z.array(logRecord).readonly() }),
  }),
  getThumbnail: endpoint({
    method: 'GET',
    path: '/api/jobs/:id/thumbnail',
    summary: 'A WebP of at most 256 pixels a side, of what went in or what came out.',
    params: byId,
    query: z.strictObject({ of: z.enum(['source', 'output']).default('source') }),
    answer: 'image',
  }),
  getImage: endpoint({
    method: 'GET',
    path: '/api/jobs/:id/image',
    summary: 'The same as large as a viewer needs: at most 4096 pixels a side.',
    params: byId,
    query: z.strictObject({ of: z.enum(['source', 'output']).default('source') }),
    answer: 'image',
  }),
  changeJobs: endpoint({
    method: 'POST',
    path: '/api/jobs/actions',
    summary: 'Does jobs again, cancels them or lets them run next: by id, or all of a filter.',
    cli: 'cyclebox queue retry, cyclebox queue cancel',
    body: jobAction,
    answer: queueChange,
  }),
};
