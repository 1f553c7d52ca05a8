export { ImageFolder } from './data/image-folder.js';
export { UnpairedSampler } from './data/unpaired-sampler.js';
export { encodeGenerator, type GeneratorModel, generatorGraph } from './generator-model.js';
export { hasCheckpoint } from './loop/checkpoint.js';
export { ImagePool } from './loop/image-pool.js';
export { learningRateAt } from './loop/schedule.js';
export { Trainer, type TrainerOptions, type TrainingProgress } from './loop/trainer.js';
export { initialState } from './loop/training-parts.js';
export { type AdamSettings, adamDefaults, adamInputs, adamScalars, momentNames } from './recipes/adam.js';
export {
  type CycleGanSpec,
  discriminatorNames,
  discriminatorStep,
  generatorNames,
  generatorStep,
  type NetworkName,
  specOf,
  trainedParameters,
  weightName,
} from './recipes/cyclegan-step.js';
export { type AdversarialLoss, adversarialLoss, adversarialLosses } from './recipes/losses.js';
export { cycleGanSpec, resolveTrainingSettings, type TrainingOptions, type TrainingSettings } from './settings.js';
