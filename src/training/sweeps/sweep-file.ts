/**
 * `sweep.json`: trainings that differ in few options, each with the same seeds. Either every combination of some options' values
 * (`factors`), or rows that are written out (`rows`).
 */
import { z } from 'zod';
import { rankingMetrics } from '../evaluation/index.js';
import { trainingFileSchema } from '../option-groups.js';

/** What a sweep decides itself. */
const ownOptions = { $schema: true, out: true, seed: true, stopAt: true } as const;
const optionsSchema = trainingFileSchema.omit(ownOptions);

const name = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$/, 'must be of letters, digits, ".", "_" and "-", 40 at most');

/** Of every option a list of values. */
const factors = z.strictObject(
  Object.fromEntries(
    Object.entries(optionsSchema.shape).map(([option, schema]) => [option, valuesOf(schema as z.ZodType)]),
  ),
);

function valuesOf(option: z.ZodType) {
  const value = option instanceof z.ZodOptional ? (option.unwrap() as z.ZodType) : option;
  return z.array(value).min(1, 'a list of values').optional();
}

export const sweepFileSchema = z
  .strictObject({
    $schema: z.string().optional().describe('The JSON Schema of this file, for editors.'),
    name: name
      .optional()
      .describe("The sweep's name, before those of its runs in a queue. Default: that of its folder."),
    base: optionsSchema.optional().describe('Options that all trainings have, as in train.json.'),
    factors: factors.optional().describe('Of some options a list of values each: every combination is trained.'),
    rows: z
      .array(optionsSchema.extend({ name: name.optional().describe('What the row is called in the table.') }))
      .min(1, 'at least one row')
      .optional()
      .describe('Trainings written out: of each what differs from the base.'),
    seeds: z
      .array(z.int({ error: 'whole numbers ≥ 0' }).min(0))
      .min(1, 'at least one seed')
      .optional()
      .describe('Every row is trained once with each. Default: 1.'),
    best: z
      .enum(rankingMetrics)
      .optional()
      .describe(
        'Metric by which the best row is told, the mean over the directions. Default: that of base, or balance.',
      ),
  })
  .refine(({ factors, rows }) => (factors === undefined) !== (rows === undefined), {
    error: 'needs either "factors" or "rows"',
  })
  .describe('A sweep of cyclebox: trainings that differ in few options, and one table of what came of them.');

export type SweepFile = Readonly<z.input<typeof sweepFileSchema>>;
