/**
 * What is said over the control socket: the methods, and the shape that a request's params must have. Messages are
 * those of `process/`, one JSON document a line.
 */
import { z } from 'zod';
import { CycleboxError, fleetingStates, recordedStates } from '../../base/index.js';
import type {
  CancelSelection,
  PurgeSelection,
  QueueChange,
  QueueEntry,
  QueueQuery,
  RetrySelection,
} from '../../inbox/index.js';
import type { ReloadOutcome } from '../config/index.js';
import type { DaemonStatus } from './daemon-service.js';

export interface ControlApi {
  status(params: Record<never, never>): DaemonStatus;
  list(query: QueueQuery): readonly QueueEntry[];
  retry(which: RetrySelection): QueueChange;
  cancel(which: CancelSelection): QueueChange;
  pause(params: { readonly reason?: string | undefined }): Record<never, never>;
  resume(params: Record<never, never>): Record<never, never>;
  purge(which: PurgeSelection): QueueChange;
  reload(params: Record<never, never>): ReloadOutcome;
}

const state = z.enum([...fleetingStates, ...recordedStates]);
const ids = z.strictObject({ ids: z.array(z.string()).min(1) });

/** The shapes of the params that carry anything. */
export const controlParams = {
  list: z.strictObject({ states: z.array(state).optional(), limit: z.int().min(1).max(1_000_000).optional() }),
  retry: z.union([ids, z.strictObject({ failed: z.literal(true) }), z.strictObject({ stale: z.literal(true) })]),
  cancel: z.union([ids, z.strictObject({ waiting: z.literal(true) })]),
  pause: z.strictObject({ reason: z.string().max(1000).optional() }),
  purge: z.strictObject({ states: z.array(state).optional(), olderThanMs: z.number().min(0).optional() }),
};

/** @throws PROTOCOL when `value` has another shape */
export function parseParams<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new CycleboxError('PROTOCOL', `not a request that this daemon knows: ${z.prettifyError(result.error)}`);
}
