/** What decides when a run writes, shows and stops, but not what its weights become. */
import { z } from 'zod';
import { parseOptions } from './parse-options.js';

const whole = (least: number) =>
  z.int({ error: `a whole number ≥ ${least}` }).min(least, { error: `a whole number ≥ ${least}` });

export const runOptionsSchema = z.strictObject({
  sampleEvery: whole(1).default(500).describe('Steps between sample sheets.'),
  checkpointEvery: z
    .number({ error: 'minutes ≥ 0' })
    .min(0, { error: 'minutes ≥ 0' })
    .default(5)
    .describe('Minutes between checkpoints, at most; 0: one after every step.'),
  keep: whole(1).default(2).describe('Checkpoints kept: the latest ones.'),
  keepEvery: whole(0).default(0).describe('Also keep the first checkpoint of every so many steps; 0: none.'),
  exportEvery: whole(0)
    .default(0)
    .describe('Steps between writings of the plugin folder, to try it during training; 0: at the end only.'),
  stopAt: whole(1).optional().describe('Stop after this step, with a checkpoint, as if interrupted.'),
});

export type RunOptions = Readonly<z.input<typeof runOptionsSchema>>;
export type RunSettings = Readonly<z.output<typeof runOptionsSchema>>;

/** @throws USAGE naming the option, its value and what is allowed. */
export function resolveRunSettings(options: RunOptions): RunSettings {
  return Object.freeze(parseOptions(runOptionsSchema, options));
}
