/**
 * The keys of `watch-config.json` that are about more machines than one: what hands jobs to workers. What they mean is in
 * docs/many-machines.md.
 */
import { z } from 'zod';

export const queueBackends = ['local', 'bullmq'] as const;

/** What a worker does of the trainings that are queued. */
export const trainingShares = ['none', 'beside', 'only'] as const;
export type TrainingShare = (typeof trainingShares)[number];

export const queueSchema = z
  .strictObject({
    backend: z
      .enum(queueBackends)
      .describe('"local": this machine does the work. "bullmq": workers do ("cyclebox worker"), which Redis connects.'),
    redis: z
      .url({ protocol: /^rediss?$/, error: 'must be an address such as "redis://192.168.1.5:6379"' })
      .optional()
      .describe('Where Redis is: a redis or rediss address, with its password if it has one.'),
    name: z
      .string()
      .regex(/^[a-z0-9-]{1,40}$/, 'must be of lower-case letters, digits and hyphens, 40 at most')
      .optional()
      .describe('The name of the queue in Redis; one daemon hands out the jobs of one. Default "cyclebox".'),
    lockMs: z
      .int()
      .min(500)
      .max(3_600_000)
      .optional()
      .describe('A worker that is silent for so long is lost, and its jobs go to others. Default 30000.'),
    trainings: z
      .enum(trainingShares)
      .optional()
      .describe(
        'Whether a worker trains what "cyclebox train --queue" puts in: "none"; "beside" translations, at the lowest priority; or "only" that. Default "none".',
      ),
  })
  .refine(({ backend, redis }) => backend !== 'bullmq' || redis !== undefined, {
    path: ['redis'],
    error: 'must be given where "backend" is "bullmq"',
  })
  .describe('What hands jobs to those who do the work.');

/** What the code reads. */
export interface QueueConfig {
  readonly redis: string;
  readonly name: string;
  readonly lockMs: number;
  readonly trainings: TrainingShare;
}

/** Undefined where this machine does the work itself. */
export function resolveQueue(given: z.infer<typeof queueSchema> | undefined): QueueConfig | undefined {
  if (given?.backend !== 'bullmq' || given.redis === undefined) return undefined;
  return {
    redis: given.redis,
    name: given.name ?? 'cyclebox',
    lockMs: given.lockMs ?? 30_000,
    trainings: given.trainings ?? 'none',
  };
}
