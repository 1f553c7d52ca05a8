/**
 * Image files to pictures. Whatever comes in — rotated by EXIF, CMYK, grey, 16-bit, in Display P3 — comes out as
 * 8-bit sRGB, upright. Not lenient: a file whose pixels are not all there is refused, never filled up with grey.
 *
 * The whole file is read first and everything is done on those bytes, so that what was checked is what is decoded.
 */
import sharp, { type Metadata, type Sharp } from 'sharp';
import { CycleboxError } from '../base/index.js';
import type { ImageFormat, Picture } from './picture.js';
import { describeContent, isCutOffBeforeMagic, sniffFormat } from './sniff.js';
import { readImageFile } from './source.js';

/** 50 megapixels: a float copy of such an image is 600 MB. */
export const defaultMaxPixels = 50_000_000;

export interface DecodeLimits {
  /** Width × height that is still decoded; default 50 million. */
  readonly maxPixels?: number;
  /** How errors name a source that is bytes. */
  readonly file?: string;
}

/**
 * Decodes a JPEG, PNG, WebP, AVIF or TIFF; of an animation or a document, the first frame or page. Metadata (camera,
 * place, date) is not kept.
 * @throws CycleboxError FILE_NOT_FOUND, FILE_UNREADABLE, IMAGE_UNSUPPORTED, IMAGE_CORRUPT, IMAGE_TOO_LARGE
 */
export async function decodeImage(source: string | Uint8Array, limits: DecodeLimits = {}): Promise<Picture> {
  const file = typeof source === 'string' ? source : (limits.file ?? 'the image');
  const bytes = typeof source === 'string' ? await readImageFile(source, start => requireFormat(start, file)) : source;
  const format = requireFormat(bytes, file);
  await readHeader(bytes, format, limits.maxPixels ?? defaultMaxPixels, file);
  if (format === 'png' && !hasPngEnd(bytes)) throw corrupt(file, 'its end is missing');
  const { data, info } = await orCorrupt(file, () =>
    loader(bytes).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true }),
  );
  return split(data, info, format, file);
}

function loader(source: string | Uint8Array): Sharp {
  return sharp(source, { failOn: 'warning', autoOrient: true, limitInputPixels: false });
}

/** Tells the format from the first bytes. @throws CycleboxError IMAGE_UNSUPPORTED, IMAGE_CORRUPT */
export function requireFormat(bytes: Uint8Array, file: string): ImageFormat {
  const format = sniffFormat(bytes);
  if (format) return format;
  if (bytes.length === 0) throw corrupt(file, 'it is empty');
  if (isCutOffBeforeMagic(bytes)) throw corrupt(file, `it ends after ${bytes.length} bytes`);
  throw new CycleboxError(
    'IMAGE_UNSUPPORTED',
    `${file} is ${describeContent(bytes)}; cyclebox reads JPEG, PNG, WebP, AVIF and TIFF. Convert it to one of these.`,
    { subject: { file } },
  );
}

/**
 * Looks at the header alone: nothing is decoded before its size is known to be within the limit.
 * @throws CycleboxError IMAGE_CORRUPT, IMAGE_TOO_LARGE
 */
export async function readHeader(
  source: string | Uint8Array,
  format: ImageFormat,
  maxPixels: number,
  file: string,
): Promise<Metadata> {
  const metadata = await orCorrupt(file, () => loader(source).metadata());
  if (formatOf(metadata) !== format) throw corrupt(file, `it starts like ${format} but holds ${metadata.format}`);
  const { width, height } = metadata;
  if (width * height <= maxPixels) return metadata;
  throw new CycleboxError(
    'IMAGE_TOO_LARGE',
    `${file} has ${width} × ${height} = ${megapixels(width * height)} megapixels; the limit is ${megapixels(maxPixels)}. ` +
      'Scale it down, or raise the limit with --max-megapixels (option maxMegapixels).',
    { subject: { file } },
  );
}

const formatOf = (metadata: Metadata): string =>
  metadata.format === 'heif' && metadata.compression === 'av1' ? 'avif' : metadata.format;

const megapixels = (pixels: number): string => String(Number((pixels / 1e6).toPrecision(4)));

async function orCorrupt<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw corrupt(file, reason(error), error);
  }
}

/** The first line of what the decoder said: libvips repeats itself over many lines. */
function reason(error: unknown): string {
  const line = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
  return line.trim().replace(/[.:]$/, '').slice(0, 160);
}

function corrupt(file: string, why: string, cause?: unknown): CycleboxError {
  const message = `${file} is truncated or damaged: ${why}. Replace it with an intact copy.`;
  return new CycleboxError('IMAGE_CORRUPT', message, { subject: { file }, cause });
}

/** The decoder is content with a PNG whose last chunk is cut; a copy that is still under way looks just like that. */
function hasPngEnd(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    if (view.getUint32(at + 4) === 0x49454e44) return true;
  }
  return false;
}

interface RawInfo {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** Interleaved grey, grey + alpha, colour or colour + alpha to colour and alpha apart. */
function split(data: Buffer, { width, height, channels }: RawInfo, format: ImageFormat, file: string): Picture {
  const pixels = width * height;
  if (channels > 4 || data.length !== pixels * channels)
    throw new CycleboxError(
      'IMAGE_UNSUPPORTED',
      `${file} has ${channels} channels; cyclebox reads grey and colour images with or without alpha. Convert it.`,
      { subject: { file } },
    );
  if (channels === 3) return { width, height, rgb: data, format };
  const colours = channels < 3 ? 1 : 3;
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++)
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = data[i * channels + (colours === 3 ? c : 0)]!;
  if (channels === colours) return { width, height, rgb, format };
  const alpha = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) alpha[i] = data[i * channels + colours]!;
  return { width, height, rgb, alpha, format };
}
