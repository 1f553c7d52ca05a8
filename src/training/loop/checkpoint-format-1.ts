/**
 * Checkpoints as 0.1.0 wrote them: fewer settings, no averages, pools named by domain. What was not a setting then is what
 * was always done then, so that an old run goes on as it began.
 */
import type { WeightTensors } from '../../nets/index.js';
import type { TrainingSettings } from '../settings.js';

export function settingsOfFormat1(settings: Partial<TrainingSettings>): TrainingSettings {
  return {
    recipe: 'cyclegan',
    upsample: 'transpose',
    discriminatorLayers: 3,
    preprocess: 'resize-and-crop',
    pairing: 'names',
    accumulate: 1,
    schedule: 'linear',
    decayFrom: 0.5,
    ema: 0,
    warmStart: undefined,
    ...settings,
    sizes: [settings.size!],
    discriminatorRate: settings.learningRate!,
  } as TrainingSettings;
}

/** `A/0000` held fakes of domain A. */
export function poolsOfFormat1(pools: WeightTensors): WeightTensors {
  return Object.fromEntries(
    Object.entries(pools).map(([name, tensor]) => [name.replace(/^([AB])\//, 'fake$1/'), tensor]),
  );
}
