export { defaultMemoryLimitBytes } from './activation-memory.js';
export type { OpenEngine } from './loaded-model.js';
export type { MemoryFallback, MemoryStepKind } from './memory-fallback.js';
export type { MemoryStep } from './model-runner.js';
export { openTranslator } from './open-translator.js';
export { paced } from './paced.js';
export type { PictureSize } from './translate-at-scale.js';
export type {
  TranslatedFile,
  TranslatedImage,
  TranslatedPicture,
  TranslatedPixels,
  TranslateFileOptions,
  TranslateOptions,
  TranslatePictureOptions,
  Translator,
} from './translator.js';
export type { TranslatorOptions } from './translator-options.js';
