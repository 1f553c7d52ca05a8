/**
 * Checkpoints as 0.1.0 wrote them: fewer settings, no averages, pools named by domain. What was not a setting then is what
 * was always done then, so that an old run goes on as it began.
 */
import type { WeightTensors } from '../../nets/index.js';
import { defaultWeights } from '../recipes/index.js';
import type { TrainingSettings } from '../settings.js';

/** Settings that a checkpoint may lack, as everything was done before there was a choice. */
export const laterOptions = {
  ...defaultWeights,
  generator: 'resnet',
  norm: 'instance',
  discriminator: 'patch',
  discriminatorLayers: 3,
  discriminatorNorm: 'instance',
  discriminatorDownsample: 'stride',
  preprocess: 'resize-and-crop',
  pairing: 'names',
} as const satisfies Partial<TrainingSettings>;

export function settingsOfFormat1(settings: Partial<TrainingSettings>): TrainingSettings {
  return {
    ...laterOptions,
    recipe: 'cyclegan',
    upsample: 'transpose',
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
