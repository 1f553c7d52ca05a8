/**
 * Pictures to image files, marked as sRGB, with alpha where the format has it. Quality is set high: a translation is
 * looked at for its detail, and a second lossy step should not add visible artefacts of its own. What the picture carries of
 * its source's metadata is written with it.
 */
import sharp, { type Sharp } from 'sharp';
import { asCycleboxError, CycleboxError } from '../base/index.js';
import type { ImageFormat, Picture, PictureMetadata } from '../picture/index.js';
import { embedMetadata } from './embed-metadata.js';

export interface EncodeOptions {
  /** Default: the format of the picture's source. */
  readonly format?: ImageFormat;
  /** 1-100 for JPEG, WebP and AVIF; defaults 92, 90 and 70. PNG and TIFF are lossless. */
  readonly quality?: number;
}

const maxSide: Readonly<Record<ImageFormat, number>> = {
  jpeg: 65_535,
  png: 2 ** 31 - 1,
  webp: 16_383,
  avif: 16_384,
  tiff: 2 ** 31 - 1,
};

/**
 * JPEG has no alpha: there the picture is laid on white, as a browser would show it.
 * @throws CycleboxError IMAGE_TOO_LARGE when the format cannot hold that many pixels side by side; USAGE for a quality
 * out of range
 */
export async function encodeImage(picture: Picture, options: EncodeOptions = {}): Promise<Buffer> {
  const format = options.format ?? picture.format;
  requireFit(picture, format);
  requireQuality(options.quality);
  try {
    const image = raw(format === 'jpeg' ? onWhite(picture) : picture).withIccProfile('srgb');
    const { metadata } = picture;
    if (!metadata) return await encoder(image, format, options.quality).toBuffer();
    if (format === 'avif') return await encodeDescribedAvif(image, picture, metadata, options.quality);
    return embedMetadata(await encoder(image, format, options.quality).toBuffer(), format, metadata, picture);
  } catch (error) {
    throw asCycleboxError(error);
  }
}

/** Its container is the encoder's, which takes metadata from the image that it reads: so there is one in between. */
async function encodeDescribedAvif(
  image: Sharp,
  picture: Picture,
  metadata: PictureMetadata,
  quality: number | undefined,
): Promise<Buffer> {
  const plain = await image.png({ compressionLevel: 0 }).toBuffer();
  const described = embedMetadata(plain, 'png', metadata, picture);
  return encoder(sharp(described).keepExif().keepXmp().withIccProfile('srgb'), 'avif', quality).toBuffer();
}

function encoder(image: Sharp, format: ImageFormat, quality: number | undefined): Sharp {
  switch (format) {
    case 'jpeg':
      return image.jpeg({ quality: quality ?? 92, chromaSubsampling: '4:4:4' });
    case 'png':
      return image.png();
    case 'webp':
      return image.webp({ quality: quality ?? 90, smartSubsample: true });
    case 'avif':
      return image.avif({ quality: quality ?? 70, chromaSubsampling: '4:4:4' });
    case 'tiff':
      return image.tiff({ compression: 'deflate', predictor: 'horizontal' });
    default:
      return format satisfies never;
  }
}

function raw({ width, height, rgb, alpha }: Picture): Sharp {
  return sharp(alpha ? interleave(rgb, alpha) : rgb, { raw: { width, height, channels: alpha ? 4 : 3 } });
}

function interleave(rgb: Uint8Array, alpha: Uint8Array): Uint8Array {
  const rgba = new Uint8Array(alpha.length * 4);
  for (let i = 0; i < alpha.length; i++) {
    rgba[i * 4] = rgb[i * 3]!;
    rgba[i * 4 + 1] = rgb[i * 3 + 1]!;
    rgba[i * 4 + 2] = rgb[i * 3 + 2]!;
    rgba[i * 4 + 3] = alpha[i]!;
  }
  return rgba;
}

function onWhite({ alpha, ...picture }: Picture): Picture {
  if (!alpha) return picture;
  const rgb = new Uint8Array(picture.rgb.length);
  for (let i = 0; i < alpha.length; i++)
    for (let at = i * 3; at < i * 3 + 3; at++) rgb[at] = Math.round(255 + ((picture.rgb[at]! - 255) * alpha[i]!) / 255);
  return { ...picture, rgb };
}

function requireFit({ width, height }: Picture, format: ImageFormat): void {
  const limit = maxSide[format];
  if (Math.max(width, height) <= limit) return;
  throw new CycleboxError(
    'IMAGE_TOO_LARGE',
    `An image of ${width} × ${height} pixels does not fit into ${format}, which allows ${limit} to a side. ` +
      'Write it as PNG or TIFF (--format png).',
  );
}

function requireQuality(quality: number | undefined): void {
  if (quality === undefined || (Number.isInteger(quality) && quality >= 1 && quality <= 100)) return;
  throw new CycleboxError('USAGE', `The quality is ${quality}; it must be a whole number from 1 to 100.`);
}
