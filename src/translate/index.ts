export { defaultMemoryLimitBytes } from './activation-memory.js';
export type { OpenEngine } from './loaded-model.js';
export type { MemoryFallback, MemoryStepKind } from './memory-fallback.js';
export type { MemoryStep } from './model-runner.js';
export {
  openTranslator,
  type TranslatedFile,
  type TranslatedImage,
  type TranslatedPicture,
  type TranslatedPixels,
  type TranslateFileOptions,
  type TranslateOptions,
  type TranslatePictureOptions,
  type Translator,
  type TranslatorOptions,
} from './open-translator.js';
export { paced } from './paced.js';
export type { PictureSize } from './translate-at-scale.js';
