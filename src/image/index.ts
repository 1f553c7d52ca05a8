export {
  type AnyPicture,
  type CodingOptions,
  type Colour,
  type Depth,
  type ImageFormat,
  imageFormats,
  isDeep,
  nameForFormat,
  type Picture,
  type PictureMetadata,
  type PictureOf,
  readPicture,
  type Samples,
  samplesLike,
  toByte,
  toByteScale,
  toEightBits,
  toSample,
  toSixteenBits,
  toUnitRange,
  whiteOf,
  writePicture,
} from '../picture/index.js';
export type { DecodeColours } from './colour-reading.js';
export { type DecodeLimits, decodeImage, defaultMaxPixels } from './decode.js';
export { decodeOrStore, largePixels, type StoreChoice } from './decode-or-store.js';
export { type EncodeOptions, encodeImage, encodingNotes } from './encode.js';
export { createResultTiff, encodeStored, type StoredResult } from './encode-stored.js';
export { withoutHiddenColours } from './hidden-colours.js';
export { type ImageFacts, inspectImage } from './inspect.js';
export { blockUntrustedLoaders, decodeOnOneThread } from './loaders.js';
export { RawTiff } from './raw-tiff.js';
export { resizeAlpha, resizePicture } from './resize.js';
export { SourceColours } from './source-colours.js';
export { pictureOfStored, type StoredImage, storeImage } from './stored-image.js';
export { enlargeTiles, planTiles, type TileAxis, type TileOptions, type TilePlan } from './tiles.js';
