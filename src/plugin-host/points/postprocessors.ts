/**
 * `contributes.postprocessors`: code that changes a picture between translation and encoding. Routes name it; asking for one
 * activates its plugin. How the pixels reach it is the business of the plugin's process.
 */
import { z } from 'zod';
import { listPoint } from './contribution-point.js';
import { processor } from './processor.js';

export const postprocessors = listPoint<'postprocessors'>({
  name: 'postprocessors',
  noun: 'postprocessor',
  description: 'Changes a picture between translation and encoding. Routes name it by its id in "postprocessors".',
  schema: z.array(processor),
  example: [{ id: 'keep-luminance', title: 'Keep the luminance of the image' }],
  idOf: ({ id }) => id,
  activationEventOf: ({ id }) => `onTranslate:${id}`,
});
