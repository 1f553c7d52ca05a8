/**
 * Every option of a training by what it is about, as help, configuration files and docs show them: a new option of
 * options.ts, run-options.ts or device-options.ts is in all of them without a further word.
 */
import { z } from 'zod';
import { deviceOptionsSchema } from './device-options.js';
import { trainingOptionGroups, trainingOptionsSchema } from './options.js';
import { runOptionsSchema } from './run-options.js';

export interface OptionGroup {
  /** A word for a heading. */
  readonly title: string;
  readonly schema: z.ZodObject;
}

export const optionGroups: readonly OptionGroup[] = [
  ...Object.entries(trainingOptionGroups).map(([title, shape]) => ({ title, schema: z.strictObject({ ...shape }) })),
  { title: 'Run', schema: runOptionsSchema },
  { title: 'Machine', schema: deviceOptionsSchema },
];

/** What a training's configuration file may hold: each option or none, since the command line may give the rest. */
export const trainingFileSchema = z
  .strictObject({
    $schema: z.string().optional().describe('The JSON Schema of this file, for editors.'),
    ...trainingOptionsSchema.omit({ recipeGraph: true }).partial().shape,
    ...runOptionsSchema.partial().shape,
    ...deviceOptionsSchema.partial().shape,
  })
  .describe('Configuration of a training of cyclebox: a pair of domains and how it is fitted.');

export type TrainingFile = Readonly<z.input<typeof trainingFileSchema>>;
