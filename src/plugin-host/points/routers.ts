/**
 * `contributes.routers`: code that chooses the translation of a file from its path, its EXIF data or its content. A route names
 * it instead of a pair. What it answers is checked by whoever asks it.
 */
import { z } from 'zod';
import { listPoint } from './contribution-point.js';
import { description, id, title } from './fields.js';

export const routers = listPoint<'routers'>({
  name: 'routers',
  noun: 'router',
  description:
    'Chooses the translation of a file from its path, its EXIF data or its content. Routes name it by its id.',
  schema: z.array(z.strictObject({ id, title, description })),
  example: [{ id: 'by-season', title: 'By the month in which it was taken' }],
  idOf: router => router.id,
  activationEventOf: router => `onTranslate:${router.id}`,
});
