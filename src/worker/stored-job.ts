/**
 * A large image on its way through the worker: its pixels lie in one file, those of its result in another, both beside the job's own
 * temporary. What the worker holds in memory is a few rows.
 */
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';
import type { PixelPaths } from '../base/index.js';
import {
  type AnyPicture,
  type EncodeOptions,
  encodeStored,
  nameForFormat,
  pictureOfStored,
  type StoredImage,
  type StoredResult,
} from '../image/index.js';
import { captureFactsOf } from '../picture/index.js';
import type { TranslatedPixels, TranslatePictureOptions, Translator } from '../translate/index.js';
import type { EncodeReport } from './compute-protocol.js';

export class StoredJob {
  readonly #image: StoredImage;
  readonly #pixels: PixelPaths;
  #result: StoredResult | undefined;

  constructor(image: StoredImage, pixels: PixelPaths) {
    this.#image = image;
    this.#pixels = pixels;
  }

  get image(): StoredImage {
    return this.#image;
  }

  /** Undefined: this network takes it in memory only. @throws as `Translator.translateStored` */
  async translate(translator: Translator, options: TranslatePictureOptions): Promise<TranslatedPixels | undefined> {
    if (!translator.takesRows(this.#image, options)) return undefined;
    const translated = await translator.translateStored(this.#image, this.#pixels.result, options);
    this.#result = translated.result;
    return translated;
  }

  /** All of it, in memory. */
  picture(): Promise<AnyPicture> {
    return pictureOfStored(this.#image);
  }

  /** Writes and flushes `temporary`. Undefined before `translate`. @throws as `encodeStored` */
  async encode(
    { source, temporary }: { readonly source: string; readonly temporary: string },
    { format = this.#image.format, ...output }: EncodeOptions,
  ): Promise<Omit<EncodeReport, 'ms' | 'bytes'> | undefined> {
    const result = this.#result;
    if (!result) return undefined;
    const notes = await encodeStored(result, temporary, { ...output, format });
    const { width, height, metadata } = result;
    const takenAt = metadata && captureFactsOf(metadata).takenAt;
    return { name: nameForFormat(basename(source), format), width, height, format, notes, takenAt };
  }

  async dispose(): Promise<void> {
    await this.#image.dispose();
    for (const path of Object.values(this.#pixels)) await rm(path, { force: true }).catch(() => {});
  }
}
