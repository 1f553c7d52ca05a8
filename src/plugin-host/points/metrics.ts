/**
 * `contributes.metrics`: a figure of an evaluation, computed by the plugin's code from pictures. Whether more of it is better
 * stands in the manifest, so that tables can be read without running anything.
 */
import { z } from 'zod';
import { listPoint } from './contribution-point.js';
import { description, id, title, words } from './fields.js';

const metric = z.strictObject({
  id,
  title,
  description,
  better: z.enum(['higher', 'lower']).describe('Which way is better.'),
  unit: words.exactOptional().describe('"%", "dB"; none for plain numbers.'),
});

export const metrics = listPoint<'metrics'>({
  name: 'metrics',
  noun: 'metric',
  description: 'A figure of an evaluation. "cyclebox evaluate --metric PLUGIN/ID" names it.',
  schema: z.array(metric),
  example: [{ id: 'colourfulness', title: 'Colourfulness', better: 'higher' }],
  idOf: each => each.id,
  activationEventOf: each => `onTrain:${each.id}`,
});
