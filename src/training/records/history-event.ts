/**
 * What a line of `history.jsonl` can be: one JSON object each, told apart by `kind`. Types and checks come from one
 * source. Every event says when it was (`atMs`, since 1970) and after how many steps.
 *
 * A value that was no finite number (JSON has none) is written as null and read as NaN.
 */
import { z } from 'zod';

const name = z.string();
const step = z.number().int().nonnegative();
const value = z
  .number()
  .nullable()
  .transform(number => number ?? Number.NaN);
const values = z.record(name, value).readonly();
const timed = { atMs: z.number(), step };
/** That all of the process's threads took, sessions before included; earlier versions did not write it. */
const cpuMs = z.number().optional();

/** Settings and reports of any shape, as they are shown to people. */
export type JsonObject = { readonly [key: string]: JsonValue | undefined };
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
const json = z.record(name, z.unknown()).transform(object => object as JsonObject);

const run = z.object({
  /** The pair's id, and its two domains. */
  pair: z.string(),
  domains: z.tuple([z.string(), z.string()]).readonly(),
  /** Steps in all that the run is to take. */
  steps: z.number().int().nonnegative(),
  /** Every setting, also the paths. */
  settings: json,
  /** Trained values by network. */
  parameters: z.record(name, z.number()).readonly(),
  device: z.object({ id: z.string(), name: z.string() }).readonly(),
  /** What was found in the folders, by domain or by whatever there is to tell apart. */
  data: json,
});

const warning = z
  .object({
    /** A word that stays the same: warnings of one code are one warning that goes on. */
    code: z.string(),
    message: z.string(),
    /** What to try. */
    advice: z.string(),
  })
  .readonly();

const reference = z.object({ title: z.string(), metrics: values }).readonly();

const column = z
  .object({
    /** A word such as `fakeB`: the row's tensor, and part of its files' names. */
    key: z.string(),
    /** For people: `horse → zebra`. */
    title: z.string(),
  })
  .readonly();

/** `[sum, count]` by name. */
const sums = z.record(name, z.tuple([value, z.number()]).readonly()).readonly();

/** Sums over steps that have not made a line yet. */
const openWindow = z
  .object({
    count: z.number(),
    step,
    epoch: z.number(),
    losses: sums,
    rates: values,
    images: z.number(),
    ms: z.number(),
    waitMs: z.number(),
  })
  .readonly();

const start = z.object({ kind: z.literal('start'), ...timed, version: z.string(), ...run.shape }).readonly();
const resume = z.object({ kind: z.literal('resume'), ...timed, version: z.string(), ...run.shape }).readonly();

const stepMeans = z
  .object({
    kind: z.literal('step'),
    ...timed,
    /** Time spent training since step 0, over all sessions that count. */
    elapsedMs: z.number(),
    /** Passes over the data. */
    epoch: z.number(),
    /** Means over the steps since the line before. */
    losses: values,
    /** Learning rates at this step. */
    rates: values,
    /** Of all domains together. */
    imagesPerSecond: value,
    /** Share of the time that was spent waiting for data, [0, 1]. */
    dataWaitShare: value,
  })
  .readonly();

const evaluation = z
  .object({
    kind: z.literal('evaluation'),
    ...timed,
    /** By name; what is before the first `/` is the group (`horse→zebra/style`). */
    metrics: values,
    /** The same metrics of something known: the input unchanged, real images of the target. */
    references: z.array(reference).readonly(),
    warnings: z.array(warning).readonly(),
  })
  .readonly();

const sample = z
  .object({
    kind: z.literal('sample'),
    ...timed,
    columns: z.array(column).readonly(),
    /** Paths below the run's folder, with `/`: all in one, the same small and without captions, and each by itself. */
    sheet: z.string(),
    thumbnail: z.string(),
    files: z.array(z.array(z.string()).readonly()).readonly(),
  })
  .readonly();

const checkpoint = z
  .object({
    kind: z.literal('checkpoint'),
    ...timed,
    elapsedMs: z.number(),
    cpuMs,
    /** Why it is the best so far, where it is. */
    best: z.object({ metric: z.string(), value }).readonly().optional(),
    window: openWindow.optional(),
  })
  .readonly();

const end = z
  .object({
    kind: z.literal('end'),
    ...timed,
    elapsedMs: z.number(),
    cpuMs,
    reason: z.enum(['finished', 'stopped', 'failed']),
    /** What stopped it, for people. */
    message: z.string().optional(),
  })
  .readonly();

const loose = z.object({ kind: z.literal('warning'), ...timed, ...warning.unwrap().shape }).readonly();

export const historyEvent = z.discriminatedUnion('kind', [
  start,
  resume,
  stepMeans,
  evaluation,
  sample,
  checkpoint,
  loose,
  end,
]);

export type HistoryEvent = z.infer<typeof historyEvent>;
export type HistoryKind = HistoryEvent['kind'];
export type EventOf<Kind extends HistoryKind> = Extract<HistoryEvent, { readonly kind: Kind }>;

/** What is said of a run when it starts, and again when it is resumed. Settings and data are anything that JSON can hold. */
export interface RunDescription extends Readonly<Omit<z.infer<typeof run>, 'settings' | 'data'>> {
  readonly settings: object;
  readonly data: object;
}
export type TrainingWarning = z.infer<typeof warning>;
export type ReferenceMetrics = z.infer<typeof reference>;
export type SampleColumn = z.infer<typeof column>;
export type OpenWindow = z.infer<typeof openWindow>;
