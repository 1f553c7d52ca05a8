export { defaultMemoryLimitBytes } from './activation-memory.js';
export {
  openTranslator,
  type TranslatedImage,
  type TranslateOptions,
  type Translator,
  type TranslatorOptions,
} from './open-translator.js';
export {
  type Direction,
  directionsOf,
  type ResolveOptions,
  resolveTranslation,
  type Translation,
} from './resolve-translation.js';
export type { TranslatedPicture, TranslatePictureOptions } from './translate-picture.js';
