/**
 * What an image file says of itself in its header, by the same rules by which it will be decoded, without its pixels
 * being read: so thousands of files are looked at in a second. A file that is cut off further on is not found out here.
 */

import type { ImageFormat } from '../picture/index.js';
import { type DecodeLimits, defaultMaxPixels, readHeader, requireFormat } from './decode.js';
import { planReading } from './reading-plan.js';
import { pixelBytes, requireFileSize, withImageFile } from './source.js';

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

/** @throws CycleboxError FILE_NOT_FOUND, FILE_UNREADABLE, IMAGE_UNSUPPORTED, IMAGE_CORRUPT, IMAGE_TOO_LARGE, OUT_OF_MEMORY */
export function inspectImage(path: string, limits: Pick<DecodeLimits, 'maxPixels'> = {}): Promise<ImageFacts> {
  const { maxPixels = defaultMaxPixels } = limits;
  return withImageFile(path, async ({ start, file }) => {
    const format = await requireFormat(start, path);
    requireFileSize(file.size, pixelBytes(maxPixels), path);
    const source = file.size <= wholeBytes ? await file.read(0, file.size) : path;
    const plan = await planReading(source, format, path, file);
    const metadata = await readHeader(plan, maxPixels, path);
    const { width, height } = metadata.autoOrient;
    const bands = plan.tiff?.bands;
    const hasAlpha = bands ? bands.alpha !== undefined : metadata.hasAlpha;
    const colours = bands?.colours ?? metadata.channels - (hasAlpha ? 1 : 0);
    const isDeep = metadata.depth !== 'uchar';
    return { format, width, height, isGrey: colours === 1, isDeep, hasAlpha, bytes: file.size };
  });
}
