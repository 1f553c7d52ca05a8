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
