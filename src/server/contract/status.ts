/** The state of the daemon as a whole: what `cyclebox status` says, in data and in its words. */
import { z } from 'zod';
import { endpoint, epochMs } from './endpoint.js';
import { jobRow } from './jobs.js';

export const pause = z.object({
  /** `user`: until resumed, also over restarts. `environment`: until it works again. `schedule`: until quiet hours end. */
  by: z.enum(['user', 'environment', 'schedule']),
  reason: z.string(),
  sinceMs: epochMs,
});

export const worker = z.object({
  /** `cpu`, `cuda:0`. */
  device: z.string(),
  name: z.string(),
  pid: z.number().optional(),
  /** The image that it is at, absolute. */
  source: z.string().optional(),
  /** How far that has come, from 0 to 1, where it is translated in several tiles. */
  progress: z.number().optional(),
  memory: z.array(z.string()).readonly(),
  refused: z.array(z.string()).readonly(),
});

export const route = z.object({
  match: z.string(),
  /** Folder of the inbox that its files lie in; empty for the inbox itself. */
  folder: z.string(),
  translation: z.string(),
  pair: z.string(),
  from: z.string().optional(),
  to: z.string(),
  /** Why it cannot work, with what to do. */
  problem: z.string().optional(),
  /** So many images come with cyclebox to try it. */
  samples: z.number(),
});
export type RouteStatus = z.infer<typeof route>;

/** Something is amiss that a person should know of: what, and what to do. */
export const notice = z.object({
  /** Stays the same for what is the same: `inbox-gone`, `paused`, `no-model`, `config-refused`, `outbox`, `device`, `degraded`. */
  kind: z.string(),
  severity: z.enum(['info', 'warning', 'error']),
  message: z.string(),
  remedy: z.string().optional(),
});

/** Over the last minute, by what has ended in it. */
export const throughput = z.object({
  /** Jobs done in the last 60 s. */
  donePerMinute: z.number(),
  /** Until what waits is done, at this pace; absent where there is no pace. */
  remainingMs: z.number().optional(),
});

export const status = z.object({
  version: z.string(),
  pid: z.number(),
  host: z.string(),
  startedMs: epochMs,
  inbox: z.string(),
  outbox: z.string(),
  state: z.string(),
  configFile: z.string().optional(),
  /** By state; `settling` counts files that have no job yet. */
  counts: z.record(z.string(), z.number()),
  pause: pause.optional(),
  running: z.array(jobRow).readonly(),
  workers: z.array(worker).readonly(),
  routes: z.array(route).readonly(),
  notices: z.array(notice).readonly(),
  /** Since the start. */
  done: z.number(),
  failed: z.number(),
  throughput,
  /** How files are noticed: `events`, `polling`, `scans`. */
  seeing: z.string().optional(),
  inboxIsThere: z.boolean(),
  /** The lines of `cyclebox status`. */
  lines: z.array(z.string()).readonly(),
});
export type DashboardStatus = z.infer<typeof status>;

export const statusEndpoints = {
  getStatus: endpoint({
    method: 'GET',
    path: '/api/status',
    summary: 'The state of the daemon.',
    cli: 'cyclebox status',
    answer: status,
  }),
};
