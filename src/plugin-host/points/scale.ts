/**
 * The scale at which a picture is shown to a network: what may stand for it in manifests, configurations and on the command
 * line, in one place. What it does to a picture is `src/translate`'s business.
 */
import { z } from 'zod';
import { CycleboxError } from '../../base/index.js';
import type { Scale } from '../../plugin-api/index.js';

/** Of a number of pixels. */
const smallestScale = 16;
const largestScale = 16_384;

const allowed = `"native", "trained", or a whole number of pixels from ${smallestScale} to ${largestScale}`;
const error = `must be ${allowed}`;

export const scaleSchema = z.union(
  [z.enum(['native', 'trained']), z.int({ error }).min(smallestScale, { error }).max(largestScale, { error })],
  { error },
);

/** @throws CycleboxError USAGE naming the value and what is allowed */
export function parseScale(value: unknown): Scale {
  const isNumber = typeof value === 'string' && /^\d+$/.test(value);
  const { success, data } = scaleSchema.safeParse(isNumber ? Number(value) : value);
  if (success) return data;
  throw new CycleboxError('USAGE', `The scale is ${JSON.stringify(value)}; it must be ${allowed} (the shorter side).`);
}
