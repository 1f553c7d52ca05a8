/** Stages of growing crops: equally many steps each, the last one at the size that the pair is trained for. */
import type { TrainingSettings } from '../settings.js';

export interface Stage {
  readonly index: number;
  /** Side of the crops, pixels. */
  readonly size: number;
  /** The shorter side images are scaled to, 0 for not at all: in proportion to the crops. */
  readonly loadSize: number;
  /** The first step, counted from 0, that is of the next stage, or the run's end. */
  readonly end: number;
}

type Sizes = Pick<TrainingSettings, 'sizes' | 'size' | 'loadSize' | 'steps'>;

/** The stage of the step after `step` steps have been done. */
export function stageAt(step: number, { sizes, size: last, loadSize, steps }: Sizes): Stage {
  const index = Math.min(sizes.length - 1, Math.floor((step * sizes.length) / Math.max(1, steps)));
  const size = sizes[index]!;
  const end = index === sizes.length - 1 ? steps : Math.ceil(((index + 1) * steps) / sizes.length);
  return { index, size, loadSize: Math.round((loadSize * size) / last), end };
}
