/** Whether options can be trained with, as far as that is seen without data, device and plugins: for whoever has others train. */
import { checkDeviceOptions } from '../device-options.js';
import type { TrainingFile } from '../option-groups.js';
import { isPluginName } from '../plugin-names.js';
import { resolveRunSettings } from '../run-options.js';
import { resolveTrainingSettings } from '../settings.js';
import { newRunOrder } from './training-order.js';

/** @throws USAGE naming the option, its value and what is allowed */
export function checkTraining(options: TrainingFile): void {
  const order = newRunOrder(options);
  if (order.resume) return;
  const { training, run, place } = order;
  resolveRunSettings(run);
  checkDeviceOptions(place);
  // What a plugin's recipe takes, only the plugin knows.
  if (!isPluginName(training.recipe ?? 'cyclegan')) resolveTrainingSettings(training);
}
