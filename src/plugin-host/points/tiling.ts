/**
 * How an image is taken that does not go through a network in one piece: what may stand for it in manifests, configurations and on
 * the command line, in one place. What it does is `src/translate`'s business.
 */
import { z } from 'zod';
import { CycleboxError } from '../../base/index.js';
import type { Tiling } from '../../plugin-api/index.js';

export const tilings = ['exact', 'thumbnail', 'independent'] as const satisfies readonly Tiling[];

const allowed = '"exact", "thumbnail" or "independent"';

export const tilingSchema = z.enum(tilings, { error: `must be ${allowed}` });

/** @throws CycleboxError USAGE naming the value and what is allowed */
export function parseTiling(value: unknown): Tiling {
  const { success, data } = tilingSchema.safeParse(value);
  if (success) return data;
  throw new CycleboxError('USAGE', `The tiling is ${JSON.stringify(value)}; it must be ${allowed}.`);
}
