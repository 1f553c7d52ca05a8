/**
 * What `import … from 'cyclebox'` offers to other programs: translating images in a pipeline, and training new pairs.
 * Everything else in the package is internal and may change; plugin authors import `cyclebox/plugin`.
 */
export { CycleboxError, type ErrorCode, type ErrorSubject } from './base/index.js';
export type { Device, EngineChoice, Precision } from './engine/index.js';
export type { EncodeOptions, ImageFormat, Picture } from './image/index.js';
export type { Scale } from './plugin-api/index.js';
export {
  resumeTraining,
  type TrainingEvent,
  type TrainingOptions,
  type TrainingProcess,
  type TrainingProgress,
  type TrainingResult,
  type TrainOptions,
  train,
} from './training/index.js';
export {
  type MemoryFallback,
  type MemoryStep,
  type MemoryStepKind,
  type OpenEngine,
  openTranslator,
  type TranslatedImage,
  type TranslatedPicture,
  type TranslateOptions,
  type TranslatePictureOptions,
  type Translator,
  type TranslatorOptions,
} from './translate/index.js';
