export { defaultMemoryLimitBytes } from './activation-memory.js';
export {
  openTranslator,
  type TranslatedImage,
  type TranslateOptions,
  type Translator,
  type TranslatorOptions,
} from './open-translator.js';
export type { TranslatedPicture, TranslatePictureOptions } from './translate-picture.js';
