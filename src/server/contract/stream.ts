/**
 * The one stream of events that a browser holds: `GET /api/stream`, server-sent events, each with an id. First comes a
 * `snapshot`, then what changes, gathered over some tens of milliseconds. A browser that comes back with `Last-Event-ID` gets what
 * it has missed, or a new snapshot where that is no longer known. The event's name is its `type`; `data` is the whole object.
 *
 * Jobs come as rows, whole: whoever has an older row of the same id replaces it. `removed` ids are forgotten.
 */
import { z } from 'zod';
import { endpoint, epochMs } from './endpoint.js';
import { jobRow } from './jobs.js';
import { logRecord } from './log.js';
import { status } from './status.js';
import { trainingRun } from './trainings.js';

export const snapshotEvent = z.object({
  type: z.literal('snapshot'),
  atMs: epochMs,
  status,
  /** Runs under way here. */
  trainings: z.array(trainingRun).readonly(),
});

export const jobsEvent = z.object({
  type: z.literal('jobs'),
  atMs: epochMs,
  /** Changed rows, at most 200; more than that are told by `many`, and lists are asked for anew. */
  jobs: z.array(jobRow).readonly(),
  many: z.boolean(),
});

/** Whatever of the status has changed: whole. At most once a second. */
export const statusEvent = z.object({ type: z.literal('status'), atMs: epochMs, status });

export const logEvent = z.object({ type: z.literal('log'), atMs: epochMs, records: z.array(logRecord).readonly() });

/** A run that is under way here, whenever it has something to say; at most four times a second. */
export const trainingEvent = z.object({ type: z.literal('training'), atMs: epochMs, run: trainingRun });

export const streamEvent = z.discriminatedUnion('type', [
  snapshotEvent,
  jobsEvent,
  statusEvent,
  logEvent,
  trainingEvent,
]);
export type StreamEvent = z.infer<typeof streamEvent>;
export type StreamEventOf<Type extends StreamEvent['type']> = Extract<StreamEvent, { readonly type: Type }>;

export const streamEndpoints = {
  getStream: endpoint({
    method: 'GET',
    path: '/api/stream',
    summary: 'Server-sent events: a snapshot, then what changes. Last-Event-ID goes on where one was cut off.',
    answer: 'events',
  }),
};
