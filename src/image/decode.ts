/**
 * Image files to pictures. Whatever comes in — rotated by EXIF, CMYK, grey, in Display P3 — comes out as sRGB, upright; of
 * 8 bits, or of 16 where the file has them and whoever asks wants them. Not lenient: a file whose pixels are not all there is refused, never filled up with grey; what is
 * decoded and what was left aside is said.
 *
 * The whole file is read first and everything is done on those bytes, so that what was checked is what is decoded.
 */
import sharp, { type Metadata, type Sharp } from 'sharp';
import type { MetadataPolicy, RegularFile } from '../base/index.js';
import type { AnyPicture, ImageFormat, Picture } from '../picture/index.js';
import { type ColourReading, colourReading, type DecodeColours } from './colour-reading.js';
import { decoderFault } from './decoder-fault.js';
import { missingEnd, suspiciousZeros } from './file-end.js';
import { describeContent, imageFormatOf, isCutOffBeforeMagic, rawFormatOf } from './file-kind.js';
import { notesOn } from './notes.js';
import { asSamplesOf, rawOf } from './raw-samples.js';
import { readMetadata } from './read-metadata.js';
import { planReading, type ReadingPlan, rawImage } from './reading-plan.js';
import { corruptImage, tooLargeImage, unsupportedImage } from './refusal.js';
import { type ImageFileStart, maxFileBytes, requireFileSize, withImageFile } from './source.js';
import { type Bands, splitBands } from './split-bands.js';
import { bareTiff } from './tiff-bare.js';

/** 128 megapixels: such an image takes 384 MB, and its translation as much again. */
export const defaultMaxPixels = 128_000_000;

export interface DecodeLimits {
  /** Width × height that is still decoded; default 128 million. */
  readonly maxPixels?: number;
  /** How errors name a source that is bytes. */
  readonly file?: string;
  /** True: it may still be being written, and what ends in zeros is refused, to be looked at again. Default false. */
  readonly mayGrow?: boolean;
  /** `keep`: what the file says besides its pixels comes along. Default `strip`. */
  readonly metadata?: MetadataPolicy;
  /** Told of the open file before its picture is read: throws where it is not the one that is meant. With it, a link is refused. */
  readonly onOpened?: (file: RegularFile) => Promise<void>;
  /** Told of the bytes that are decoded: of all of them at once, or piece by piece. */
  readonly onRead?: (bytes: Uint8Array) => void;
}

/**
 * Decodes a JPEG, PNG, WebP, AVIF or TIFF; of an animation or a document, the first frame or page.
 * @throws CycleboxError FILE_NOT_FOUND, FILE_UNREADABLE, IMAGE_UNSUPPORTED, IMAGE_CORRUPT, IMAGE_TOO_LARGE, OUT_OF_MEMORY
 */
export function decodeImage(source: string | Uint8Array, limits?: DecodeLimits): Promise<Picture>;
/** At another depth than 8 bits. @throws as above */
export function decodeImage(source: string | Uint8Array, limits: DecodeLimits & DecodeColours): Promise<AnyPicture>;
export async function decodeImage(
  source: string | Uint8Array,
  limits: DecodeLimits & Partial<DecodeColours> = {},
): Promise<AnyPicture> {
  const { maxPixels = defaultMaxPixels } = limits;
  const file = typeof source === 'string' ? source : (limits.file ?? 'the image');
  const { bytes, format } = await load(source, { ...limits, maxPixels }, file);
  return decodeJudged(await judgeImage(bytes, format, limits, file), limits, file);
}

/** What is known of an image before its pixels are decoded. */
export interface JudgedImage {
  readonly plan: ReadingPlan;
  readonly header: Metadata;
  /** So many at its end that it may not be whole, else 0. */
  readonly zeros: number;
}

/** @throws CycleboxError IMAGE_UNSUPPORTED, IMAGE_CORRUPT, IMAGE_TOO_LARGE, OUT_OF_MEMORY */
export async function judgeImage(
  bytes: Uint8Array,
  format: ImageFormat,
  { maxPixels = defaultMaxPixels, mayGrow = false }: DecodeLimits,
  file: string,
): Promise<JudgedImage> {
  const plan = await planReading(bytes, format, file);
  const header = await readHeader(plan, maxPixels, file);
  const missing = plan.missing ?? missingEnd(bytes, format);
  if (missing !== undefined) throw corruptImage(file, missing);
  const zeros = suspiciousZeros(bytes, format);
  if (mayGrow && zeros > 0)
    throw corruptImage(file, `its last ${zeros} bytes are zeros: it may still be being written`);
  return { plan, header, zeros };
}

export async function decodeJudged(
  { plan, header: metadata, zeros }: JudgedImage,
  limits: DecodeLimits & Partial<DecodeColours>,
  file: string,
): Promise<AnyPicture> {
  const { depth = 8, colour = 'srgb' } = limits;
  const reading = colourReading(metadata, { depth, colour });
  const picture = reading.finish(splitBands(await decode(plan, reading, file), plan, file));
  const { isTakenDeep } = reading;
  const read = limits.metadata === 'keep' ? await readMetadata(plan, metadata) : undefined;
  const notes = [...notesOn(plan, metadata, { zeros, isTakenDeep, colour }), ...(read?.notes ?? [])];
  return {
    ...picture,
    ...(notes.length > 0 && { notes }),
    ...(read?.metadata && { metadata: read.metadata }),
  };
}

async function load(source: string | Uint8Array, limits: DecodeLimits & { readonly maxPixels: number }, file: string) {
  if (typeof source !== 'string') return { bytes: source, format: await requireFormat(source, file) };
  const { onOpened } = limits;
  const read = async ({ start, file: opened }: ImageFileStart) => {
    await onOpened?.(opened);
    const format = await requireFormat(start, file);
    return { format, bytes: await readBytes(opened, limits, file) };
  };
  return withImageFile(source, read, { followLinks: onOpened === undefined });
}

/** The whole file. @throws CycleboxError IMAGE_TOO_LARGE */
export async function readBytes(
  opened: RegularFile,
  { maxPixels = defaultMaxPixels, onRead }: DecodeLimits,
  file: string,
): Promise<Buffer> {
  requireFileSize(opened.size, maxFileBytes(maxPixels), file);
  const bytes = await opened.read(0, opened.size);
  onRead?.(bytes);
  return bytes;
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

function loader({ source, page }: ReadingPlan, failOn: Strictness, ignoreIcc = false): Sharp {
  const limits = { limitInputPixels: false, limitInputChannels: maxChannels };
  return sharp(source, { failOn, page, autoOrient: true, ignoreIcc, ...limits });
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

/** What a TIFF's decoder warns of is mostly fields; where it only warns of missing pixels too, it is shown no other fields. */
function strictLoader(plan: ReadingPlan, ignoreIcc = false): Sharp {
  const { source, tiff } = plan;
  const bare = tiff?.warnsOfDamage && typeof source !== 'string' ? bareTiff(source, tiff.directory) : undefined;
  return bare
    ? loader({ ...plan, source: bare, page: 0 }, 'warning', ignoreIcc)
    : loader(plan, tiff ? 'error' : 'warning', ignoreIcc);
}

/** What there is to read of the file, before anything is made of it. */
export function valuesToRead(plan: ReadingPlan, { ignoreIcc, toEightBits }: ColourReading): Sharp {
  const image = strictLoader(plan, ignoreIcc);
  return toEightBits ? image.pipelineColourspace('srgb') : image;
}

function decode(plan: ReadingPlan, reading: ColourReading, file: string): Promise<Bands> {
  return orFault(file, async () => {
    const image = rawOf(valuesToRead(plan, reading), reading.like, 3);
    const { data, info } = await image.toBuffer({ resolveWithObject: true });
    return { ...info, data: asSamplesOf(reading.like, data) };
  });
}

async function orFault<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw await decoderFault(error, file);
  }
}
