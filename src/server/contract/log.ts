/** What the log says, as the pages see it: the same sentences as in the daemon's own log. Only the latest are kept for asking. */
import { z } from 'zod';
import { endpoint, epochMs } from './endpoint.js';

export const logLevel = z.enum(['debug', 'info', 'warn', 'error']);

export const logRecord = z.object({
  /** Counts up from the daemon's start. */
  sequence: z.number(),
  atMs: epochMs,
  level: logLevel,
  text: z.string(),
  job: z.string().optional(),
  path: z.string().optional(),
  code: z.string().optional(),
});
export type LogRecord = z.infer<typeof logRecord>;

export const logEndpoints = {
  getLog: endpoint({
    method: 'GET',
    path: '/api/log',
    summary: 'The latest records of the log, oldest first.',
    query: z.strictObject({
      /** This level and those above it. */
      level: logLevel.default('info'),
      job: z.string().max(100).optional(),
      search: z.string().max(500).optional(),
      /** Only those after this one. */
      after: z.coerce.number().int().min(0).optional(),
      limit: z.coerce.number().int().min(1).max(2000).default(500),
    }),
    answer: z.object({ records: z.array(logRecord).readonly() }),
  }),
};
