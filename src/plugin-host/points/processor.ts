/** What pre- and postprocessors say of themselves: the same, so it stands once. */
import { z } from 'zod';
import { description, id, title } from './fields.js';

export const processor = z.strictObject({ id, title, description });
