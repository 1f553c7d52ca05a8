export { defaultMemoryLimitBytes } from './activation-memory.js';
export type { MemoryFallback, MemoryStepKind } from './memory-fallback.js';
export type { MemoryStep, OpenEngine } from './model-runner.js';
export {
  openTranslator,
  type TranslatedFile,
  type TranslatedImage,
  type TranslatedPicture,
  type TranslateFileOptions,
  type TranslateOptions,
  type TranslatePictureOptions,
  type Translator,
  type TranslatorOptions,
} from './open-translator.js';
export { paced } from './paced.js';
export type { PictureSize } from './translate-at-scale.js';
