export { defaultMemoryLimitBytes } from './activation-memory.js';
export type { Footing, StepKind } from './footing.js';
export type { MemoryStep, OpenEngine } from './model-runner.js';
export {
  openTranslator,
  type TranslatedImage,
  type TranslateOptions,
  type Translator,
  type TranslatorOptions,
} from './open-translator.js';
export type { TranslatedPicture, TranslatePictureOptions } from './translate-picture.js';
