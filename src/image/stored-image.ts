/**
 * Images whose pixels lie in a file while they are worked on, since they are too many for memory: decoded row by row into libvips'
 * own plain format, of which any rows can be read. The counterpart of `decode.ts`, with its rules but for one: a file is not
 * read whole before it is decoded, and so what ends in zeros is not looked for.
 */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { asCycleboxError, CycleboxError, type Disposable, type MetadataPolicy, systemCodeOf } from '../base/index.js';
import type { ImageFormat, Picture, PictureMetadata } from '../picture/index.js';
import { type JudgedImage, readHeader, requireFormat, strictLoader } from './decode.js';
import { decoderFault } from './decoder-fault.js';
import { notesOn } from './notes.js';
import { readMetadata } from './read-metadata.js';
import { planReading } from './reading-plan.js';
import { unsupportedImage } from './refusal.js';
import { withImageFile } from './source.js';

/** Upright, 8-bit sRGB. */
export interface StoredImage extends Disposable {
  readonly kind: 'stored';
  readonly width: number;
  readonly height: number;
  readonly format: ImageFormat;
  readonly hasAlpha: boolean;
  readonly notes: readonly string[];
  readonly metadata: PictureMetadata | undefined;
  /** Interleaved red, green, blue of the rows `from` to `to`. */
  readonly rows: (from: number, to: number) => Promise<Uint8Array>;
  /** Opacity of these rows. */
  readonly alphaRows: (from: number, to: number) => Promise<Uint8Array>;
}

export interface StoreOptions {
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
  { temporary, metadata }: StoreOptions,
  file: string,
): Promise<StoredImage> {
  try {
    const info = await strictLoader(plan)
      .toColourspace('srgb')
      .toFile(temporary)
      .catch(async (error: unknown) => {
        throw isAboutRoom(error) ? noRoom(temporary, error) : await decoderFault(error, file);
      });
    const extra = plan.tiff?.bands.extra ?? (info.channels % 2 === 0 ? 1 : 0);
    if (info.channels > 4 || extra > 1)
      throw unsupportedImage(file, `a large image of ${info.channels} channels`, 'Convert it to grey or colour.');
    const read = metadata === 'keep' ? await readMetadata(plan, header) : undefined;
    const pixels = new StoredPixels(await open(temporary, 'r'), info.width, info.channels);
    return {
      kind: 'stored',
      width: info.width,
      height: info.height,
      format: plan.format,
      hasAlpha: extra === 1,
      notes: [...notesOn(plan, header, { zeros, isTakenDeep: false, colour: 'srgb' }), ...(read?.notes ?? [])],
      metadata: read?.metadata,
      rows: (from, to) => pixels.rows(from, to),
      alphaRows: (from, to) => pixels.alphaRows(from, to),
      dispose: () => pixels.close(),
    };
  } finally {
    // What is open keeps its content.
    await rm(temporary, { force: true }).catch(() => {});
  }
}

/** All of it, in memory. */
export async function pictureOfStored(image: StoredImage): Promise<Picture> {
  const { width, height, format, notes, metadata, hasAlpha } = image;
  const rgb = await image.rows(0, height);
  const said = { ...(notes.length > 0 && { notes }), ...(metadata && { metadata }) };
  return { width, height, rgb, format, ...(hasAlpha && { alpha: await image.alphaRows(0, height) }), ...said };
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

class StoredPixels {
  readonly #file: FileHandle;
  readonly #width: number;
  readonly #channels: number;

  constructor(file: FileHandle, width: number, channels: number) {
    this.#file = file;
    this.#width = width;
    this.#channels = channels;
  }

  async rows(from: number, to: number): Promise<Uint8Array> {
    const data = await this.#read(from, to);
    const channels = this.#channels;
    if (channels === 3) return data;
    const isGrey = channels < 3;
    const rgb = new Uint8Array((data.length / channels) * 3);
    for (let i = 0, at = 0; at < data.length; i += 3, at += channels) {
      rgb[i] = data[at]!;
      rgb[i + 1] = data[isGrey ? at : at + 1]!;
      rgb[i + 2] = data[isGrey ? at : at + 2]!;
    }
    return rgb;
  }

  async alphaRows(from: number, to: number): Promise<Uint8Array> {
    const data = await this.#read(from, to);
    const alpha = new Uint8Array(data.length / this.#channels);
    for (let i = 0, at = this.#channels - 1; i < alpha.length; i++, at += this.#channels) alpha[i] = data[at]!;
    return alpha;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  async #read(from: number, to: number): Promise<Uint8Array> {
    const rowBytes = this.#width * this.#channels;
    const data = new Uint8Array((to - from) * rowBytes);
    for (let done = 0; done < data.length; ) {
      const { bytesRead } = await this.#file.read(data, done, data.length - done, headerBytes + from * rowBytes + done);
      if (bytesRead === 0) throw asCycleboxError(new Error('a temporary file of pixels was cut off'));
      done += bytesRead;
    }
    return data;
  }
}
