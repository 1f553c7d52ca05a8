/**
 * Pixels that lie in a file to an image file, row by row: what `encode.ts` does for pictures in memory. Metadata are put into the
 * finished file, as there, where it is small enough to be held.
 */
import { open, rm, stat, writeFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { asCycleboxError, pixelsInBytes, readRegularFile } from '../base/index.js';
import { deepFormats, type ImageFormat, type PictureMetadata, requireCoding } from '../picture/index.js';
import { embedIntoTiff, embedMetadata, homelessMetadata } from './embed-metadata.js';
import { srgbProfile } from './embed-profile.js';
import { type EncodeOptions, encoder, lostDepth, requireFit } from './encode.js';
import { RawTiff } from './raw-tiff.js';

export interface StoredResult {
  /** A TIFF, as `createResultTiff` makes it. */
  readonly pixels: string;
  readonly width: number;
  readonly height: number;
  readonly hasAlpha: boolean;
  /** Bits of each value. */
  readonly depth: 8 | 16;
  /** Rather than of the space of the source. */
  readonly isSrgb: boolean;
  readonly metadata: PictureMetadata | undefined;
}

/**
 * The file for a result's pixels: it names the space of their colours, since libvips guesses it where nothing does.
 * @param icc of that space; undefined: sRGB
 */
export async function createResultTiff(
  pixels: string,
  { hasAlpha, ...size }: Pick<StoredResult, 'width' | 'height' | 'hasAlpha' | 'depth'>,
  icc: Uint8Array | undefined,
): Promise<RawTiff> {
  return RawTiff.create(pixels, { ...size, channels: hasAlpha ? 4 : 3, icc: icc ?? (await srgbProfile()) });
}

/** Larger files other than TIFFs get no metadata. */
const mostHeldBytes = 2 ** 30;

/** TIFFs whose pixels take more get offsets of 8 bytes, since those of 4 might not do. */
const mostPlainTiffBytes = 3.5 * 2 ** 30;

/**
 * Writes and flushes `target`, which must not exist; nothing stays of it where that fails.
 * @returns what had no place in it
 * @throws CycleboxError IMAGE_TOO_LARGE, USAGE, WRITE_FAILED
 */
export async function encodeStored(
  result: StoredResult,
  target: string,
  options: EncodeOptions & { readonly format: ImageFormat },
): Promise<readonly string[]> {
  const { format } = options;
  requireFit(result, format);
  requireCoding(options, format);
  try {
    await (await open(target, 'wx')).close();
    await withPixelsFor(result, format, async pixels => {
      await encoder(tagged(pixels, format), format, options, isVast(pixels)).toFile(target);
    });
    const notes = await describe(result, target, format);
    const file = await open(target, 'r+');
    await file.sync().finally(() => file.close());
    return [...(result.depth === 16 ? lostDepth(format) : []), ...notes];
  } catch (error) {
    await rm(target, { force: true }).catch(() => {});
    throw asCycleboxError(error, { file: target }, 'WRITE_FAILED');
  }
}

const isVast = ({ width, height, depth, hasAlpha }: StoredResult): boolean =>
  (width * height * (hasAlpha ? 4 : 3) * depth) / 8 > mostPlainTiffBytes;

/** Of 16 bits where the format has them, else of 8 in a file of their own. */
async function withPixelsFor(
  result: StoredResult,
  format: ImageFormat,
  use: (result: StoredResult) => Promise<void>,
): Promise<void> {
  if (result.depth === 8 || deepFormats.has(format)) return use(result);
  const eightBits: StoredResult = { ...result, depth: 8, pixels: pixelsInBytes(result.pixels) };
  try {
    await halved(result)
      .tiff({ compression: 'none', bigtiff: isVast(eightBits) })
      .toFile(eightBits.pixels);
    await use(eightBits);
  } finally {
    await rm(eightBits.pixels, { force: true }).catch(() => {});
  }
}

/** The nearest byte of each value: libvips cuts the lower 8 bits off, and so what is rounded comes before that. */
function halved({ pixels, hasAlpha }: StoredResult): Sharp {
  const bands = hasAlpha ? 4 : 3;
  const [factor, half] = [new Array<number>(bands).fill(256 / 257), new Array<number>(bands).fill(128)];
  return opened(pixels).linear(factor, half).toColourspace('srgb').keepIccProfile();
}

const opened = (pixels: string): Sharp => sharp(pixels, { limitInputPixels: false, sequentialRead: true });

/** With the profile that its file has; not a value is changed for it. */
function tagged({ pixels, hasAlpha, depth }: StoredResult, format: ImageFormat): Sharp {
  const image = opened(pixels);
  const upon = format === 'jpeg' && hasAlpha ? image.flatten({ background: '#ffffff' }) : image;
  return upon.toColourspace(depth === 16 ? 'rgb16' : 'srgb').keepIccProfile();
}

async function describe(result: StoredResult, target: string, format: ImageFormat): Promise<readonly string[]> {
  const { metadata } = result;
  if (!metadata) return [];
  const isDescribed =
    format === 'tiff' ? await describeTiff(result, target) : await describeOther(result, target, format);
  return isDescribed
    ? homelessMetadata(metadata, format, result)
    : ['what it says besides its pixels (EXIF, XMP, GeoTIFF) was left out, since its result is so large'];
}

/** Where it lies. */
async function describeTiff(result: StoredResult, target: string): Promise<boolean> {
  const file = await open(target, 'r+');
  try {
    const { size } = await file.stat();
    const read = async (offset: number, length: number) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, (await file.read(bytes, 0, length, offset)).bytesRead);
    };
    const write = async (offset: number, bytes: Buffer) => {
      for (let done = 0; done < bytes.length; )
        done += (await file.write(bytes, done, bytes.length - done, offset + done)).bytesWritten;
    };
    return await embedIntoTiff({ size, read, write }, result.metadata!, result);
  } finally {
    await file.close();
  }
}

async function describeOther(
  result: StoredResult,
  target: string,
  format: Exclude<ImageFormat, 'tiff'>,
): Promise<boolean> {
  if (format === 'avif' || (await stat(target)).size > mostHeldBytes) return false;
  await writeFile(target, embedMetadata(await readRegularFile(target), format, result.metadata!, result));
  return true;
}
