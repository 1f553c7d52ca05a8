/**
 * The face of translation, for pipelines and for our own worker and command line: opens one model on one engine and
 * takes images through it. Knows nothing of folders, queues or output names.
 */

import { availableParallelism } from 'node:os';
import {
  asCycleboxError,
  CycleboxError,
  type Disposable,
  DisposableStore,
  type ErrorSubject,
  type MetadataPolicy,
  throwIfAborted,
} from '../base/index.js';
import { loadAvailablePairs, openImageModel, resolveDirection } from '../catalog/index.js';
import { type Device, type EngineChoice, openEngine, type Precision } from '../engine/index.js';
import {
  type AnyPicture,
  type Colour,
  type DecodeColours,
  type Depth,
  decodeImage,
  defaultMaxPixels,
  type EncodeOptions,
  encodeImage,
  encodingNotes,
  type ImageFormat,
  type Picture,
  type PictureOf,
  type Samples,
  type StoredImage,
  type StoredResult,
  toEightBits,
  withoutHiddenColours,
} from '../image/index.js';
import { captureFactsOf, mergedOutput, type OutputOptions } from '../picture/index.js';
import type { ModelFit, Scale, Tiling } from '../plugin-api/index.js';
import { outputOptionsOf, type PluginSetOptions, parseScale, parseTiling } from '../plugin-host/index.js';
import { fixedSize } from './fixed-size.js';
import { greyNotes } from './grey-notes.js';
import type { OpenEngine } from './loaded-model.js';
import type { MemoryFallback } from './memory-fallback.js';
import { type MemoryStep, ModelRunner } from './model-runner.js';
import type { RowSink, RowSource } from './part-pixels.js';
import { shrunk } from './shrunk.js';
import { transferRows } from './transfer-change.js';
import { type PictureSize, sizeAtScale, translateAtSize } from './translate-at-scale.js';
import type { PictureRun, RunOptions } from './translate-picture.js';
import { type TranslateRows, translateStored, translateStoredPixels } from './translate-stored.js';
import { Turns } from './turns.js';

/** Name the network by `model`, or by `pair` and `to`. */
export interface TranslatorOptions {
  /** Path of a model file of any kind that is read: ONNX, PyTorch, safetensors, a TensorFlow.js folder. */
  readonly model?: string | undefined;
  /** Of several networks in the weight file `model`, the one that is meant: `G_A`. */
  readonly network?: string | undefined;
  /** A description of the layers of the weight file `model`. Default: `NAME.architecture.json` beside it, where it is. */
  readonly architecture?: string | undefined;
  /** The SHA-256 that `model` is to have, in hex. Default: any. A pair's is what its manifest names. */
  readonly sha256?: string | undefined;
  /** Id of a pair that a plugin registers. */
  readonly pair?: string | undefined;
  /** The domain of the pair to translate to. */
  readonly to?: string | undefined;
  /** Folders with plugins, beside those that come with cyclebox. */
  readonly plugins?: readonly string[] | undefined;
  /** Where plugins are looked for instead of `plugins` alone: installed ones and npm packages, too. */
  readonly pluginPlaces?: PluginSetOptions | undefined;
  /** Default: the `models` folder of this package. */
  readonly modelStore?: string | undefined;
  /** Default `auto`: the best device that works. */
  readonly engine?: EngineChoice | undefined;
  /**
   * Default `auto`: float16 on devices that have it, as long as it gives no NaN; on the CPU int8 where the model is calibrated and
   * gains by it, else float32.
   */
  readonly precision?: Precision | 'auto' | undefined;
  /** Threads for one picture on the CPU; default: what the machine offers. */
  readonly threads?: number | undefined;
  /**
   * How many pictures may run at a time where several wait, each on its share of the threads: on the CPU, pictures of up to 4
   * megapixels, with memory for each of them. It is faster where `openEngine` gives models threads of their own (`EngineOptions.ownThread`).
   * A picture that waits for no other and beside which none does has all threads. Default 1.
   */
  readonly lanes?: number | undefined;
  /** Larger images are refused; default 128. */
  readonly maxMegapixels?: number | undefined;
  /** Whether results say what their sources say besides pixels: date, camera, place, author, density. Default `keep`. */
  readonly metadata?: MetadataPolicy | undefined;
  /** Pictures whose activations are estimated to need more are translated in tiles; default: half of the memory, or most of a device's own. */
  readonly memoryLimitBytes?: number | undefined;
  /** How large images are shown to the network; default: what the pair's manifest says, else `native`. */
  readonly scale?: Scale | undefined;
  /**
   * What the parts of an image that does not go in one piece are normalised by; default: what the pair's manifest says, else `exact`.
   * Networks that see the whole image in other ways than by normalising are taken in `independent` tiles in any case.
   */
  readonly tiling?: Tiling | undefined;
  /** Told of every step back when memory runs out: freed caches, fewer and smaller tiles, at last the CPU. */
  readonly onMemoryStep?: ((step: MemoryStep) => void) | undefined;
  /** Where an earlier translator of this model on this device had got to (`MemoryStep.fallback`). */
  readonly fallback?: MemoryFallback | undefined;
  /** Called first when memory runs out: frees what the caller can do without. */
  readonly freeMemory?: (() => Promise<void>) | undefined;
  /** Opens engines other than those of this package. */
  readonly openEngine?: OpenEngine | undefined;
}

export interface TranslatePictureOptions extends RunOptions {
  /** For this picture; default: the translator's. */
  readonly scale?: Scale | undefined;
  /** For `trained`: the shorter side of the training images; default: what the manifest or the model says. */
  readonly trainedSize?: number | undefined;
}

export interface TranslatedPicture<S extends Samples = Uint8Array> extends Omit<PictureRun<S>, 'notes'>, ShownPicture {}

/** At which scale a picture was translated. */
interface ShownPicture {
  readonly scale: Scale;
  /** The size at which the network saw it. Where that is smaller, new patterns are no finer than there. */
  readonly shownAs: PictureSize;
  /** What of the picture a network of grey has left out, and why it went in float32: sentences without a subject, which is the source. */
  readonly notes: readonly string[];
}

/** What results are like where nothing is said: as the pair's manifest says, else as their sources are. */
export interface TranslateOptions extends TranslatePictureOptions, EncodeOptions {
  /**
   * Bits of each value, from the decoder to the encoder: those of the source, where the format of the result has them (PNG, TIFF), or
   * so many. Default `source`; 8 where `before` or `after` is there, which see bytes.
   */
  readonly depth?: Depth | undefined;
  /** Of which space the colours of the result are: sRGB, or that of the source, as far as that can be. Default `srgb`. */
  readonly colour?: Colour | undefined;
  /** Changes the picture between decoding and translation. */
  readonly before?: ((picture: Picture) => Promise<Picture>) | undefined;
  /** Changes it between translation and encoding. */
  readonly after?: ((picture: Picture) => Promise<Picture>) | undefined;
  /** How errors name a source that is bytes. */
  readonly file?: string | undefined;
}

export interface TranslatedImage extends ShownPicture {
  /** The encoded image. */
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
  readonly format: ImageFormat;
  /** When the source says that it was taken, `2024-12-24T18:30:00`; undefined where it does not, or its metadata were not read. */
  readonly takenAt?: string | undefined;
  /** What the source held that the result does not: sentences without a subject, which is the source. */
  readonly notes: readonly string[];
  /** 1: in one piece. */
  readonly tiles: number;
  /** Where it was translated. */
  readonly device: EngineChoice;
  readonly precision: Precision;
  /** Of several tiles: what they were normalised by. */
  readonly tiling?: Tiling | undefined;
}

export interface DecodeOptions {
  /** How errors name a source that is bytes. */
  readonly file?: string | undefined;
}
/** Of depth and colours as `translate`. */
export type TranslateFileOptions = TranslatePictureOptions & EncodeOptions & { readonly depth?: Depth | undefined };

/** An image that was translated from file to file. */
export type TranslatedFile = Omit<TranslatedImage, 'data'>;

/** An image that was translated into a file of pixels. */
export interface TranslatedPixels extends Omit<PictureRun, 'picture' | 'notes'>, ShownPicture {
  readonly result: StoredResult;
}

export interface Translator extends Disposable {
  /** The network's file. */
  readonly model: string;
  /** Where it runs now: the CPU, once its device's memory did not do. */
  readonly device: Device;
  readonly precision: Precision;
  /** A path or the bytes of a file. @throws FILE_NOT_FOUND, FILE_UNREADABLE, IMAGE_UNSUPPORTED, IMAGE_CORRUPT, IMAGE_TOO_LARGE */
  decode(source: string | Uint8Array, options?: { readonly file?: string | undefined }): Promise<Picture>;
  decode(source: string | Uint8Array, options: DecodeOptions & DecodeColours): Promise<AnyPicture>;
  /** Calls wait for each other: a model runs one picture at a time, or as many as there are `lanes`. @throws OUT_OF_MEMORY, MODEL_INVALID, ENGINE_FAILED, CANCELLED */
  translatePicture<S extends Samples>(
    picture: PictureOf<S>,
    options?: TranslatePictureOptions,
  ): Promise<TranslatedPicture<S>>;
  encode(picture: AnyPicture, options?: EncodeOptions): Promise<Buffer>;
  /**
   * From file to file, without the image ever being in memory: for hundreds of megapixels. The result is that of `translate` but for
   * rounding. Several large temporary files are made on the way (`TMPDIR`).
   * @param target must not exist
   * @throws what the three throw, WRITE_FAILED, and IMAGE_TOO_LARGE for networks that cannot be taken in parts at this scale
   */
  translateFile(source: string, target: string, options?: TranslateFileOptions): Promise<TranslatedFile>;
  /** Whether an image of this size can be translated from file to file: the network goes in parts, at this scale. */
  takesRows(size: PictureSize, options?: TranslatePictureOptions): boolean;
  /**
   * The middle of `translateFile`: from an image whose pixels lie in a file to a file of pixels.
   * @param pixels must not exist; it stays where this throws
   * @throws as `translateFile`
   */
  translateStored(image: StoredImage, pixels: string, options?: TranslatePictureOptions): Promise<TranslatedPixels>;
  /** The three in a row: an image in, an image of the same size (larger, where the network enlarges) and format out. */
  translate(source: string | Uint8Array, options?: TranslateOptions): Promise<TranslatedImage>;
}

/** What the code reads, made from what the user wrote. */
interface ResolvedOptions {
  readonly model: string;
  readonly reading: Pick<TranslatorOptions, 'network' | 'architecture'>;
  /** What the pair says of its results. */
  readonly output: OutputOptions;
  /** What the file is to have. */
  readonly sha256: string | undefined;
  readonly subject: ErrorSubject;
  readonly maxPixels: number;
  readonly metadata: MetadataPolicy;
  readonly scale: Scale;
  readonly tiling: Tiling;
  /** What the manifest says; goes before what the model does. */
  readonly trainedSize: number | undefined;
}

/**
 * @throws CycleboxError USAGE, PAIR_NOT_FOUND, DOMAIN_NOT_FOUND, MODEL_MISSING, MODEL_HASH_MISMATCH, MODEL_INVALID,
 * ENGINE_UNAVAILABLE, OUT_OF_MEMORY
 */
export async function openTranslator(options: TranslatorOptions): Promise<Translator> {
  const { memoryLimitBytes } = options;
  const lanes = Math.min(options.lanes ?? 1, options.threads ?? availableParallelism());
  const resolved = await resolveOptions(options);
  if (memoryLimitBytes !== undefined) positive('memoryLimitBytes', memoryLimitBytes);
  try {
    const runner = await ModelRunner.open({
      model: await openImageModel(resolved.model, resolved.sha256, resolved.reading),
      openEngine: options.openEngine ?? openEngine,
      engine: options.engine ?? 'auto',
      precision: options.precision ?? 'auto',
      threads: options.threads,
      memoryLimitBytes,
      fallback: options.fallback,
      onStep: options.onMemoryStep,
      freeMemory: options.freeMemory,
      lanes,
    });
    return await checkedTranslator(new ModelTranslator(resolved, runner, lanes), resolved, runner);
  } catch (error) {
    throw asCycleboxError(error, resolved.subject, 'MODEL_INVALID');
  }
}

async function resolveOptions(options: TranslatorOptions): Promise<ResolvedOptions> {
  const { network, architecture } = options;
  const { model, sha256, subject, fit, output = {} } = await resolveModel(options);
  const { maxMegapixels = defaultMaxPixels / 1e6 } = options;
  const maxPixels = positive('maxMegapixels', maxMegapixels) * 1e6;
  const scale = parseScale(options.scale ?? fit?.scale ?? 'native');
  const tiling = parseTiling(options.tiling ?? fit?.tiling ?? 'exact');
  const { metadata = 'keep' } = options;
  const reading = { network, architecture };
  const trainedSize = fit?.trainedSize;
  return Object.freeze({ model, reading, output, sha256, subject, maxPixels, metadata, scale, tiling, trainedSize });
}

interface ResolvedModel {
  readonly model: string;
  readonly sha256: string | undefined;
  readonly subject: ErrorSubject;
  readonly fit?: ModelFit | undefined;
  readonly output?: OutputOptions | undefined;
}

async function resolveModel(options: TranslatorOptions): Promise<ResolvedModel> {
  const { model, sha256, pair, to, plugins, pluginPlaces: places, modelStore } = options;
  if (model === undefined && (options.network ?? options.architecture) !== undefined)
    throw new CycleboxError('USAGE', 'A network or an architecture is for a model file (model); a pair has its own.');
  if (model !== undefined) return { model, sha256, subject: { file: model, pair } };
  if (pair === undefined || to === undefined)
    throw new CycleboxError('USAGE', 'Name a model file (model), or a pair and a domain (pair, to).');
  const translation = await resolveDirection((await loadAvailablePairs({ plugins, places })).pair(pair), to, {
    modelStore,
  });
  return {
    model: translation.model.path,
    sha256: translation.model.sha256,
    subject: { file: translation.model.path, pair, plugin: translation.pair.plugin.name },
    fit: translation.fit,
    output: outputOptionsOf(translation.pair.output ?? {}),
  };
}

function positive(name: string, value: number): number {
  if (value > 0) return value;
  throw new CycleboxError('USAGE', `${name} is ${value}; it must be a number above 0.`);
}

/** What cannot work for any picture is said at once. @throws SCALE_UNKNOWN, having closed the translator */
async function checkedTranslator(
  translator: ModelTranslator,
  { scale, trainedSize, model }: ResolvedOptions,
  runner: ModelRunner,
): Promise<ModelTranslator> {
  try {
    sizeAtScale({ width: 1, height: 1 }, scale, trainedSize ?? runner.trainedSize, model);
    return translator;
  } catch (error) {
    await translator.dispose();
    throw error;
  }
}

/** What is known of the source besides its pixels is known of the result. */
function withSaid<S extends Samples>(picture: PictureOf<S>, { notes, metadata, space }: AnyPicture): PictureOf<S> {
  return { ...picture, ...(notes && { notes }), ...(metadata && { metadata }), ...(space && { space }) };
}

class ModelTranslator implements Translator {
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
