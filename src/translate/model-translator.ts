/** One open model and the images that go through it: in memory, from file to file, or as rows. */
import { asCycleboxError, CycleboxError, DisposableStore, throwIfAborted } from '../base/index.js';
import type { Device, Precision } from '../engine/index.js';
import {
  type AnyPicture,
  type DecodeColours,
  decodeImage,
  type EncodeOptions,
  encodeImage,
  encodingNotes,
  type Picture,
  type PictureOf,
  type Samples,
  type StoredImage,
  toEightBits,
  withoutHiddenColours,
} from '../image/index.js';
import { captureFactsOf, mergedOutput } from '../picture/index.js';
import { parseScale } from '../plugin-host/index.js';
import { fixedSize } from './fixed-size.js';
import { greyNotes } from './grey-notes.js';
import type { ModelRunner } from './model-runner.js';
import type { RowSink, RowSource } from './part-pixels.js';
import { shrunk } from './shrunk.js';
import { transferRows } from './transfer-change.js';
import { type PictureSize, sizeAtScale, translateAtSize } from './translate-at-scale.js';
import type { PictureRun } from './translate-picture.js';
import { type TranslateRows, translateStored, translateStoredPixels } from './translate-stored.js';
import type {
  DecodeOptions,
  ShownPicture,
  TranslatedFile,
  TranslatedImage,
  TranslatedPicture,
  TranslatedPixels,
  TranslateFileOptions,
  TranslateOptions,
  TranslatePictureOptions,
  Translator,
} from './translator.js';
import type { ResolvedOptions } from './translator-options.js';
import { Turns } from './turns.js';

/** What is known of the source besides its pixels is known of the result. */
function withSaid<S extends Samples>(picture: PictureOf<S>, { notes, metadata, space }: AnyPicture): PictureOf<S> {
  return { ...picture, ...(notes && { notes }), ...(metadata && { metadata }), ...(space && { space }) };
}

export class ModelTranslator implements Translator {
  readonly model: string;
  readonly #options: ResolvedOptions;
  readonly #runner: ModelRunner;
  readonly #store = new DisposableStore();
  readonly #turns: Turns;

  constructor(options: ResolvedOptions, runner: ModelRunner, lanes: number) {
    this.#turns = new Turns(lanes, () => this.#requireOpen());
    this.model = options.model;
    this.#options = options;
    this.#runner = this.#store.add(runner);
  }

  get device(): Device {
    return this.#runner.device;
  }

  get precision(): Precision {
    return this.#runner.precision;
  }

  decode(source: string | Uint8Array, options?: DecodeOptions): Promise<Picture>;
  decode(source: string | Uint8Array, options: DecodeOptions & DecodeColours): Promise<AnyPicture>;
  decode(
    source: string | Uint8Array,
    { file, depth = 8, colour }: DecodeOptions & Partial<DecodeColours> = {},
  ): Promise<AnyPicture> {
    const { maxPixels, metadata } = this.#options;
    return decodeImage(source, { maxPixels, metadata, depth, colour, ...(file === undefined ? {} : { file }) });
  }

  async translatePicture<S extends Samples>(
    picture: PictureOf<S>,
    options: TranslatePictureOptions = {},
  ): Promise<TranslatedPicture<S>> {
    try {
      const translated = await this.#translateScaled(picture, options);
      return { ...translated, picture: withSaid(translated.picture, picture) };
    } catch (error) {
      throw asCycleboxError(
        error,
        { pair: this.#options.subject.pair, plugin: this.#options.subject.plugin },
        'ENGINE_FAILED',
      );
    }
  }

  encode(picture: AnyPicture, options: EncodeOptions = {}): Promise<Buffer> {
    return encodeImage(picture, options);
  }

  async translate(source: string | Uint8Array, given: TranslateOptions = {}): Promise<TranslatedImage> {
    const options = this.#completed(given);
    const file = options.file ?? (typeof source === 'string' ? source : undefined);
    try {
      const { picture, ...how } = await this.#changed(source, file, options);
      const data = await this.encode(picture, options);
      const { width, height, notes = [] } = picture;
      const { format = picture.format } = options;
      const takenAt = picture.metadata && captureFactsOf(picture.metadata).takenAt;
      const said = [...notes, ...how.notes, ...encodingNotes(picture, options)];
      return { ...how, data, width, height, format, takenAt, notes: said };
    } catch (error) {
      throw asCycleboxError(error, { file });
    }
  }

  /** What nobody asks for otherwise is as the pair says. */
  #completed(options: TranslateOptions): TranslateOptions {
    const { format, quality, lossless, chroma, compression, depth, colour } = options;
    const asked = { format, quality, lossless, chroma, compression, depth, colour };
    return { ...options, ...mergedOutput(asked, this.#options.output) };
  }

  /** Decoded, translated, and changed before and after that: of bytes, then. */
  async #changed(
    source: string | Uint8Array,
    file: string | undefined,
    options: TranslateOptions,
  ): Promise<TranslatedPicture<Samples>> {
    const { before, after, depth = 'source', colour } = options;
    if (!before && !after) return this.translatePicture(await this.decode(source, { file, depth, colour }), options);
    const decoded = toEightBits(await this.decode(source, { file, depth: 8, colour }));
    const shown = withSaid(before ? await before(decoded) : decoded, decoded);
    const { picture, ...how } = await this.translatePicture(shown, options);
    return { picture: withSaid(after ? await after(picture) : picture, decoded), ...how };
  }

  translateFile(source: string, target: string, options: TranslateFileOptions = {}): Promise<TranslatedFile> {
    return this.#turns.alone(() => this.#translateFileNow(source, target, options));
  }

  translateStored(
    image: StoredImage,
    pixels: string,
    options: TranslatePictureOptions = {},
  ): Promise<TranslatedPixels> {
    return this.#turns.alone(async () => {
      const { enlargement } = this.#runner;
      const translate: TranslateRows<RowsRun> = (rows, sink) => this.#translateRows(rows, sink, options);
      const { run, result, notes } = await translateStoredPixels(image, pixels, { enlargement, translate });
      return { ...run, result, notes: [...notes, ...run.notes] };
    });
  }

  takesRows(size: PictureSize, options: TranslatePictureOptions = {}): boolean {
    const { shownAs } = this.#shown(size, options);
    if (isSameSize(size, shownAs)) return this.#runner.takesRows(options.tiling ?? this.#options.tiling);
    return this.#takesCopy(size, shownAs);
  }

  /** A smaller copy for the network, whose change is brought back to the rows. */
  #takesCopy(size: PictureSize, shownAs: PictureSize): boolean {
    return shownAs.width <= size.width && shownAs.height <= size.height && this.#runner.enlargement === 1;
  }

  #requireOpen(): void {
    if (this.#store.isDisposed)
      throw new CycleboxError('CANCELLED', 'The translator was disposed of before this image.');
  }

  async dispose(): Promise<void> {
    await this.#turns.idle();
    await this.#store.dispose();
  }

  async #translateFileNow(source: string, target: string, options: TranslateFileOptions): Promise<TranslatedFile> {
    const { maxPixels, metadata, subject } = this.#options;
    try {
      const { run, ...file } = await translateStored({
        source,
        target,
        maxPixels,
        metadata,
        encoding: { ...options, ...mergedOutput(options, this.#options.output) },
        enlargement: this.#runner.enlargement,
        translate: (rows, sink) => this.#translateRows(rows, sink, options),
      });
      return { ...file, ...run, notes: [...file.notes, ...run.notes] };
    } catch (error) {
      throw asCycleboxError(error, { file: source, pair: subject.pair, plugin: subject.plugin });
    }
  }

  /** At another scale, a small copy goes through the network, and its change is brought back row by row. */
  async #translateRows(source: RowSource, sink: RowSink, options: TranslatePictureOptions): Promise<RowsRun> {
    const { scale, shownAs } = this.#shown(source, options);
    const how = { ...options, tiling: options.tiling ?? this.#options.tiling };
    if (isSameSize(source, shownAs)) {
      const run = await this.#runner.translateRows(source, sink, how);
      return { ...run, notes: run.notes ?? [], scale, shownAs };
    }
    if (!this.#takesCopy(source, shownAs))
      throw new CycleboxError(
        'IMAGE_TOO_LARGE',
        `${source.width} × ${source.height} pixels are too many to be shown at ${shownAs.width} × ${shownAs.height}. Take --scale native.`,
      );
    const before: PictureOf<Samples> = { ...(await shrunk(source, shownAs)), format: 'png' };
    const { picture: after, ...run } = await this.#runner.translate(before, { ...how, onProgress: undefined });
    await transferRows(source, sink, { before, after }, fraction => {
      throwIfAborted(options.signal, 'The translation was cancelled.');
      options.onProgress?.(fraction);
    });
    const notes = [...greyNotes(before, this.#runner.channels), ...(run.notes ?? [])];
    return { ...run, notes, scale, shownAs };
  }

  #run<S extends Samples>(picture: PictureOf<S>, options: TranslatePictureOptions): Promise<PictureRun<S>> {
    const how = { ...options, tiling: options.tiling ?? this.#options.tiling };
    return this.#runner.translate(picture, how, this.#turns);
  }

  #shown(size: PictureSize, options: TranslatePictureOptions): Omit<ShownPicture, 'notes'> {
    const scale = parseScale(options.scale ?? this.#options.scale);
    const trainedSize = options.trainedSize ?? this.#options.trainedSize ?? this.#runner.trainedSize;
    return {
      scale,
      shownAs: fixedSize(sizeAtScale(size, scale, trainedSize, this.#options.model), this.#runner.fixed),
    };
  }

  async #translateScaled<S extends Samples>(
    given: PictureOf<S>,
    options: TranslatePictureOptions,
  ): Promise<TranslatedPicture<S>> {
    const picture = withoutHiddenColours(given);
    const { maxPixels } = this.#options;
    const { scale, shownAs } = this.#shown(picture, options);
    const throwIfCancelled = () => throwIfAborted(options.signal, 'The translation was cancelled.');
    const limits = { maxPixels, throwIfCancelled, enlargement: this.#runner.enlargement };
    const run = await translateAtSize(picture, shownAs, limits, each => this.#run(each, options));
    const notes = [...greyNotes(picture, this.#runner.channels), ...(run.notes ?? [])];
    return { ...run, scale, shownAs, notes };
  }
}

/** Rows that were translated into others. */
type RowsRun = Omit<PictureRun, 'picture' | 'notes'> & ShownPicture;

function isSameSize(one: PictureSize, other: PictureSize): boolean {
  return one.width === other.width && one.height === other.height;
}
