/**
 * Pictures to image files, marked as sRGB or in the space of their source, with alpha and 16 bits where the format has them. Quality is set high: a translation
 * is looked at for its detail, and a second lossy step should not add visible artefacts of its own. What the picture carries of
 * its source's metadata is written with it.
 */
import sharp, { type Sharp } from 'sharp';
import { asCycleboxError, CycleboxError } from '../base/index.js';
import {
  type AnyPicture,
  type CodingOptions,
  type Colour,
  deepFormats,
  type ImageFormat,
  isDeep,
  type PictureMetadata,
  type PictureOf,
  requireCoding,
  type Samples,
  samplesLike,
  toEightBits,
  whiteOf,
} from '../picture/index.js';
import { type EmbedInto, embedMetadata, homelessMetadata } from './embed-metadata.js';
import { type RawImage, srgbProfile, withProfile } from './embed-profile.js';
import { toSource } from './source-colours.js';

export interface EncodeOptions extends CodingOptions {
  /** Default: the format of the picture's source. */
  readonly format?: ImageFormat | undefined;
  /** `source`: in the space of its source, where the picture was read for that. Default `srgb`. */
  readonly colour?: Colour | undefined;
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
 * out of range, or what the format does not have
 */
export async function encodeImage(picture: AnyPicture, options: EncodeOptions = {}): Promise<Buffer> {
  const format = options.format ?? picture.format;
  requireFit(picture, format);
  requireCoding(options, options.format);
  const fitting = deepFormats.has(format) ? picture : toEightBits(picture);
  const own = options.colour === 'source' ? toSource(fitting) : withoutSpace(fitting);
  const opaque = format === 'jpeg' ? onWhite(own) : own;
  try {
    const { metadata } = picture;
    if (!metadata) return await encoder(await tagged(opaque), format, options).toBuffer();
    if (format === 'avif') return await encodeDescribedAvif(opaque, metadata, options);
    const bytes = await encoder(await tagged(opaque), format, options).toBuffer();
    return embedMetadata(bytes, format, metadata, describedBy(opaque));
  } catch (error) {
    throw asCycleboxError(error);
  }
}

/** What of a picture has no place in the file that `encodeImage` makes: sentences without a subject, which is the source. */
export function encodingNotes(picture: AnyPicture, { format = picture.format }: EncodeOptions): readonly string[] {
  return [
    ...(isDeep(picture) ? lostDepth(format) : []),
    ...(picture.metadata ? homelessMetadata(picture.metadata, format, picture) : []),
  ];
}

/** What becomes of 16 bits a channel. */
export function lostDepth(format: ImageFormat): readonly string[] {
  return deepFormats.has(format) ? [] : [`its 16 bits a channel became 8, since ${format} has no more`];
}

/** Its container is the encoder's, which takes metadata from the image that it reads: so there is one in between. */
async function encodeDescribedAvif(
  picture: AnyPicture,
  metadata: PictureMetadata,
  options: EncodeOptions,
): Promise<Buffer> {
  const plain = await (await tagged(picture)).png({ compressionLevel: 0 }).toBuffer();
  const described = embedMetadata(plain, 'png', metadata, describedBy(picture));
  const image = sharp(described, { limitInputPixels: false }).keepExif().keepXmp().keepIccProfile();
  return encoder(image, 'avif', options).toBuffer();
}

const describedBy = ({ width, height, space }: AnyPicture): EmbedInto => ({
  width,
  height,
  isSrgb: space === undefined,
});

/** @param bigtiff a TIFF of more than 4 GB needs it */
export function encoder(image: Sharp, format: ImageFormat, options: EncodeOptions, bigtiff = false): Sharp {
  const { quality, lossless = false, chroma, compression } = options;
  switch (format) {
    case 'jpeg':
      return image.jpeg({ quality: quality ?? 92, chromaSubsampling: chroma ?? '4:4:4' });
    case 'png':
      return image.png(typeof compression === 'number' ? { compressionLevel: compression } : {});
    case 'webp':
      return image.webp({ quality: quality ?? 90, lossless, smartSubsample: true });
    case 'avif':
      return image.avif({
        quality: quality ?? 70,
        lossless,
        chromaSubsampling: lossless ? '4:4:4' : (chroma ?? '4:4:4'),
      });
    case 'tiff':
      return image.tiff({
        compression: typeof compression === 'string' ? compression : 'deflate',
        predictor: 'horizontal',
        bigtiff,
      });
    default:
      return format satisfies never;
  }
}

/** With the profile of its colours. */
async function tagged(picture: AnyPicture): Promise<Sharp> {
  const image = raw(picture);
  if (picture.space) return withProfile(image, picture.space.icc);
  if (isDeep(picture)) return withProfile(image, await srgbProfile());
  const { data, width, height, channels } = image;
  return sharp(data, { raw: { width, height, channels } }).withIccProfile('srgb');
}

function withoutSpace<S extends Samples>({ space: _, ...picture }: PictureOf<S>): PictureOf<S> {
  return picture;
}

function raw({ width, height, rgb, alpha }: AnyPicture): RawImage {
  return { data: alpha ? interleave(rgb, alpha) : rgb, width, height, channels: alpha ? 4 : 3 };
}

function interleave<S extends Samples>(rgb: S, alpha: S): S {
  const rgba = samplesLike(rgb, alpha.length * 4);
  for (let i = 0; i < alpha.length; i++) {
    rgba[i * 4] = rgb[i * 3]!;
    rgba[i * 4 + 1] = rgb[i * 3 + 1]!;
    rgba[i * 4 + 2] = rgb[i * 3 + 2]!;
    rgba[i * 4 + 3] = alpha[i]!;
  }
  return rgba;
}

function onWhite<S extends Samples>({ alpha, ...picture }: PictureOf<S>): PictureOf<S> {
  if (!alpha) return picture;
  const white = whiteOf(alpha);
  const rgb = samplesLike(picture.rgb, picture.rgb.length);
  for (let i = 0; i < alpha.length; i++)
    for (let at = i * 3; at < i * 3 + 3; at++)
      rgb[at] = Math.round(white + ((picture.rgb[at]! - white) * alpha[i]!) / white);
  return { ...picture, rgb };
}

export function requireFit({ width, height }: Pick<AnyPicture, 'width' | 'height'>, format: ImageFormat): void {
  const limit = maxSide[format];
  if (Math.max(width, height) <= limit) return;
  throw new CycleboxError(
    'IMAGE_TOO_LARGE',
    `An image of ${width} × ${height} pixels does not fit into ${format}, which allows ${limit} to a side. ` +
      'Write it as PNG or TIFF (--format png).',
  );
}
