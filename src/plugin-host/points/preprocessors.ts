/**
 * `contributes.preprocessors`: code that changes a picture between decoding and translation. Routes name it; asking for one
 * activates its plugin. How the pixels reach it is the business of the plugin's process.
 */
import { z } from 'zod';
import { listPoint } from './contribution-point.js';
import { processor } from './processor.js';

export const preprocessors = listPoint<'preprocessors'>({
  name: 'preprocessors',
  noun: 'preprocessor',
  description: 'Changes a picture between decoding and translation. Routes name it by its id in "preprocessors".',
  schema: z.array(processor),
  example: [{ id: 'auto-levels', title: 'Auto levels' }],
  idOf: ({ id }) => id,
  activationEventOf: ({ id }) => `onTranslate:${id}`,
});
