/** What decides when a run writes, shows and stops, but not what its weights become. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { weightStorages } from '../onnx/index.js';
import { rankingMetrics } from './evaluation/index.js';
import { parseOptions } from './parse-options.js';
import { ofPlugin, pluginName } from './plugin-names.js';

/** Paths in a configuration file are relative to it. */
const folder = z.string().min(1, { error: 'a folder' }).meta({ path: true });
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
  exportWeights: z
    .enum(weightStorages, { error: weightStorages.join(' or ') })
    .default('float32')
    .meta({
      description:
        'As what exported models hold their weights: float16 halves the files; calculated is in float32 either way.',
      flag: 'weights',
    }),
  testA: folder
    .optional()
    .describe('Folder with images of the first domain that are not trained on, to judge the training by.'),
  testB: folder.optional().describe('The same of the second domain.'),
  evaluateEvery: whole(0)
    .default(2000)
    .describe('Steps between evaluations on the images of testA and testB; 0: none.'),
  evaluateImages: whole(2).default(32).describe('Images of each of these folders that an evaluation takes, at most.'),
  metrics: z
    .array(pluginName, { error: 'a list of metrics of plugins, such as colours/colourfulness' })
    .readonly()
    .default([])
    .describe('Metrics of plugins that evaluations measure, too: PLUGIN/ID, or several.'),
  best: ofPlugin(rankingMetrics)
    .default('balance')
    .describe('Metric by which the best checkpoint is told, which is kept: the mean over the directions.'),
  patience: whole(0)
    .default(0)
    .describe('Stop after so many evaluations without a better one; 0: go on to the last step.'),
  acceptChangedData: z
    .boolean()
    .default(false)
    .describe('Resume although images have come or gone since: with a new pass over them.'),
  stopAt: whole(1).optional().describe('Stop after this step, with a checkpoint, as if interrupted.'),
});

export type RunOptions = Readonly<z.input<typeof runOptionsSchema>>;
export type RunSettings = Readonly<z.output<typeof runOptionsSchema>>;

/** @throws USAGE naming the option, its value and what is allowed. */
export function resolveRunSettings(options: RunOptions): RunSettings {
  const settings = parseOptions(runOptionsSchema, options);
  const [testA, testB] = [settings.testA, settings.testB].map(path => path && resolve(path));
  return Object.freeze({ ...settings, testA, testB });
}
