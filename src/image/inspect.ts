/**
 * What an image file says of itself in its header, by the same rules by which it will be decoded, without its pixels
 * being read: so thousands of files are looked at in a second. A file that is cut off further on is not found out here.
 */
import { type DecodeLimits, defaultMaxPixels, readHeader, requireFormat } from './decode.js';
import type { ImageFormat } from './picture.js';
import { readImageStart } from './source.js';

export interface ImageFacts {
  readonly format: ImageFormat;
  /** Pixels, upright: what `decodeImage` will give. */
  readonly width: number;
  readonly height: number;
  /** One channel, besides alpha. */
  readonly isGrey: boolean;
  /** More than 8 bits a channel. */
  readonly isDeep: boolean;
  readonly hasAlpha: boolean;
  /** Of the file. */
  readonly bytes: number;
}

/** Larger files are read by their headers only; smaller ones whole, since libvips may remember a header by its path. */
const wholeBytes = 2 ** 20;

/** @throws CycleboxError FILE_NOT_FOUND, FILE_UNREADABLE, IMAGE_UNSUPPORTED, IMAGE_CORRUPT, IMAGE_TOO_LARGE */
export async function inspectImage(path: string, limits: Pick<DecodeLimits, 'maxPixels'> = {}): Promise<ImageFacts> {
  const { start, bytes, whole } = await readImageStart(path, wholeBytes);
  const format = requireFormat(start, path);
  const metadata = await readHeader(whole ?? path, format, limits.maxPixels ?? defaultMaxPixels, path);
  const { width, height } = metadata.autoOrient;
  const colours = metadata.channels - (metadata.hasAlpha ? 1 : 0);
  return {
    format,
    width,
    height,
    isGrey: colours === 1,
    isDeep: metadata.depth !== 'uchar',
    hasAlpha: metadata.hasAlpha,
    bytes,
  };
}
