/**
 * How an image's file is to be read so that its pixels come out as they are meant, decided from its container before the
 * decoder sees it; or why it cannot be. What was left aside is said in notes.
 */

import type { ImageFormat } from '../picture/index.js';
import { type ByteSource, bytesAsSource } from './byte-source.js';
import { readJpegStream } from './jpeg-stream.js';
import { ordinal } from './ordinal.js';
import { corruptImage, unsupportedImage } from './refusal.js';
import { judgeTiff, type ReadableTiff } from './tiff-content.js';

export interface ReadingPlan {
  readonly format: ImageFormat;
  /** For the decoder: the file's bytes, or what they should have been, or its path. */
  readonly source: string | Uint8Array;
  /** The file itself, for what the decoder does not read of it: as long as it is open. */
  readonly container: ByteSource;
  /** Of the images that the file holds, the one to decode. */
  readonly page: number;
  readonly tiff: ReadableTiff | undefined;
  /** What is missing at the end, if it can be told from the container. */
  readonly missing: string | undefined;
  /** Sentences without a subject, which is the file: `its 4th band is … left out`. */
  readonly notes: readonly string[];
}

/**
 * @param container the file, where it is too large to be in memory: then the decoder is handed its path
 * @throws CycleboxError IMAGE_UNSUPPORTED, IMAGE_CORRUPT
 */
export async function planReading(
  source: string | Uint8Array,
  format: ImageFormat,
  file: string,
  container?: ByteSource,
): Promise<ReadingPlan> {
  const bytes = typeof source === 'string' ? new Uint8Array() : source;
  const plain = {
    format,
    source,
    container: container ?? bytesAsSource(bytes),
    page: 0,
    tiff: undefined,
    missing: undefined,
    notes: [],
  };
  if (format === 'tiff') return planTiff(plain, file);
  return format === 'jpeg' && typeof source !== 'string' ? planJpeg(plain, source, file) : plain;
}

function planJpeg(plain: ReadingPlan, bytes: Uint8Array, file: string): ReadingPlan {
  const stream = readJpegStream(bytes);
  if (stream.unsupported !== undefined)
    throw unsupportedImage(
      file,
      `${stream.unsupported}, which cyclebox does not decode`,
      'Save it as an ordinary JPEG.',
    );
  return { ...plain, source: stream.bytes, missing: stream.hasEnd ? undefined : 'its end is missing' };
}

async function planTiff(plain: ReadingPlan, file: string): Promise<ReadingPlan> {
  const tiff = await judgeTiff(plain.container);
  switch (tiff.kind) {
    case 'unreadable':
      throw corruptImage(file, 'its directory is missing or cannot be read');
    case 'raw':
      throw rawImage(file, tiff.name);
    case 'unsupported':
      throw unsupportedImage(file, tiff.what, tiff.remedy);
    case 'image': {
      const { page } = tiff;
      const chosen =
        page === 0 ? [] : [`its ${ordinal(page + 1)} image was read, since those before it are smaller copies`];
      return { ...plain, page, tiff, notes: [...chosen, ...tiff.notes] };
    }
    default:
      return tiff satisfies never;
  }
}

/** @param name the usual extension of such files */
export function rawImage(file: string, name: string) {
  const remedy =
    'Develop it with a raw converter (darktable, RawTherapee, Lightroom) and save it as JPEG, PNG or TIFF.';
  return unsupportedImage(file, `a camera raw file (${name})`, remedy);
}
