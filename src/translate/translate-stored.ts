/**
 * From an image file to an image file without the pixels ever being in memory: rows of a file that they are decoded into go through
 * the network in parts, into a file that they are encoded from. For images of hundreds of megapixels.
 */
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asCycleboxError, type MetadataPolicy } from '../base/index.js';
import {
  createResultTiff,
  type Depth,
  type EncodeOptions,
  encodeStored,
  type ImageFormat,
  isDeep,
  type Samples,
  SourceColours,
  type StoredImage,
  type StoredResult,
  samplesLike,
  storeImage,
} from '../image/index.js';
import type { RowSink, RowSource } from './part-pixels.js';
import { spillFolder } from './translate-in-parts.js';

export interface StoredRequest<T> {
  /** What results are like, and so what is to be read of sources. */
  readonly encoding: EncodeOptions & { readonly depth?: Depth | undefined };
  readonly source: string;
  /** The encoded result; must not exist. */
  readonly target: string;
  readonly maxPixels: number;
  readonly metadata: MetadataPolicy;
  /** How many times larger the sides of results are. */
  readonly enlargement: number;
  readonly translate: TranslateRows<T>;
}

export type TranslateRows<T> = (source: RowSource, sink: RowSink) => Promise<T>;

export interface StoredFile<T> {
  readonly run: T;
  readonly width: number;
  readonly height: number;
  readonly format: ImageFormat;
  readonly notes: readonly string[];
}

/** Nothing stays but the result. @throws CycleboxError what decoding, `translate` and encoding throw */
export async function translateStored<T>(request: StoredRequest<T>): Promise<StoredFile<T>> {
  const folder = await mkdtemp(join(spillFolder(), `cyclebox-${process.pid}-`));
  // Also where the process ends amid the work, as it does when whoever asked for it has gone.
  const clear = () => {
    rmSync(folder, { recursive: true, force: true });
    rmSync(request.target, { force: true });
  };
  process.once('exit', clear);
  try {
    const { source, maxPixels, metadata, encoding } = request;
    const { depth = 'source', colour } = encoding;
    const temporary = join(folder, 'source.v');
    const image = await storeImage(source, { maxPixels, metadata, temporary, depth, colour });
    try {
      return await throughFile(image, join(folder, 'result.tif'), request);
    } finally {
      await image.dispose();
    }
  } finally {
    process.off('exit', clear);
    await rm(folder, { recursive: true, force: true });
  }
}

async function throughFile<T>(image: StoredImage, pixels: string, request: StoredRequest<T>): Promise<StoredFile<T>> {
  const { target, encoding } = request;
  const { run, result, notes } = await translateStoredPixels(image, pixels, request);
  const format = encoding.format ?? image.format;
  const left = await encodeStored(result, target, { ...encoding, format });
  const { width, height } = result;
  return { run, width, height, format, notes: [...notes, ...left] };
}

/** Of pictures in memory they are drawn in from what is visible. */
const hiddenColours = 'the colours of its fully transparent pixels were shown to the model as they are';

export interface StoredPixels<T> {
  readonly run: T;
  readonly result: StoredResult;
  readonly notes: readonly string[];
}

/**
 * From the pixels of one file to those of another, for `encodeStored`.
 * @param pixels must not exist
 * @throws CycleboxError what `translate` throws, WRITE_FAILED
 */
export async function translateStoredPixels<T>(
  image: StoredImage,
  pixels: string,
  { enlargement, translate }: Pick<StoredRequest<T>, 'enlargement' | 'translate'>,
): Promise<StoredPixels<T>> {
  const [width, height] = [image.width * enlargement, image.height * enlargement];
  const { hasAlpha, metadata, icc } = image;
  const depth = isDeep(await image.strip(0, 1)) ? 16 : 8;
  const result = { pixels, width, height, hasAlpha, depth, isSrgb: icc === undefined, metadata } as const;
  const tiff = await orFailed(pixels, createResultTiff(pixels, result, icc));
  const finish = finishing(image, enlargement);
  const sink: RowSink = {
    width,
    height,
    write: async (from, rows) => orFailed(pixels, tiff.write(from, await finish(from, rows))),
  };
  const run = await translate(image, sink).finally(() => tiff.close());
  const notes = [...image.notes, ...(hasAlpha ? [hiddenColours] : [])];
  return { run, result, notes };
}

async function orFailed<R>(file: string, writing: Promise<R>): Promise<R> {
  try {
    return await writing;
  } catch (error) {
    throw asCycleboxError(error, { file }, 'WRITE_FAILED');
  }
}

/** Rows of the result as they are written: in the space that the image is to stay in, and with its opacity. */
function finishing(image: StoredImage, times: number): (from: number, rows: Samples) => Promise<Samples> {
  const { hasAlpha, icc, width, format } = image;
  if (!hasAlpha && !icc) return async (_, rows) => rows;
  const colours = icc && new SourceColours(icc);
  return async (from, rows) => {
    const height = rows.length / 3 / (width * times);
    const first = Math.floor(from / times);
    const own = await image.strip(first, Math.ceil((from + height) / times));
    const translated = { width: width * times, height, rgb: rows, format, ...(own.space && { space: own.space }) };
    const { rgb } = colours ? colours.toSource(translated) : translated;
    return own.alpha ? withAlpha(rgb, own.alpha, { width, from: from - first * times, times }) : rgb;
  };
}

/** Opacity of the source's own pixel, where results are larger. @param from the first row, in those that the opacity is of */
function withAlpha(
  rgb: Samples,
  alpha: Samples,
  { width, from, times }: { readonly width: number; readonly from: number; readonly times: number },
): Samples {
  const count = rgb.length / 3 / (width * times);
  const result = samplesLike(rgb, count * width * times * 4);
  for (let y = 0, to = 0, at = 0; y < count; y++) {
    const row = Math.floor((from + y) / times) * width;
    for (let x = 0; x < width * times; x++, to += 4, at += 3) {
      result[to] = rgb[at]!;
      result[to + 1] = rgb[at + 1]!;
      result[to + 2] = rgb[at + 2]!;
      result[to + 3] = alpha[row + Math.floor(x / times)]!;
    }
  }
  return result;
}
