/**
 * What `import … from 'cyclebox'` offers to other programs: translating images in a pipeline. Everything else in the
 * package is internal and may change; plugin authors import `cyclebox/plugin`.
 */
export { CycleboxError, type ErrorCode, type ErrorSubject } from './base/index.js';
export type { EncodeOptions, ImageFormat, Picture } from './image/index.js';
export {
  openTranslator,
  type TranslatedImage,
  type TranslatedPicture,
  type TranslateOptions,
  type TranslatePictureOptions,
  type Translator,
  type TranslatorOptions,
} from './translate/index.js';
