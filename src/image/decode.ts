/**
 * Image files to pictures. Whatever comes in — rotated by EXIF, CMYK, grey, 16-bit, in Display P3 — comes out as
 * 8-bit sRGB, upright. Not lenient: a file whose pixels are not all there is refused, never filled up with grey; what is
 * decoded and what was left aside is said.
 *
 * The whole file is read first and everything is done on those bytes, so that what was checked is what is decoded.
 */
import sharp, { type Metadata, type Sharp } from 'sharp';
import type { MetadataPolicy, RegularFile } from '../base/index.js';
import type { ImageFormat, Picture } from '../picture/index.js';
import { decoderFault } from './decoder-fault.js';
import { missingEnd, suspiciousZeros } from './file-end.js';
import { describeContent, imageFormatOf, isCutOffBeforeMagic, rawFormatOf } from './file-kind.js';
import { notesOn } from './notes.js';
import { readMetadata } from './read-metadata.js';
import { planReading, type ReadingPlan, rawImage } from './reading-plan.js';
import { corruptImage, tooLargeImage, unsupportedImage } from './refusal.js';
import { type ImageFileStart, requireFileSize, withImageFile } from './source.js';
import { bareTiff } from './tiff-bare.js';

/** 50 megapixels: a float copy of such an image is 600 MB. */
export const defaultMaxPixels = 50_000_000;

export interface DecodeLimits {
  /** Width × height that is still decoded; default 50 million. */
  readonly maxPixels?: number;
  /** How errors name a source that is bytes. */
  readonly file?: string;
  /** True: it may still be being written, and what ends in zeros is refused, to be looked at again. Default false. */
  readonly mayGrow?: boolean;
  /** `keep`: what the file says besides its pixels comes along. Default `strip`. */
  readonly metadata?: MetadataPolicy;
  /** Told of the open file before its picture is read: throws where it is not the one that is meant. With it, a link is refused. */
  readonly onOpened?: (file: RegularFile) => Promise<void>;
  /** Told of the bytes that are decoded. */
  readonly onRead?: (bytes: Uint8Array) => void;
}

/**
 * Decodes a JPEG, PNG, WebP, AVIF or TIFF; of an animation or a document, the first frame or page.
 * @throws CycleboxError FILE_NOT_FOUND, FILE_UNREADABLE, IMAGE_UNSUPPORTED, IMAGE_CORRUPT, IMAGE_TOO_LARGE, OUT_OF_MEMORY
 */
export async function decodeImage(source: string | Uint8Array, limits: DecodeLimits = {}): Promise<Picture> {
  const { maxPixels = defaultMaxPixels, mayGrow = false } = limits;
  const file = typeof source === 'string' ? source : (limits.file ?? 'the image');
  const { bytes, format } = await load(source, { ...limits, maxPixels }, file);
  const plan = await planReading(bytes, format, file);
  const metadata = await readHeader(plan, maxPixels, file);
  const missing = plan.missing ?? missingEnd(bytes, format);
  if (missing !== undefined) throw corruptImage(file, missing);
  const zeros = suspiciousZeros(bytes, format);
  if (mayGrow && zeros > 0)
    throw corruptImage(file, `its last ${zeros} bytes are zeros: it may still be being written`);
  const picture = split(await decode(plan, file), plan, file);
  const read = limits.metadata === 'keep' ? await readMetadata(plan, metadata) : undefined;
  const notes = [...notesOn(plan, metadata, zeros), ...(read?.notes ?? [])];
  return {
    ...picture,
    ...(notes.length > 0 && { notes }),
    ...(read?.metadata && { metadata: read.metadata }),
  };
}

async function load(source: string | Uint8Array, limits: DecodeLimits & { readonly maxPixels: number }, file: string) {
  if (typeof source !== 'string') return { bytes: source, format: await requireFormat(source, file) };
  const { maxPixels, onOpened, onRead } = limits;
  const read = async ({ start, file: opened }: ImageFileStart) => {
    await onOpened?.(opened);
    const format = await requireFormat(start, file);
    requireFileSize(opened.size, maxPixels, file);
    const bytes = await opened.read(0, opened.size);
    onRead?.(bytes);
    return { format, bytes };
  };
  return withImageFile(source, read, { followLinks: onOpened === undefined });
}

/** Tells the format from the first bytes. @throws CycleboxError IMAGE_UNSUPPORTED, IMAGE_CORRUPT */
export async function requireFormat(start: Uint8Array, file: string): Promise<ImageFormat> {
  const format = await imageFormatOf(start);
  if (format) return format;
  if (start.length === 0) throw corruptImage(file, 'it is empty');
  if (isCutOffBeforeMagic(start)) throw corruptImage(file, `nothing of it is there yet, or only its first bytes are`);
  const raw = await rawFormatOf(start);
  if (raw !== undefined) throw rawImage(file, raw);
  const remedy = 'cyclebox reads JPEG, PNG, WebP, AVIF and TIFF. Convert it to one of these.';
  throw unsupportedImage(file, await describeContent(start), remedy);
}

type Strictness = 'warning' | 'error';

function loader({ source, page }: ReadingPlan, failOn: Strictness): Sharp {
  return sharp(source, { failOn, page, autoOrient: true, limitInputPixels: false, limitInputChannels: maxChannels });
}

/** Of which at most four are looked at; each costs memory. */
const maxChannels = 16;

/**
 * Looks at the header alone: nothing is decoded before its size is known to be within the limit.
 * @throws CycleboxError IMAGE_CORRUPT, IMAGE_TOO_LARGE, OUT_OF_MEMORY
 */
export async function readHeader(plan: ReadingPlan, maxPixels: number, file: string): Promise<Metadata> {
  const failOn = plan.format === 'tiff' ? 'error' : 'warning';
  const metadata = await orFault(file, () => loader(plan, failOn).metadata());
  if (formatOf(metadata) !== plan.format)
    throw corruptImage(file, `it starts like ${plan.format} but holds ${metadata.format}`);
  const { width, height } = metadata;
  if (width * height <= maxPixels) return metadata;
  const size = `${width} × ${height} = ${megapixels(width * height)} megapixels`;
  throw tooLargeImage(file, size, megapixels(maxPixels));
}

const formatOf = (metadata: Metadata): string =>
  metadata.format === 'heif' && metadata.compression === 'av1' ? 'avif' : metadata.format;

const megapixels = (pixels: number): string => String(Number((pixels / 1e6).toPrecision(4)));

interface RawPixels {
  readonly data: Buffer;
  readonly info: { readonly width: number; readonly height: number; readonly channels: number };
}

/** What a TIFF's decoder warns of is mostly fields; where it only warns of missing pixels too, it is shown no other fields. */
function decode(plan: ReadingPlan, file: string): Promise<RawPixels> {
  const { source, tiff } = plan;
  const bare = tiff?.warnsOfDamage && typeof source !== 'string' ? bareTiff(source, tiff.directory) : undefined;
  const image = bare ? loader({ ...plan, source: bare, page: 0 }, 'warning') : loader(plan, tiff ? 'error' : 'warning');
  return orFault(file, () => image.toColourspace('srgb').raw().toBuffer({ resolveWithObject: true }));
}

async function orFault<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw await decoderFault(error, file);
  }
}

/** Interleaved grey, grey + alpha, colour or colour + alpha to colour and alpha apart; other bands are left out. */
function split({ data, info }: RawPixels, { format, tiff }: ReadingPlan, file: string): Picture {
  const { width, height, channels } = info;
  const pixels = width * height;
  const extra = tiff?.bands.extra ?? (channels % 2 === 0 ? 1 : 0);
  const colours = channels - extra;
  if ((colours !== 1 && colours !== 3) || data.length !== pixels * channels)
    throw unsupportedImage(file, `an image of ${channels} channels`, 'Convert it to grey or colour.');
  const alphaBand = tiff ? tiff.bands.alpha : extra === 1 ? 0 : undefined;
  const rgb = channels === 3 && colours === 3 ? data : interleavedColours(data, pixels, channels, colours);
  if (alphaBand === undefined) return { width, height, rgb, format };
  const alpha = new Uint8Array(pixels);
  for (let i = 0; i < pixels; i++) alpha[i] = data[i * channels + colours + alphaBand]!;
  return { width, height, rgb, alpha, format };
}

function interleavedColours(data: Buffer, pixels: number, channels: number, colours: 1 | 3): Uint8Array {
  const rgb = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++)
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = data[i * channels + (colours === 3 ? c : 0)]!;
  return rgb;
}
