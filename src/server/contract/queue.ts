/** What can be done to the queue as a whole, and the failures of it by cause. */
import { z } from 'zod';
import { endpoint, epochMs } from './endpoint.js';
import { jobState, queueChange } from './jobs.js';

/** Failed and quarantined jobs of one code, with what helps. */
export const failureGroup = z.object({
  code: z.string(),
  /** The line of docs/errors.md. */
  meaning: z.string(),
  /** What to do; sentences. */
  remedy: z.string(),
  count: z.number(),
  /** Of them, those that crashed their worker and are not tried again by themselves. */
  quarantined: z.number(),
  newestMs: epochMs,
  oldestMs: epochMs,
  /** By translation; empty for files without a route. */
  translations: z.record(z.string(), z.number()),
  /** The newest ones' messages, each once. */
  examples: z.array(z.object({ id: z.string(), path: z.string(), message: z.string() })).readonly(),
});
export type FailureGroup = z.infer<typeof failureGroup>;

export const queueEndpoints = {
  listFailures: endpoint({
    method: 'GET',
    path: '/api/failures',
    summary: 'What stands as failed, by cause, the most frequent first.',
    answer: z.object({ groups: z.array(failureGroup).readonly() }),
  }),
  pauseQueue: endpoint({
    method: 'POST',
    path: '/api/queue/pause',
    summary: 'Starts no more jobs until resumed, even after restarts.',
    cli: 'cyclebox queue pause',
    body: z.strictObject({ reason: z.string().max(1000).optional() }),
    answer: 'nothing',
  }),
  resumeQueue: endpoint({
    method: 'POST',
    path: '/api/queue/resume',
    summary: 'Goes on.',
    cli: 'cyclebox queue resume',
    body: z.strictObject({}),
    answer: 'nothing',
  }),
  retryStale: endpoint({
    method: 'POST',
    path: '/api/queue/retry-stale',
    summary: 'Does again what another version of its model has done; the new results get new names.',
    cli: 'cyclebox queue retry --stale',
    body: z.strictObject({}),
    answer: queueChange,
  }),
  purgeQueue: endpoint({
    method: 'POST',
    path: '/api/queue/purge',
    summary: 'Forgets ended jobs whose files are gone or have changed.',
    cli: 'cyclebox queue purge',
    body: z.strictObject({ states: z.array(jobState).optional(), olderThanMs: z.number().min(0).optional() }),
    answer: queueChange,
  }),
};
