/**
 * The worker's side of the protocol: holds the pictures of the jobs under way and the loaded models. It runs inside
 * the worker process; nothing here knows of the daemon, of folders or of retries.
 */
import { open, rm, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import {
  asCycleboxError,
  CycleboxError,
  type Disposable,
  faultPoint,
  makeFolder,
  type PixelPaths,
} from '../base/index.js';
import { openEngine } from '../engine/index.js';
import {
  type AnyPicture,
  type DecodeColours,
  type DecodeLimits,
  decodeImage,
  decodeOrStore,
  defaultMaxPixels,
  encodeImage,
  encodingNotes,
  isDeep,
  nameForFormat,
  readPicture,
  resizePicture,
  type StoredImage,
  toEightBits,
  writePicture,
} from '../image/index.js';
import { captureFactsOf } from '../picture/index.js';
import type { CallContext, Handlers, ParamsOf } from '../process/index.js';
import {
  type MemoryFallback,
  type MemoryStep,
  type OpenEngine,
  openTranslator,
  paced,
  type TranslatePictureOptions,
  type Translator,
} from '../translate/index.js';
import {
  type ComputeApi,
  type ComputeModel,
  type ComputeSettings,
  type DecodeReport,
  defaultComputeSettings,
  type EncodeReport,
  type InspectReport,
  type TranslateReport,
  type WorkerStatus,
} from './compute-protocol.js';
import { DecodeAhead } from './decoded-ahead.js';
import { FileCheck } from './expected-file.js';
import { ModelCache } from './model-cache.js';
import { StoredJob } from './stored-job.js';

const becameBytes = 'its 16 bits a channel became 8, since plugins see bytes';

export interface ComputeServiceOptions {
  /** Told when memory runs out on the device and something is given up. */
  readonly onMemoryStep?: ((step: MemoryStep) => void) | undefined;
  /** Told how far a translation of several tiles has come; a few times a second at most. */
  readonly onProgress?: ((job: string, fraction: number) => void) | undefined;
  /** Opens engines other than those of this package. */
  readonly openEngine?: OpenEngine | undefined;
}

export class ComputeService implements Disposable {
  readonly #options: ComputeServiceOptions;
  readonly #pictures = new Map<string, AnyPicture>();
  /** Those that are not held. */
  readonly #stored = new Map<string, StoredJob>();
  /** By the hash of the model: how far memory went last time, for when the model is loaded again. */
  readonly #fallbacks = new Map<string, MemoryFallback>();
  readonly #ahead = new DecodeAhead();
  #settings: ComputeSettings = defaultComputeSettings;
  #models = this.#newCache();

  constructor(options: ComputeServiceOptions = {}) {
    this.#options = options;
  }

  handlers(): Handlers<ComputeApi> {
    return {
      configure: settings => this.#configure(settings),
      decode: request => this.#decode(request),
      prefetch: request => this.#prefetch(request),
      translate: (request, context) => this.#translate(request, context),
      encode: request => this.#encode(request),
      inspect: request => this.#inspect(request),
      exportPicture: ({ job, path }) => writePicture(path, toEightBits(this.#picture(job))),
      importPicture: async ({ job, path }) => this.#import(job, path),
      release: ({ job }) => this.#release(job),
      status: () => this.#status(),
    };
  }

  async dispose(): Promise<void> {
    this.#pictures.clear();
    await Promise.all([...this.#stored.keys()].map(job => this.#release(job)));
    await this.#models.dispose();
  }

  async #release(job: string): Promise<void> {
    this.#pictures.delete(job);
    const stored = this.#stored.get(job);
    this.#stored.delete(job);
    await stored?.dispose();
  }

  async #configure(settings: ComputeSettings): Promise<void> {
    const old = this.#models;
    this.#settings = settings;
    this.#fallbacks.clear();
    this.#ahead.clear();
    this.#models = this.#newCache();
    await old.dispose();
  }

  #newCache(): ModelCache<Translator> {
    const { maxModels, maxModelBytes: maxBytes } = this.#settings;
    return new ModelCache({ maxModels, maxBytes, open: model => this.#openModel(model) });
  }

  #openModel({ path: model, sha256 }: ComputeModel): Promise<Translator> {
    const { engine, precision, threads, maxMegapixels, memoryLimitBytes, tailoring } = this.#settings;
    const open = this.#options.openEngine ?? openEngine;
    return openTranslator({
      model,
      sha256,
      engine,
      precision,
      threads,
      maxMegapixels,
      memoryLimitBytes,
      fallback: this.#fallbacks.get(sha256),
      openEngine: (choice, options) => open(choice, { ...options, tailoring }),
      freeMemory: () => this.#models.releaseIdle(),
      onMemoryStep: step => {
        this.#fallbacks.set(sha256, step.fallback);
        this.#options.onMemoryStep?.(step);
      },
    });
  }

  async #decode(request: ParamsOf<ComputeApi, 'decode'>): Promise<DecodeReport> {
    const { job, source, expected, mayGrow, depth = 8, colour, pixels } = request;
    const startMs = performance.now();
    const { metadata = 'keep' } = this.#settings;
    const ahead = await this.#ahead.take({ source, expected, mayGrow, depth, colour });
    const check = expected && new FileCheck(source, expected);
    const hooks = check && { onOpened: check.onOpened, onRead: check.onRead };
    const how = { maxPixels: this.#maxPixels, metadata, mayGrow: mayGrow ?? false, depth, colour, ...hooks };
    const picture =
      ahead?.picture ?? (await (pixels ? this.#decodeOrStore(source, how, pixels) : decodeImage(source, how)));
    const { notes = [], ...held } = picture;
    if (pixels && 'kind' in picture) this.#stored.set(job, new StoredJob({ ...picture, notes: [] }, pixels));
    else this.#pictures.set(job, held as AnyPicture);
    faultPoint('decoded', process.ppid);
    const { width, height, format } = picture;
    const content = ahead?.content ?? check?.content;
    return { width, height, format, notes, source: content, ms: performance.now() - startMs };
  }

  #prefetch(request: ParamsOf<ComputeApi, 'prefetch'>): Promise<void> {
    const { metadata = 'keep' } = this.#settings;
    return this.#ahead.start(request, { maxPixels: this.#maxPixels, metadata });
  }

  async #decodeOrStore(
    source: string,
    how: DecodeLimits & DecodeColours,
    { source: temporary }: PixelPaths,
  ): Promise<AnyPicture | StoredImage> {
    await makeFolder(dirname(temporary));
    return decodeOrStore(source, how, { temporary, abovePixels: this.#settings.storedAbovePixels });
  }

  /** Metadata counts here whatever results are to say. */
  async #inspect(request: ParamsOf<ComputeApi, 'inspect'>): Promise<InspectReport> {
    const { source, expected, mayGrow = false, thumbnail, thumbnailSize } = request;
    const check = expected && new FileCheck(source, expected);
    const hooks = check && { onOpened: check.onOpened, onRead: check.onRead };
    const picture = await decodeImage(source, { maxPixels: this.#maxPixels, metadata: 'keep', mayGrow, ...hooks });
    const { width, height, format, metadata } = picture;
    const scale = Math.min(1, thumbnailSize / Math.max(width, height));
    const side = (length: number) => Math.max(1, Math.round(length * scale));
    await writePicture(thumbnail, scale < 1 ? await resizePicture(picture, side(width), side(height)) : picture);
    return { width, height, format, capture: metadata ? captureFactsOf(metadata) : {} };
  }

  get #maxPixels(): number {
    const { maxMegapixels } = this.#settings;
    return maxMegapixels === undefined ? defaultMaxPixels : maxMegapixels * 1e6;
  }

  #translate(
    { job, model, fit }: ParamsOf<ComputeApi, 'translate'>,
    { signal }: CallContext,
  ): Promise<TranslateReport> {
    return this.#models.use(model, async (translator, loadMs) => {
      const startMs = performance.now();
      const onProgress = paced(fraction => this.#options.onProgress?.(job, fraction));
      const { size, ...how } = await this.#translated(job, translator, { ...fit, signal, onProgress });
      faultPoint('inferred', process.ppid);
      return { ...size, ...how, loadMs, ms: performance.now() - startMs };
    });
  }

  async #translated(job: string, translator: Translator, options: TranslatePictureOptions) {
    const stored = this.#stored.get(job);
    const translated = await stored?.translate(translator, options);
    if (translated) {
      const { result, ...how } = translated;
      return { ...how, size: { width: result.width, height: result.height } };
    }
    if (stored) await this.#takeIntoMemory(job, stored);
    const { picture, ...how } = await translator.translatePicture(this.#picture(job), options);
    this.#replace(job, picture);
    return { ...how, size: { width: picture.width, height: picture.height } };
  }

  /** For a network that sees the whole of it at once. */
  async #takeIntoMemory(job: string, stored: StoredJob): Promise<void> {
    const picture = await stored.picture();
    await this.#release(job);
    this.#pictures.set(job, picture);
  }

  async #encode(request: ParamsOf<ComputeApi, 'encode'>): Promise<EncodeReport> {
    const startMs = performance.now();
    const { format: own, output = {} } = request;
    const made = await this.#encodeStored(request);
    if (made) return { ...made, ms: performance.now() - startMs };
    const held = this.#picture(request.job);
    const picture = own === undefined ? held : { ...held, format: own };
    const { format = picture.format } = output;
    const bytes = await encodeImage(picture, output);
    await writeFlushed(request.temporary, bytes);
    const { width, height } = picture;
    const name = nameForFormat(basename(request.source), format);
    const notes = [...(picture.notes ?? []), ...encodingNotes(picture, output)];
    const takenAt = picture.metadata && captureFactsOf(picture.metadata).takenAt;
    return { name, width, height, format, notes, bytes: bytes.length, takenAt, ms: performance.now() - startMs };
  }

  async #encodeStored({ job, source, temporary, format, output = {} }: ParamsOf<ComputeApi, 'encode'>) {
    const stored = this.#stored.get(job);
    if (!stored) return undefined;
    await makeFolder(dirname(temporary));
    const made = await stored.encode({ source, temporary }, { ...(format && { format }), ...output });
    if (!made) return undefined;
    faultPoint('temp-written', process.ppid);
    faultPoint('fsynced', process.ppid);
    return { ...made, bytes: (await stat(temporary)).size };
  }

  /** What is known of the source besides its pixels stays known, whatever the pixels have become. */
  async #import(job: string, path: string): Promise<void> {
    const before = this.#pictures.get(job);
    const picture = await readPicture(path);
    const { width, height } = picture;
    if (width * height > this.#maxPixels)
      throw new CycleboxError(
        'IMAGE_TOO_LARGE',
        `a plugin made it ${width} × ${height} pixels, more than are allowed.`,
      );
    const { metadata, space } = before ?? {};
    const notes = before && isDeep(before) ? [...(before.notes ?? []), becameBytes] : before?.notes;
    this.#pictures.set(job, {
      ...picture,
      ...(metadata && { metadata }),
      ...(space && { space }),
      ...(notes && { notes }),
    });
  }

  /** Unless the job was released meanwhile. */
  #replace(job: string, picture: AnyPicture): void {
    if (this.#pictures.has(job)) this.#pictures.set(job, picture);
  }

  #picture(job: string): AnyPicture {
    const picture = this.#pictures.get(job);
    if (picture) return picture;
    throw new CycleboxError('PROTOCOL', `the compute worker holds no picture of job ${job}: decode comes first`);
  }

  #status(): WorkerStatus {
    return {
      pid: process.pid,
      models: this.#models.loaded,
      jobs: [...this.#pictures.keys(), ...this.#stored.keys()],
      residentBytes: process.memoryUsage().rss,
    };
  }
}

async function writeFlushed(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await makeFolder(dirname(path));
    const handle = await open(path, 'wx');
    try {
      await handle.writeFile(bytes);
      faultPoint('temp-written', process.ppid);
      await handle.sync();
      faultPoint('fsynced', process.ppid);
    } finally {
      await handle.close();
    }
    const { size } = await stat(path);
    if (size !== bytes.length) throw new Error(`${size} of ${bytes.length} bytes arrived on the disk`);
  } catch (error) {
    await rm(path, { force: true }).catch(() => {});
    throw asCycleboxError(error, { file: path }, 'WRITE_FAILED');
  }
}
