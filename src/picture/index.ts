/** Pixels in memory, and as raw files: all that a process needs to take a picture from another and hand it on. Loads no library. */
export { type CaptureFacts, captureFactsOf } from './capture-facts.js';
export {
  type CodingOptions,
  type Colour,
  chromas,
  codingFault,
  colours,
  type Depth,
  deepFormats,
  depths,
  mergedOutput,
  type OutputOptions,
  outputFault,
  requireCoding,
  tiffCompressions,
} from './coding-options.js';
export {
  leadsElsewhere,
  type NamedResult,
  type NameFacts,
  type NameWord,
  nameAfter,
  nameFactsOf,
  nameFault,
  nameWords,
  type TemplatedName,
} from './name-template.js';
export {
  type AnyPicture,
  type ImageFormat,
  imageFormats,
  nameForFormat,
  type Picture,
  type PictureOf,
  type Samples,
  type SourceSpace,
} from './picture.js';
export { readPicture, writePicture } from './picture-file.js';
export type { PictureMetadata, TiffField } from './picture-metadata.js';
export { isDeep, samplesLike, toEightBits, toSixteenBits, whiteOf } from './samples.js';
export { toByte, toByteScale, toSample, toUnitRange } from './unit-range.js';
