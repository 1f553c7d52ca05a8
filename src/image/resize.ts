/** Resampling of pictures: bicubic, with antialiasing when shrinking (libvips). */
import sharp from 'sharp';
import type { Picture } from '../picture/index.js';

/** The picture at another size, in pixels; alpha is not kept. */
export async function resizePicture(picture: Picture, width: number, height: number): Promise<Picture> {
  if (picture.width === width && picture.height === height) return picture;
  const rgb = await sharp(picture.rgb, { raw: { width: picture.width, height: picture.height, channels: 3 } })
    .resize(width, height, { kernel: 'cubic', fit: 'fill' })
    .raw()
    .toBuffer();
  return { width, height, rgb, format: picture.format };
}

/** Opacity at that size; undefined where there is none. */
export async function resizeAlpha(
  { alpha, width: from, height: fromHeight }: Pick<Picture, 'alpha' | 'width' | 'height'>,
  width: number,
  height: number,
): Promise<Uint8Array | undefined> {
  if (!alpha || (from === width && fromHeight === height)) return alpha;
  const raw = { width: from, height: fromHeight, channels: 1 } as const;
  const resized = sharp(alpha, { raw }).resize(width, height, { kernel: 'linear', fit: 'fill' });
  return await resized.extractChannel(0).raw().toBuffer();
}
