/**
 * Images whose pixels lie in a file while they are worked on, since they are too many for memory: decoded row by row into libvips'
 * own plain format, of which any rows can be read. The counterpart of `decode.ts`, with its rules but for one: a file is not
 * read whole before it is decoded, and so what ends in zeros is not looked for.
 */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { asCycleboxError, CycleboxError, type Disposable, type MetadataPolicy, systemCodeOf } from '../base/index.js';
import {
  type AnyPicture,
  type ImageFormat,
  type PictureMetadata,
  type Samples,
  samplesLike,
} from '../picture/index.js';
import { type ColourReading, colourReading, type DecodeColours } from './colour-reading.js';
import { type JudgedImage, readHeader, requireFormat, valuesToRead } from './decode.js';
import { decoderFault } from './decoder-fault.js';
import { notesOn } from './notes.js';
import { atDepth } from './raw-samples.js';
import { readMetadata } from './read-metadata.js';
import { planReading, type ReadingPlan } from './reading-plan.js';
import { withImageFile } from './source.js';
import { splitBands } from './split-bands.js';

/** Upright, sRGB, of 8 or 16 bits. */
export interface StoredImage extends Disposable {
  readonly kind: 'stored';
  readonly width: number;
  readonly height: number;
  readonly format: ImageFormat;
  readonly hasAlpha: boolean;
  readonly notes: readonly string[];
  readonly metadata: PictureMetadata | undefined;
  /** Where it was read to be written in the space of its source: the profile of that. */
  readonly icc: Uint8Array | undefined;
  /** Interleaved red, green, blue of the rows `from` to `to`. */
  readonly rows: (from: number, to: number) => Promise<Samples>;
  /** These rows as a picture: with their opacity, and with their colours in the space of the source. */
  readonly strip: (from: number, to: number) => Promise<AnyPicture>;
}

export interface StoreOptions extends DecodeColours {
  /** The file that holds the pixels, which ends in `.v`; it loses its name as soon as it is written. */
  readonly temporary: string;
  /** Default `strip`. */
  readonly metadata?: MetadataPolicy | undefined;
}

/** What stands before the pixels in libvips' format. */
const headerBytes = 64;

/** @throws CycleboxError as `decodeImage`, and WRITE_FAILED where the pixels find no room */
export function storeImage(path: string, options: StoreOptions & { readonly maxPixels: number }): Promise<StoredImage> {
  return withImageFile(path, async ({ start, file }) => {
    const format = await requireFormat(start, path);
    const plan = await planReading(path, format, path, file);
    const header = await readHeader(plan, options.maxPixels, path);
    return storeJudged({ plan, header, zeros: 0 }, options, path);
  });
}

/** @throws CycleboxError as above */
export async function storeJudged(
  { plan, header, zeros }: JudgedImage,
  { temporary, metadata, depth, colour = 'srgb' }: StoreOptions,
  file: string,
): Promise<StoredImage> {
  const reading = colourReading(header, { depth, colour });
  try {
    const { width, height, channels } = await layDown(plan, reading, temporary, file);
    const read = metadata === 'keep' ? await readMetadata(plan, header) : undefined;
    const pixels = new StoredPixels(await open(temporary, 'r'), width * channels, reading.like);
    const strip = async (from: number, to: number) => {
      const bands = { data: await pixels.rows(from, to), width, height: to - from, channels };
      return reading.finish(splitBands(bands, plan, file));
    };
    const { alpha, space } = await strip(0, 1).catch(async error => {
      await pixels.close();
      throw error;
    });
    const { isTakenDeep } = reading;
    return {
      kind: 'stored',
      width,
      height,
      format: plan.format,
      hasAlpha: alpha !== undefined,
      notes: [...notesOn(plan, header, { zeros, isTakenDeep, colour }), ...(read?.notes ?? [])],
      metadata: read?.metadata,
      icc: space?.icc,
      rows: async (from, to) => (await strip(from, to)).rgb,
      strip,
      dispose: () => pixels.close(),
    };
  } finally {
    // What is open keeps its content.
    await rm(temporary, { force: true }).catch(() => {});
  }
}

function layDown(plan: ReadingPlan, reading: ColourReading, temporary: string, file: string) {
  return atDepth(valuesToRead(plan, reading), reading.like, 3)
    .toFile(temporary)
    .catch(async (error: unknown) => {
      throw isAboutRoom(error) ? noRoom(temporary, error) : await decoderFault(error, file);
    });
}

/** All of it, in memory. */
export async function pictureOfStored({ height, notes, metadata, strip }: StoredImage): Promise<AnyPicture> {
  return { ...(await strip(0, height)), ...(notes.length > 0 && { notes }), ...(metadata && { metadata }) };
}

function isAboutRoom(error: unknown): boolean {
  return (
    ['ENOSPC', 'EDQUOT'].includes(systemCodeOf(error) ?? '') ||
    /no space left|write (error|failed)/i.test(String(error))
  );
}

function noRoom(path: string, cause: unknown): CycleboxError {
  const message = `The pixels of a large image are laid down at ${path}, and the disk is full. Free some space, or name another folder with TMPDIR.`;
  return new CycleboxError('WRITE_FAILED', message, { subject: { file: path }, cause });
}

/** Values of the file's bands, row by row. */
class StoredPixels {
  readonly #file: FileHandle;
  readonly #rowLength: number;
  readonly #like: Samples;

  constructor(file: FileHandle, rowLength: number, like: Samples) {
    this.#file = file;
    this.#rowLength = rowLength;
    this.#like = like;
  }

  async rows(from: number, to: number): Promise<Samples> {
    const values = samplesLike(this.#like, (to - from) * this.#rowLength);
    const bytes = new Uint8Array(values.buffer);
    const at = headerBytes + from * this.#rowLength * values.BYTES_PER_ELEMENT;
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await this.#file.read(bytes, done, bytes.length - done, at + done);
      if (bytesRead === 0) throw asCycleboxError(new Error('a temporary file of pixels was cut off'));
      done += bytesRead;
    }
    return values;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
