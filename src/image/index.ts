export {
  type ImageFormat,
  imageFormats,
  nameForFormat,
  type Picture,
  type PictureMetadata,
  readPicture,
  writePicture,
} from '../picture/index.js';
export { type DecodeLimits, decodeImage, defaultMaxPixels } from './decode.js';
export { homelessMetadata } from './embed-metadata.js';
export { type EncodeOptions, encodeImage } from './encode.js';
export { type ImageFacts, inspectImage } from './inspect.js';
export { blockUntrustedLoaders, decodeOnOneThread } from './loaders.js';
export { resizeAlpha, resizePicture } from './resize.js';
export { enlargeTiles, planTiles, type TileAxis, type TileOptions, type TilePlan } from './tiles.js';
export { toByte, toByteScale, toUnitRange } from './unit-range.js';
