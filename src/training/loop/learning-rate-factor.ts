/** Learning rates over a run, as factors of the first one, per step. */
import type { TrainingSettings } from '../settings.js';

/**
 * The factor for the step after `step` steps have been done. `linear` is the reference's curve, per step instead of per
 * epoch: 1 until `decayFrom` of the steps, then `1 - (step - start) / (steps - start + 1)`. `cosine` (Loshchilov & Hutter
 * 2017, without restarts) falls over the same steps by `(1 + cos π t) / 2`.
 */
export function learningRateFactor(
  step: number,
  { steps, schedule, decayFrom }: Pick<TrainingSettings, 'steps' | 'schedule' | 'decayFrom'>,
): number {
  const start = steps * decayFrom;
  const past = Math.max(0, step - start);
  switch (schedule) {
    case 'constant':
      return 1;
    case 'linear':
      return 1 - past / (steps - start + 1);
    case 'cosine':
      return (1 + Math.cos((Math.PI * past) / (steps - start + 1))) / 2;
    default:
      return schedule satisfies never;
  }
}
