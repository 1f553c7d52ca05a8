/**
 * Image files to pictures. Whatever comes in — rotated by EXIF, CMYK, grey, in Display P3 — comes out as sRGB, upright; of
 * 8 bits, or of 16 where the file has them and whoever asks wants them. Not lenient: a file whose pixels are not all there is refused, never filled up with grey; what is
 * decoded and what was left aside is said.
 *
 * The whole file is read first and everything is done on those bytes, so that what was checked is what is decoded.
 */
import sharp, { type Metadata, type Sharp } from 'sharp';
import type { MetadataPolicy, RegularFile } from '../base/index.js';
import type { AnyPicture, Colour, Depth, ImageFormat, Picture, Samples } from '../picture/index.js';
import { samplesLike, toEightBits, toSixteenBits } from '../picture/index.js';
import { decoderFault } from './decoder-fault.js';
import { missingEnd, suspiciousZeros } from './file-end.js';
import { describeContent, imageFormatOf, isCutOffBeforeMagic, rawFormatOf } from './file-kind.js';
import { isProfile, isSrgb, parseProfile } from './icc-profile.js';
import { ColourConversion } from './matrix-colours.js';
import { notesOn } from './notes.js';
import { asSamplesOf, rawOf } from './raw-samples.js';
import { readMetadata } from './read-metadata.js';
import { planReading, type ReadingPlan, rawImage } from './reading-plan.js';
import { corruptImage, tooLargeImage, unsupportedImage } from './refusal.js';
import { type ImageFileStart, requireFileSize, withImageFile } from './source.js';
import { fromSource, isConvertible } from './source-colours.js';
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

export interface DecodeColours {
  readonly depth: Depth;
  /** `source`: the picture can be written in the space of its source (`space`). Default `srgb`. */
  readonly colour?: Colour | undefined;
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
  const keepsSource = colour === 'source' && isConvertible(metadata.icc) && isOfColours(metadata);
  const reading = keepsSource ? readInSource : decodeColours;
  const { picture: decoded, isTakenDeep } = await reading(plan, metadata, depth, file);
  const picture = depth === 16 ? toSixteenBits(decoded) : decoded;
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
  requireFileSize(opened.size, maxPixels, file);
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

interface Decoded {
  readonly picture: AnyPicture;
  readonly isTakenDeep: boolean;
}

/** Red, green and blue. */
const isOfColours = ({ space }: Metadata): boolean => space === 'srgb' || space === 'rgb16';

async function readInSource(plan: ReadingPlan, metadata: Metadata, depth: Depth, file: string): Promise<Decoded> {
  const isTakenDeep = depth !== 8 && hasSixteenBits(metadata);
  const how = isTakenDeep ? sixteenBits : { ...eightBits, ignoreIcc: true };
  return { picture: fromSource(split(await decode(plan, how, file), plan, file), metadata.icc!), isTakenDeep };
}

/**
 * Of 16 bits, libvips would convert colours to another space than sRGB, or those of grey not at all: what can be converted
 * here is; of the rest, it is given 8 bits to convert.
 */
async function decodeColours(plan: ReadingPlan, metadata: Metadata, depth: Depth, file: string): Promise<Decoded> {
  const read = async (how: HowRead) => split(await decode(plan, how, file), plan, file);
  if (!hasSixteenBits(metadata)) return { picture: await read(eightBits), isTakenDeep: false };
  const profile = parseProfile(metadata.icc);
  const isOther = profile !== undefined && !isSrgb(profile);
  if (!profile && isProfile(metadata.icc)) return { picture: await read(eightBitsFirst), isTakenDeep: false };
  if (depth === 8 && !isOther) return { picture: await read(eightBitsAsTheyAre), isTakenDeep: false };
  const own = await read(sixteenBits);
  const deep = isOther ? ColourConversion.toSrgb(profile, own.rgb).picture(own) : own;
  return depth === 8 ? { picture: toEightBits(deep), isTakenDeep: false } : { picture: deep, isTakenDeep: true };
}

/** Inks become 8 bits in any case. */
function hasSixteenBits({ depth, space }: Metadata): boolean {
  return depth === 'ushort' && (space === 'rgb16' || space === 'grey16');
}

interface HowRead {
  readonly like: Samples;
  /** Colours stay those of the file's own space. */
  readonly ignoreIcc?: boolean;
  /** Before colours are converted. */
  readonly toEightBits?: boolean;
}

const eightBits: HowRead = { like: new Uint8Array() };
const eightBitsAsTheyAre: HowRead = { ...eightBits, ignoreIcc: true };
const eightBitsFirst: HowRead = { ...eightBits, toEightBits: true };
const sixteenBits: HowRead = { like: new Uint16Array(), ignoreIcc: true };

interface RawPixels {
  readonly data: Samples;
  readonly info: { readonly width: number; readonly height: number; readonly channels: number };
}

/** What a TIFF's decoder warns of is mostly fields; where it only warns of missing pixels too, it is shown no other fields. */
export function strictLoader(plan: ReadingPlan, ignoreIcc = false): Sharp {
  const { source, tiff } = plan;
  const bare = tiff?.warnsOfDamage && typeof source !== 'string' ? bareTiff(source, tiff.directory) : undefined;
  return bare
    ? loader({ ...plan, source: bare, page: 0 }, 'warning', ignoreIcc)
    : loader(plan, tiff ? 'error' : 'warning', ignoreIcc);
}

function decode(plan: ReadingPlan, { like, ignoreIcc, toEightBits }: HowRead, file: string): Promise<RawPixels> {
  const image = strictLoader(plan, ignoreIcc);
  return orFault(file, async () => {
    const reduced = toEightBits ? image.pipelineColourspace('srgb') : image;
    const { data, info } = await rawOf(reduced, like, 3).toBuffer({ resolveWithObject: true });
    return { data: asSamplesOf(like, data), info };
  });
}

async function orFault<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw await decoderFault(error, file);
  }
}

/** Interleaved grey, grey + alpha, colour or colour + alpha to colour and alpha apart; other bands are left out. */
function split({ data, info }: RawPixels, { format, tiff }: ReadingPlan, file: string): AnyPicture {
  const { width, height, channels } = info;
  const pixels = width * height;
  const extra = tiff?.bands.extra ?? (channels % 2 === 0 ? 1 : 0);
  const colours = channels - extra;
  if ((colours !== 1 && colours !== 3) || data.length !== pixels * channels)
    throw unsupportedImage(file, `an image of ${channels} channels`, 'Convert it to grey or colour.');
  const alphaBand = tiff ? tiff.bands.alpha : extra === 1 ? 0 : undefined;
  const rgb = channels === 3 && colours === 3 ? data : interleavedColours(data, pixels, channels, colours);
  if (alphaBand === undefined) return { width, height, rgb, format };
  const alpha = samplesLike(data, pixels);
  for (let i = 0; i < pixels; i++) alpha[i] = data[i * channels + colours + alphaBand]!;
  return { width, height, rgb, alpha, format };
}

function interleavedColours(data: Samples, pixels: number, channels: number, colours: 1 | 3): Samples {
  const rgb = samplesLike(data, pixels * 3);
  for (let i = 0; i < pixels; i++)
    for (let c = 0; c < 3; c++) rgb[i * 3 + c] = data[i * channels + (colours === 3 ? c : 0)]!;
  return rgb;
}
