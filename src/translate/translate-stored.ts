/**
 * From an image file to an image file without the pixels ever being in memory: rows of a file that they are decoded into go through
 * the network in parts, into a file that they are encoded from. For images of hundreds of megapixels.
 */
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { asCycleboxError, type MetadataPolicy } from '../base/index.js';
import {
  type EncodeOptions,
  encodeStored,
  type ImageFormat,
  RawTiff,
  type StoredImage,
  type StoredResult,
  storeImage,
} from '../image/index.js';
import type { RowSink, RowSource } from './part-pixels.js';
import { spillFolder } from './translate-in-parts.js';

export interface StoredRequest<T> {
  readonly encoding: EncodeOptions;
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
    const { source, maxPixels, metadata } = request;
    const image = await storeImage(source, { maxPixels, metadata, temporary: join(folder, 'source.v') });
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
  const { hasAlpha, metadata } = image;
  const orFailed = <R>(writing: Promise<R>) =>
    writing.catch(error => {
      throw asCycleboxError(error, { file: pixels }, 'WRITE_FAILED');
    });
  const tiff = await orFailed(RawTiff.create(pixels, { width, height, channels: hasAlpha ? 4 : 3 }));
  const sink: RowSink = {
    width,
    height,
    write: async (from, rows) => {
      // Rows have the depth of the image's own, which is a byte.
      const bytes = rows instanceof Uint8Array ? rows : Uint8Array.from(rows);
      await orFailed(tiff.write(from, hasAlpha ? await withAlpha(image, from, bytes, enlargement) : bytes));
    },
  };
  const run = await translate(image, sink).finally(() => tiff.close());
  const notes = [...image.notes, ...(hasAlpha ? [hiddenColours] : [])];
  return { run, result: { pixels, width, height, hasAlpha, metadata }, notes };
}

/** Opacity of the source's own pixel, where results are larger. */
async function withAlpha(image: StoredImage, from: number, rows: Uint8Array, times: number): Promise<Uint8Array> {
  const width = image.width * times;
  const count = rows.length / 3 / width;
  const first = Math.floor(from / times);
  const alpha = await image.alphaRows(first, Math.ceil((from + count) / times));
  const result = new Uint8Array(count * width * 4);
  for (let y = 0, to = 0, at = 0; y < count; y++) {
    const row = (Math.floor((from + y) / times) - first) * image.width;
    for (let x = 0; x < width; x++, to += 4, at += 3) {
      result[to] = rows[at]!;
      result[to + 1] = rows[at + 1]!;
      result[to + 2] = rows[at + 2]!;
      result[to + 3] = alpha[row + Math.floor(x / times)]!;
    }
  }
  return result;
}
