/**
 * Pixels that lie in a file to an image file, row by row: what `encode.ts` does for pictures in memory. Metadata are put into the
 * finished file, as there, where it is small enough to be held.
 */
import { open, rm, stat, writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import { asCycleboxError, readRegularFile } from '../base/index.js';
import { type ImageFormat, type PictureMetadata, requireCoding } from '../picture/index.js';
import { embedMetadata, homelessMetadata } from './embed-metadata.js';
import { type EncodeOptions, encoder, requireFit } from './encode.js';

export interface StoredResult {
  /** A TIFF, as `raw-tiff.ts` writes it. */
  readonly pixels: string;
  readonly width: number;
  readonly height: number;
  readonly hasAlpha: boolean;
  readonly metadata: PictureMetadata | undefined;
}

/** Larger files get no metadata. */
const mostHeldBytes = 2 ** 30;

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
    const image = sharp(result.pixels, { limitInputPixels: false, sequentialRead: true });
    const upon = format === 'jpeg' && result.hasAlpha ? image.flatten({ background: '#ffffff' }) : image;
    await encoder(upon.withIccProfile('srgb'), format, options).toFile(target);
    const notes = await describe(result, target, format);
    const file = await open(target, 'r+');
    await file.sync().finally(() => file.close());
    return notes;
  } catch (error) {
    await rm(target, { force: true }).catch(() => {});
    throw asCycleboxError(error, { file: target }, 'WRITE_FAILED');
  }
}

async function describe(
  { metadata, ...size }: StoredResult,
  target: string,
  format: ImageFormat,
): Promise<readonly string[]> {
  if (!metadata) return [];
  const { size: bytes } = await stat(target);
  if (format === 'avif' || bytes > mostHeldBytes)
    return ['what it says besides its pixels (EXIF, XMP, GeoTIFF) was left out, since its result is so large'];
  await writeFile(target, embedMetadata(await readRegularFile(target), format, metadata, { ...size, isSrgb: true }));
  return homelessMetadata(metadata, format, size);
}
