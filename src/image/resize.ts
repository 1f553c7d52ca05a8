/** Resampling of pictures: bicubic, with antialiasing when shrinking (libvips). */
import sharp from 'sharp';
import type { PictureOf, Samples } from '../picture/index.js';
import { asSamplesOf, rawOf } from './raw-samples.js';

/** The picture at another size, in pixels, and of its own depth; alpha is not kept. */
export async function resizePicture<S extends Samples>(
  picture: PictureOf<S>,
  width: number,
  height: number,
): Promise<PictureOf<S>> {
  if (picture.width === width && picture.height === height) return picture;
  const { rgb: from, format } = picture;
  const resized = sharp(from, { raw: { width: picture.width, height: picture.height, channels: 3 } }).resize(
    width,
    height,
    { kernel: 'cubic', fit: 'fill' },
  );
  return { width, height, rgb: asSamplesOf(from, await rawOf(resized, from, 3).toBuffer()), format };
}

/** Opacity at that size; undefined where there is none. */
export async function resizeAlpha<S extends Samples>(
  { alpha, width: from, height: fromHeight }: Pick<PictureOf<S>, 'alpha' | 'width' | 'height'>,
  width: number,
  height: number,
): Promise<S | undefined> {
  if (!alpha || (from === width && fromHeight === height)) return alpha;
  const raw = { width: from, height: fromHeight, channels: 1 } as const;
  const resized = sharp(alpha, { raw }).resize(width, height, { kernel: 'linear', fit: 'fill' });
  return asSamplesOf(alpha, await rawOf(resized, alpha, 1).toBuffer());
}
