/**
 * `contributes.recipes`: what one training step computes. The plugin's code is asked once, for the step as a graph; it takes no
 * part in the training itself.
 */
import { z } from 'zod';
import { listPoint } from './contribution-point.js';
import { description, id, title } from './fields.js';

export const recipes = listPoint<'recipes'>({
  name: 'recipes',
  noun: 'recipe',
  description:
    'What one training step computes, returned as a graph once. "cyclebox train --recipe PLUGIN/ID" names it.',
  schema: z.array(z.strictObject({ id, title, description })),
  example: [{ id: 'hinge-gan', title: 'CycleGAN with a hinge loss' }],
  idOf: recipe => recipe.id,
  activationEventOf: recipe => `onTrain:${recipe.id}`,
});
