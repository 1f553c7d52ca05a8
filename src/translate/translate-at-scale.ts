/**
 * Shows a picture to a network at the scale that it should be seen at, and gives the result the picture's own size again: a
 * smaller copy is translated and the change brought back, so that detail stays; an enlarged one is translated and shrunk.
 * At the picture's own scale it is handed over as it is, and not a byte differs from what the network makes of it.
 */
import { CycleboxError } from '../base/index.js';
import { type PictureOf, resizeAlpha, resizePicture, type Samples } from '../image/index.js';
import type { Scale } from '../plugin-api/index.js';
import { transferChange } from './transfer-change.js';

/** In pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/**
 * How large a picture of this size is shown to a network whose training images had `trainedSize` as their shorter side.
 * A number of pixels is the most that is shown: no picture is enlarged for it.
 */
export function sizeAtScale(
  { width, height }: PictureSize,
  scale: Scale,
  trainedSize: number | undefined,
  model: string,
): PictureSize {
  if (scale === 'native') return { width, height };
  const shorter = scale === 'trained' ? requireSize(trainedSize, model) : scale;
  const factor = shorter / Math.min(width, height);
  if (scale !== 'trained' && factor > 1) return { width, height };
  return { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) };
}

function requireSize(trainedSize: number | undefined, model: string): number {
  if (trainedSize !== undefined) return trainedSize;
  throw new CycleboxError(
    'SCALE_UNKNOWN',
    `${model} does not say how large its training images were (cyclebox.trained_size in its metadata, or fit.trainedSize ` +
      'in its manifest), so the scale cannot be "trained". Name a number of pixels, such as 256, or "native".',
    { subject: { file: model } },
  );
}

export interface AtSizeOptions {
  readonly maxPixels: number;
  /** Called now and then; ends the work by throwing. */
  readonly throwIfCancelled: () => void;
  /** How many times larger the sides of results are. Default 1. */
  readonly enlargement?: number | undefined;
}

/**
 * @param translate makes a picture of the same size of the one that it is given, or one `enlargement` times as large
 * @throws CycleboxError IMAGE_TOO_LARGE when an enlarged copy would have more than `maxPixels`
 */
export async function translateAtSize<S extends Samples, T extends { readonly picture: PictureOf<S> }>(
  picture: PictureOf<S>,
  size: PictureSize,
  { maxPixels, throwIfCancelled, enlargement = 1 }: AtSizeOptions,
  translate: (picture: PictureOf<S>) => Promise<T>,
): Promise<T> {
  if (isSize(picture, size)) return translate(picture);
  requireRoom(picture, size, maxPixels);
  const before = await resizePicture(picture, size.width, size.height);
  const translated = await translate(before);
  const after = translated.picture;
  const isSmaller = size.width * size.height < picture.width * picture.height;
  if (isSmaller && enlargement === 1)
    return { ...translated, picture: await transferChange(picture, { before, after }, throwIfCancelled) };
  const [width, height] = [picture.width * enlargement, picture.height * enlargement];
  const { rgb } = await resizePicture(after, width, height);
  const alpha = await resizeAlpha(picture, width, height);
  return { ...translated, picture: { ...picture, width, height, rgb, ...(alpha && { alpha }) } };
}

function isSize(one: PictureSize, other: PictureSize): boolean {
  return one.width === other.width && one.height === other.height;
}

function requireRoom(picture: PictureSize, size: PictureSize, maxPixels: number): void {
  const pixels = size.width * size.height;
  if (pixels <= Math.max(maxPixels, picture.width * picture.height)) return;
  throw new CycleboxError(
    'IMAGE_TOO_LARGE',
    `At the scale asked for, ${picture.width} × ${picture.height} become ${size.width} × ${size.height} pixels, more than the ` +
      `limit of ${Number((maxPixels / 1e6).toPrecision(4))} megapixels. Name a smaller scale, or raise the limit with ` +
      '--max-megapixels (option maxMegapixels).',
  );
}
