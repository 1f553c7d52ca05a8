/**
 * Training from a program: `train(options)` and `resumeTraining(folder)` start a training in a process of its own and return
 * at once. What may be set is what `cyclebox train` takes.
 */

import type { DeviceOptions } from '../device-options.js';
import type { TrainingOptions } from '../options.js';
import type { RunOptions } from '../run-options.js';
import { newRunOrder, resumeOrder } from './training-order.js';
import { TrainingProcess, type TrainingProcessOptions } from './training-process.js';

/** When a run writes and stops, where it runs, and how much of it is told. */
export interface TrainOptions extends RunOptions, DeviceOptions, TrainingProcessOptions {
  /** Time between two `progress` events, at least, in ms. Default 250; 0: one after each step. */
  readonly progressEveryMs?: number | undefined;
  /** Folders with plugins, for recipes and metrics that they bring; those that come with cyclebox are there without it. */
  readonly plugins?: readonly string[] | undefined;
}

/** Fits a new pair. What is wrong with the options is told by `result`. */
export function train(training: TrainingOptions, options: TrainOptions = {}): TrainingProcess {
  const { progressEveryMs, plugins, onLine, entry, ...others } = options;
  const order = newRunOrder({ ...training, ...others }, progressEveryMs, { folders: plugins });
  return new TrainingProcess(order, { onLine, entry });
}

/**
 * Goes on with a run from its folder's latest checkpoint, as it was called.
 * @param changes other steps in all, and folders that have moved; another value of anything else is refused
 */
export function resumeTraining(
  out: string,
  changes: Partial<TrainingOptions> = {},
  options: TrainOptions = {},
): TrainingProcess {
  const { progressEveryMs, plugins, onLine, entry, ...others } = options;
  const order = resumeOrder(out, { ...changes, ...others }, progressEveryMs, { folders: plugins });
  return new TrainingProcess(order, { onLine, entry });
}
