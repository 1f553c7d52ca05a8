export { type DataReport, describeReport, type FolderScan, matchPairs, scanFolder } from './data/index.js';
export { type DeviceOptions, deviceOptionsSchema } from './device-options.js';
export * from './evaluation/index.js';
export { encodeGenerator, type GeneratorModel } from './generator-model.js';
export {
  compilePhase,
  type FindMetric,
  hasCheckpoint,
  ImagePool,
  type Losses,
  learningRateFactor,
  StepRunner,
  Trainer,
  type TrainerOptions,
  variablesOf,
} from './loop/index.js';
export { estimateMemory, type MemoryEstimate } from './memory/index.js';
export { type OptionGroup, optionGroups, type TrainingFile, trainingFileSchema } from './option-groups.js';
export { type TrainingOptions, trainingOptionsSchema } from './options.js';
export { isPluginName, type PluginName } from './plugin-names.js';
export { pluginMetric, type TrainingPluginPlaces } from './plugins/index.js';
export * from './process/index.js';
export * from './recipes/index.js';
export { type EventOf, historyPath, type RunHistory, readHistory } from './records/index.js';
export { type RunOptions, resolveRunSettings, runOptionsSchema } from './run-options.js';
export { recipeOf, recipeSettings, resolveTrainingSettings, type TrainingSettings } from './settings.js';
export * from './sweeps/index.js';
export type { TrainingEvent, TrainingEventKind, TrainingEventOf, TrainingProgress } from './training-event.js';
