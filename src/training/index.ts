export { type AdamSettings, adamDefaults, adamInputs, adamScalars, momentNames } from './adam.js';
export { hasCheckpoint } from './checkpoint.js';
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
} from './cyclegan-step.js';
export { encodeGenerator, type GeneratorModel, generatorGraph } from './generator-model.js';
export { ImageFolder } from './image-folder.js';
export { ImagePool } from './image-pool.js';
export { type AdversarialLoss, adversarialLoss, adversarialLosses } from './losses.js';
export { learningRateAt } from './schedule.js';
export { cycleGanSpec, resolveTrainingSettings, type TrainingOptions, type TrainingSettings } from './settings.js';
export { Trainer, type TrainerOptions, type TrainingProgress } from './trainer.js';
export { initialState } from './training-parts.js';
export { UnpairedSampler } from './unpaired-sampler.js';
