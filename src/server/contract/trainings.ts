/**
 * Trainings: the runs below the configured folder, what they tell, and what can be asked of one that runs here. Folders of images are
 * named relative to the configured root and never lead out of it; no request names a path of its own.
 */
import { z } from 'zod';
import { endpoint, epochMs } from './endpoint.js';

/** `waiting`: it was started and prepares. `lost`: its process has gone without a word; it can be resumed. */
export const trainingState = z.enum(['preparing', 'training', 'stopping', 'finished', 'stopped', 'failed', 'lost']);

const numbers = z.record(z.string(), z.number().nullable());

export const trainingRun = z.object({
  /** The name of the run's folder. */
  id: z.string(),
  state: trainingState,
  /** True where this daemon runs it, and can stop it. */
  isOurs: z.boolean(),
  pair: z.string(),
  domains: z.tuple([z.string(), z.string()]).readonly(),
  recipe: z.string().optional(),
  /** Steps done, of `steps`. */
  step: z.number(),
  steps: z.number(),
  startedMs: epochMs,
  updatedMs: epochMs,
  losses: numbers,
  imagesPerSecond: z.number().optional(),
  remainingMs: z.number().optional(),
  warnings: z.number(),
  /** Step of the last sheet of samples. */
  lastSample: z.number().optional(),
  /** Why it failed. */
  message: z.string().optional(),
});
export type TrainingRun = z.infer<typeof trainingRun>;

const point = z.object({ step: z.number(), atMs: epochMs, values: numbers });

export const trainingDetail = trainingRun.extend({
  settings: z.record(z.string(), z.unknown()),
  /** What was found in the folders. */
  data: z.record(z.string(), z.unknown()),
  device: z.object({ id: z.string(), name: z.string() }).optional(),
  parameters: z.record(z.string(), z.number()),
  losses: numbers,
  /** Curves: losses, rates and speed by step, thinned to at most `points` of the query. */
  curve: z
    .array(
      point.extend({ rates: numbers, imagesPerSecond: z.number().nullable(), dataWaitShare: z.number().nullable() }),
    )
    .readonly(),
  evaluations: z
    .array(point.extend({ references: z.array(z.object({ title: z.string(), values: numbers })).readonly() }))
    .readonly(),
  samples: z
    .array(
      z.object({
        step: z.number(),
        columns: z.array(z.object({ key: z.string(), title: z.string() })).readonly(),
        /** Rows of the sheet: as many images of each column. */
        rows: z.number(),
      }),
    )
    .readonly(),
  checkpoints: z.array(z.object({ step: z.number(), atMs: epochMs, isBest: z.boolean() })).readonly(),
  warningList: z
    .array(z.object({ step: z.number(), code: z.string(), message: z.string(), advice: z.string() }))
    .readonly(),
  /** Whether a finished pair lies in its folder. */
  hasPlugin: z.boolean(),
});
export type TrainingDetail = z.infer<typeof trainingDetail>;

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, 'a folder name of letters, digits, ".", "_" and "-"');
const byId = z.strictObject({ id: name });

export const imageFolder = z.object({
  /** Relative to the root, with `/`. */
  path: z.string(),
  images: z.number(),
});

export const trainingEndpoints = {
  listTrainings: endpoint({
    method: 'GET',
    path: '/api/trainings',
    summary: 'Runs below the configured folder, the latest first.',
    answer: z.object({
      runs: z.array(trainingRun).readonly(),
      /** Why none can be started here; absent where one can. */
      refusal: z.string().optional(),
    }),
  }),
  listImageFolders: endpoint({
    method: 'GET',
    path: '/api/trainings/folders',
    summary: 'Folders with images below the configured root, to train on.',
    answer: z.object({ folders: z.array(imageFolder).readonly() }),
  }),
  getTraining: endpoint({
    method: 'GET',
    path: '/api/trainings/:id',
    summary: 'One run: settings, curves, samples, warnings.',
    params: byId,
    query: z.strictObject({
      points: z.coerce.number().int().min(10).max(20_000).default(2000),
      /** Only what came after this step, for a page that has the rest. */
      afterStep: z.coerce.number().int().min(0).optional(),
    }),
    answer: trainingDetail,
  }),
  getSample: endpoint({
    method: 'GET',
    path: '/api/trainings/:id/samples/:step/:row/:column',
    summary: 'One picture of a sheet of samples: by step, row (from 0) and column (its key).',
    params: z.strictObject({
      id: name,
      step: z.coerce.number().int().min(0),
      row: z.coerce.number().int().min(0).max(1000),
      column: z.string().regex(/^[A-Za-z0-9_-]{1,50}$/),
    }),
    answer: 'image',
  }),
  startTraining: endpoint({
    method: 'POST',
    path: '/api/trainings',
    summary: 'Starts a training on two folders of the configured root.',
    cli: 'cyclebox train',
    body: z.strictObject({
      id: name,
      pair: z.string().max(100),
      /** Relative to the root, as `listImageFolders` names them. */
      a: z.string().max(1000),
      b: z.string().max(1000),
      /** By the names of train.json; those that are left out have its defaults, but `background`, which is true. Paths are refused. */
      options: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.number())])).default({}),
    }),
    answer: trainingRun,
  }),
  askTraining: endpoint({
    method: 'POST',
    path: '/api/trainings/:id/actions',
    summary: 'Stops a run with a checkpoint, has it write a checkpoint, samples or its pair as it is, or resumes it.',
    params: byId,
    body: z.strictObject({ action: z.enum(['stop', 'checkpoint', 'sample', 'export', 'resume']) }),
    answer: z.object({
      /** What was done, for people. */
      message: z.string(),
    }),
  }),
  usePair: endpoint({
    method: 'POST',
    path: '/api/trainings/:id/use',
    summary: 'Lets a route of the configuration use the pair of a run: its folder joins "plugins".',
    params: byId,
    body: z.strictObject({
      /** Of a route that is there, which is changed; one that is not there is added. */
      match: z.string().min(1).max(1000),
      to: z.string().max(100),
    }),
    answer: z.object({ message: z.string() }),
  }),
};
