export { type DecodeLimits, decodeImage, defaultMaxPixels } from './decode.js';
export { homelessMetadata } from './embed-metadata.js';
export { type EncodeOptions, encodeImage } from './encode.js';
export { type ImageFacts, inspectImage } from './inspect.js';
export { blockUntrustedLoaders, decodeOnOneThread } from './loaders.js';
export {
  type ImageFormat,
  imageFormats,
  nameForFormat,
  type Picture,
} from './picture.js';
export { readPicture, writePicture } from './picture-file.js';
export type { PictureMetadata } from './picture-metadata.js';
export { resizePicture } from './resize.js';
export { planTiles, type TileAxis, type TileOptions, type TilePlan } from './tiles.js';
export { toByte, toByteScale, toUnitRange } from './unit-range.js';
