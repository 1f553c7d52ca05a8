/** What somebody wrote about a training, all options in one, as the order that a training process takes. */

import { deviceOptionsSchema } from '../device-options.js';
import type { TrainingFile } from '../option-groups.js';
import type { TrainingOptions } from '../options.js';
import { givenOf } from '../parse-options.js';
import type { TrainingPluginPlaces } from '../plugins/index.js';
import { runOptionsSchema } from '../run-options.js';
import type { TrainingOrder } from './training-protocol.js';

/** Enough for eyes. */
const defaultProgressEveryMs = 250;

/** What belongs nowhere is left with the training's options, whose check names it. */
export function newRunOrder(
  options: TrainingFile,
  progressEveryMs = defaultProgressEveryMs,
  plugins?: TrainingPluginPlaces,
): TrainingOrder {
  const { training, run, place } = groupOptions(options);
  return { resume: false, training: training as TrainingOptions, run, place, progressEveryMs, plugins };
}

/** @param out the run's folder */
export function resumeOrder(
  out: string,
  options: TrainingFile,
  progressEveryMs = defaultProgressEveryMs,
  plugins?: TrainingPluginPlaces,
): TrainingOrder {
  return { resume: true, out, ...groupOptions(options), progressEveryMs, plugins };
}

function groupOptions(
  options: TrainingFile,
): Pick<TrainingOrder, 'run' | 'place'> & { training: Partial<TrainingOptions> } {
  const { $schema: _, ...given } = givenOf(options);
  const entries = Object.entries(given);
  const isRun = (name: string) => Object.hasOwn(runOptionsSchema.shape, name);
  const isPlace = (name: string) => Object.hasOwn(deviceOptionsSchema.shape, name);
  return {
    run: Object.fromEntries(entries.filter(([name]) => isRun(name))),
    place: Object.fromEntries(entries.filter(([name]) => isPlace(name))),
    training: Object.fromEntries(entries.filter(([name]) => !isRun(name) && !isPlace(name))),
  };
}
