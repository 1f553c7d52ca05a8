/** A job as people and scripts see it, made of what the journal has. */

import type { ErrorCode, JobState } from '../base/index.js';
import type { Job } from './journal/index.js';

/** Times are of the epoch. */
export interface QueueEntry {
  readonly id: string;
  /** Relative to the inbox, with `/`. */
  readonly path: string;
  /** `satellite-map/map`; empty where no route fits. */
  readonly translation: string;
  /** The model's version (hash); empty where there is none. */
  readonly version: string;
  readonly state: JobState;
  /** Those that counted. */
  readonly attempts: number;
  readonly priority: number;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** Relative to the outbox; only when done. */
  readonly output?: string | undefined;
  readonly error?: { readonly code: ErrorCode; readonly message: string } | undefined;
  /** It waits until this moment, after a failure that may pass. */
  readonly notBeforeMs?: number | undefined;
}

export function toEntry(job: Job): QueueEntry {
  const { id, path, translation, version, state, attempts, priority, createdMs, updatedMs, error } = job;
  return {
    ...{ id, path, translation, version, state, attempts, priority, createdMs, updatedMs },
    ...(state === 'done' && job.output !== undefined && { output: job.output }),
    ...(error && { error: { code: error.code, message: error.message } }),
    ...(state === 'queued' && job.dueMs > 0 && { notBeforeMs: job.dueMs }),
  };
}
