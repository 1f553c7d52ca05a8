/** Pixels in memory, and as raw files: all that a process needs to take a picture from another and hand it on. Loads no library. */
export { type CaptureFacts, captureFactsOf } from './capture-facts.js';
export { type ImageFormat, imageFormats, nameForFormat, type Picture } from './picture.js';
export { readPicture, writePicture } from './picture-file.js';
export type { PictureMetadata, TiffField } from './picture-metadata.js';
