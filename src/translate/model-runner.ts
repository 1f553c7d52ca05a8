/**
 * One model on one engine, that gives way when memory runs out: caches are freed, then the fallback becomes humbler step
 * by step down to the CPU, and each step is told. A picture is begun again after each: nothing of a run that
 * failed is used.
 */

import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { asCycleboxError, CycleboxError, type Disposable } from '../base/index.js';
import type { ImageModel } from '../catalog/index.js';
import type { Device, EngineChoice, Precision } from '../engine/index.js';
import { type AnyPicture, isDeep, type PictureOf, type Samples, samplesLike } from '../image/index.js';
import type { FixedSizes } from '../onnx/index.js';
import type { Tiling } from '../plugin-api/index.js';
import type { TiledNetwork } from '../tiling/index.js';
import { memoryLimitOf } from './activation-memory.js';
import { insistsOnSize } from './fixed-size.js';
import { Lanes, laneMemoryBytes } from './lanes.js';
import { isOutOfMemory, type LoadedModel, type LoadOptions, loadModel } from './loaded-model.js';
import { type MemoryFallback, type MemoryStepKind, nextFallback, noFallback } from './memory-fallback.js';
import { type RowSink, type RowSource, rowsOf } from './part-pixels.js';
import type { UnitTensor } from './tensor-pixels.js';
import { type PartsLimits, thumbnailOf, tileBytesFor, translateInParts } from './translate-in-parts.js';
import {
  goesWhole,
  type PicturePlan,
  type PictureRun,
  planPicture,
  type RunOptions,
  translatePicture,
  withPixels,
} from './translate-picture.js';
import { Turns } from './turns.js';
import { mayGoAhead, runWhole, showWhole, takesBytes } from './whole-picture.js';

/** What was given up, and how the model is run from now on. */
export interface MemoryStep {
  readonly kind: MemoryStepKind;
  readonly model: string;
  /** Where memory ran out. */
  readonly device: EngineChoice;
  /** For people: what happened and what follows. */
  readonly message: string;
  readonly fallback: MemoryFallback;
}

export interface ModelRunnerOptions extends LoadOptions {
  /** Undefined: what `memoryLimitOf` says of the device. */
  readonly memoryLimitBytes: number | undefined;
  /** Where an earlier runner of this model on this device had got to. */
  readonly fallback: MemoryFallback | undefined;
  readonly onStep: ((step: MemoryStep) => void) | undefined;
  /** Frees what others hold on the device. */
  readonly freeMemory: (() => Promise<void>) | undefined;
  /** So many pictures run at a time on the CPU, where several wait: each on its share of the threads. */
  readonly lanes: number;
}

interface Given<S extends Samples> {
  readonly picture: PictureOf<S>;
  /** What the network is shown of it, where that was made beforehand. */
  readonly shown: UnitTensor | undefined;
}

interface WholeGiven<S extends Samples> extends Given<S> {
  readonly shown: UnitTensor;
}

/** What is left to do when the network is free again. */
type Finish<S extends Samples> = () => Promise<PictureRun<S>>;

/** Larger tiles than this see no better and fit no better. Only where several go at a time. */
const largestTileOnDevice = 1024;

export class ModelRunner implements Disposable {
  readonly #options: ModelRunnerOptions;
  #fallback: MemoryFallback;
  #loaded: LoadedModel;
  /** Undefined: none were needed yet. */
  #lanes: Lanes | undefined;
  /** Their memory did not do. */
  #hasNoLanes = false;

  private constructor(options: ModelRunnerOptions, fallback: MemoryFallback, placed: LoadedModel) {
    this.#options = options;
    this.#fallback = fallback;
    this.#loaded = placed;
    this.#tellFault();
  }

  #tellFault(): void {
    const { fault, engine } = this.#loaded;
    if (fault)
      reportStep(this.#options, { kind: 'calibration', device: engine.device.id, fallback: this.#fallback, fault });
  }

  /** @throws ENGINE_UNAVAILABLE, MODEL_INVALID, OUT_OF_MEMORY when not even the CPU has room for the model */
  static async open(options: ModelRunnerOptions): Promise<ModelRunner> {
    const fallback = options.fallback ?? noFallback;
    try {
      return new ModelRunner(options, fallback, await loadModel(options, fallback));
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      return ModelRunner.#openWithFallback(options, fallback, error);
    }
  }

  /** The weights alone were too much: caches first, then the CPU. */
  static async #openWithFallback(
    options: ModelRunnerOptions,
    fallback: MemoryFallback,
    error: CycleboxError,
  ): Promise<ModelRunner> {
    const device = fallback.onCpu ? 'cpu' : options.engine;
    await options.freeMemory?.();
    reportStep(options, { kind: 'caches', device, fallback: fallback });
    try {
      return new ModelRunner(options, fallback, await loadModel(options, fallback));
    } catch (again) {
      if (!isOutOfMemory(again) || device === 'cpu') throw again;
      const onCpu: MemoryFallback = { ...noFallback, onCpu: true, precision: 'float32' };
      const placed = await loadModel(options, onCpu).catch(() => {
        throw error;
      });
      reportStep(options, { kind: 'cpu', device, fallback: onCpu });
      return new ModelRunner(options, onCpu, placed);
    }
  }

  get device(): Device {
    return this.#loaded.engine.device;
  }

  get precision(): Precision {
    return this.#loaded.precision;
  }

  /** What the model says of the shorter side of its training images, in pixels. */
  get trainedSize(): number | undefined {
    return this.#loaded.network.trainedSize;
  }

  /** The sizes that the network insists on: pictures must have them. */
  get fixed(): FixedSizes {
    return this.#options.model.fixed;
  }

  /** Whether the network takes and gives colours, or grey alone. */
  get channels(): ImageModel['channels'] {
    return this.#options.model.channels;
  }

  /** How many times larger the sides of results are. */
  get enlargement(): number {
    return this.#options.model.scale;
  }

  /**
   * What comes before and after the run goes on beside another picture's, and so does the run itself where there are lanes.
   * @throws OUT_OF_MEMORY when there is nothing left to give up, MODEL_INVALID, ENGINE_FAILED, CANCELLED
   */
  async translate<S extends Samples>(
    picture: PictureOf<S>,
    options: RunOptions,
    turns: Turns = new Turns(1),
  ): Promise<PictureRun<S>> {
    const { network } = this.#loaded;
    const ahead = mayGoAhead(picture) && goesWhole(network, picture, this.#limits()) && !takesBytes(network, picture);
    const shown = ahead ? showWhole(network, picture) : undefined;
    const alone = () => this.#translateNow({ picture, shown }, options);
    const beside = (hasCompany: boolean) => (hasCompany ? this.#inLane({ picture, shown: shown! }, options) : alone());
    const finish = (shown && this.#mayShare(picture) && (await turns.beside(beside))) || (await turns.alone(alone));
    return await finish();
  }

  /** Whether a picture that goes in one piece may run in a lane: on the CPU, with room for all of them, as the model is loaded. */
  #mayShare(picture: AnyPicture): boolean {
    const { engine, network, precision } = this.#loaded;
    const { lanes, model } = this.#options;
    if (lanes < 2 || engine.id !== 'cpu' || this.#hasNoLanes) return false;
    if (isDeep(picture) && precision !== 'float32') return false;
    const limits = this.#limits();
    const memoryBytes = laneMemoryBytes(limits.memoryBytes, lanes, model.bytes.length);
    return goesWhole(network, picture, { ...limits, memoryBytes });
  }

  /** @returns undefined where memory did not do, and it has to have the network to itself */
  async #inLane<S extends Samples>(
    { picture, shown }: WholeGiven<S>,
    { signal }: RunOptions,
  ): Promise<Finish<S> | undefined> {
    if (this.#hasNoLanes) return undefined;
    const lanes = this.#openLanes();
    try {
      return await lanes.use(async ({ network, engine, precision }) => {
        const finish = await runWhole(network, { picture, shown }, signal);
        const facts = { tiles: 1, device: engine.device.id, precision, notes: [] };
        return async () => ({ ...facts, picture: await finish() });
      });
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      await this.#giveUpLanes(lanes);
      return undefined;
    }
  }

  #openLanes(): Lanes {
    const { precision, engine } = this.#loaded;
    const { lanes: count, threads = availableParallelism() } = this.#options;
    const load = async (share: number) =>
      loadModel({ ...this.#options, engine: 'cpu', precision, threads: share }, noFallback);
    // What is not used any more holds no memory beside them.
    this.#lanes ??= new Lanes({ count, threads, load, onOpened: () => engine.releaseCaches() });
    return this.#lanes;
  }

  async #giveUpLanes(lanes: Lanes): Promise<void> {
    if (this.#hasNoLanes) return;
    this.#hasNoLanes = true;
    reportStep(this.#options, { kind: 'lanes', device: this.#loaded.engine.device.id, fallback: this.#fallback });
    await lanes.dispose();
  }

  /** Steps back as often as there is something to give up. */
  async #translateNow<S extends Samples>(given: Given<S>, options: RunOptions): Promise<Finish<S>> {
    for (let cachesAreFree = false; ; cachesAreFree = true) {
      const plan = planPicture(this.#loaded.network, given.picture, this.#limits());
      try {
        return await this.#translatePlanned(given, plan, options);
      } catch (error) {
        if (isOutOfMemory(error)) await (cachesAreFree ? this.#fallBack(plan, error) : this.#freeCaches());
        else await this.#withoutFloat16(error);
      }
    }
  }

  async dispose(): Promise<void> {
    await this.#lanes?.dispose();
    await this.#loaded.dispose();
  }

  async #translatePlanned<S extends Samples>(
    { picture, shown }: Given<S>,
    plan: PicturePlan,
    options: RunOptions,
  ): Promise<Finish<S>> {
    const { network, engine, precision: loaded, inParts, forDeep } = this.#loaded;
    const { tiling = 'exact', signal } = options;
    const { count: tiles } = plan.tiles;
    const device = engine.device.id;
    const parts = tiles > 1 && tiling !== 'independent' ? inParts() : undefined;
    if (parts) {
      const run = await this.#translateInParts(picture, parts, { ...options, tiling });
      return async () => ({ ...run, device, tiling });
    }
    const taken = isDeep(picture) ? await forDeep() : network;
    const isLoaded = taken === network;
    const precision = isLoaded ? loaded : 'float32';
    const facts = { tiles, device, precision, notes: isLoaded ? [] : [deepInFloat32(loaded)] };
    if (tiles > 1) {
      const translated = await translatePicture(taken, picture, plan, options);
      return async () => ({ ...facts, picture: translated, tiling: 'independent' });
    }
    const finish = await runWhole(taken, { picture, shown }, signal);
    // Whether it has to be tried again in another precision is known when it is finished.
    if (shown && precision !== 'float16') return async () => ({ ...facts, picture: await finish() });
    const translated = await finish();
    return async () => ({ ...facts, picture: translated });
  }

  /** Graphs are computed in float32 on every device. */
  async #translateInParts<S extends Samples>(
    picture: PictureOf<S>,
    network: TiledNetwork,
    options: RunOptions,
  ): Promise<Omit<PictureRun<S>, 'device' | 'tiling'>> {
    const {
      precision: loaded,
      network: { scale },
    } = this.#loaded;
    const [width, height] = [picture.width * scale, picture.height * scale];
    const rgb = samplesLike(picture.rgb, width * height * 3);
    const sink = { width, height, write: async (from: number, rows: Samples) => rgb.set(rows, from * width * 3) };
    const tiles = await this.#rowsInParts(network, rowsOf(picture), sink, options);
    const notes = partsInFloat32(loaded);
    return { picture: await withPixels(picture, { width, height, rgb }), tiles, precision: 'float32', notes };
  }

  /** @returns the number of tiles */
  async #rowsInParts(network: TiledNetwork, source: RowSource, sink: RowSink, options: RunOptions): Promise<number> {
    const { rule, name, bytesPerPixel } = this.#loaded.network;
    const { tiles } = await translateInParts({
      network,
      rule,
      name,
      limits: { ...this.#limits(), bytesPerPixel },
      source,
      sink,
      like: await source.rows(0, 1),
      thumbnail: options.tiling === 'thumbnail' ? await thumbnailOf(source) : undefined,
      onProgress: options.onProgress,
      signal: options.signal,
    });
    return tiles;
  }

  /** Whether the network can be taken in parts that know of each other, as pictures are whose rows lie in a file. */
  takesRows(tiling: Tiling): boolean {
    return tiling !== 'independent' && this.#loaded.inParts() !== undefined;
  }

  /**
   * A picture whose rows lie in a file, as they are: one at a time. Begun again after each step back, so sinks take rows twice.
   * @throws as `translate`; IMAGE_TOO_LARGE where the network does not take rows
   */
  async translateRows(source: RowSource, sink: RowSink, options: RunOptions): Promise<Omit<PictureRun, 'picture'>> {
    const { tiling = 'exact' } = options;
    for (let cachesAreFree = false; ; cachesAreFree = true) {
      const { engine, inParts, network, precision } = this.#loaded;
      const parts = tiling === 'independent' ? undefined : inParts();
      if (!parts) throw onlyInMemory(network.name, source);
      try {
        const tiles = await this.#rowsInParts(parts, source, sink, { ...options, tiling });
        return { tiles, device: engine.device.id, precision: 'float32', tiling, notes: partsInFloat32(precision) };
      } catch (error) {
        if (!isOutOfMemory(error)) throw error;
        const limits = { ...this.#limits(), bytesPerPixel: network.bytesPerPixel };
        await (cachesAreFree ? this.#fallBack({ batch: 1, pixels: pixelsOfTile(limits) }, error) : this.#freeCaches());
      }
    }
  }

  #limits() {
    const { device } = this.#loaded.engine;
    const memoryBytes = this.#options.memoryLimitBytes ?? memoryLimitOf(device);
    const { maxPixels, batch } = this.#fallback;
    // One tile at a time keeps all threads of a CPU busy.
    if (device.kind === 'cpu') return { memoryBytes, maxPixels, batch: 1, tileSide: Number.POSITIVE_INFINITY };
    return { memoryBytes, maxPixels, batch, tileSide: largestTileOnDevice };
  }

  async #freeCaches(): Promise<void> {
    const { engine } = this.#loaded;
    await this.#options.freeMemory?.();
    await engine.releaseCaches();
    reportStep(this.#options, { kind: 'caches', device: engine.device.id, fallback: this.#fallback });
  }

  /** @throws `error` when there is nothing left to give up */
  async #fallBack(failed: { readonly batch: number; readonly pixels: number }, error: CycleboxError): Promise<void> {
    const { engine, network } = this.#loaded;
    // There are no smaller pieces for a network that insists on a size.
    const size = insistsOnSize(network.fixed) ? { batch: 1, pixels: 0 } : failed;
    const next = nextFallback(this.#fallback, size, network.rule, engine.id === 'cpu');
    if (!next) throw error;
    if (next.kind === 'cpu') await this.#reload(next.fallback, error);
    this.#fallback = next.fallback;
    reportStep(this.#options, { kind: next.kind, device: engine.device.id, fallback: next.fallback });
  }

  /** NaN may come of float16 alone: float32 is tried, unless float16 was asked for. @throws `error` if not */
  async #withoutFloat16(error: unknown): Promise<void> {
    const { engine, precision } = this.#loaded;
    const isChoice = this.#options.precision === 'auto' && precision === 'float16';
    if (!isChoice || asCycleboxError(error).code !== 'ENGINE_FAILED') throw error;
    const fallback: MemoryFallback = { ...this.#fallback, precision: 'float32' };
    await this.#reload(fallback, error);
    this.#fallback = fallback;
    reportStep(this.#options, { kind: 'precision', device: engine.device.id, fallback: this.#fallback });
  }

  /** The old stays when the new cannot be had. @throws `reason` then */
  async #reload(fallback: MemoryFallback, reason: unknown): Promise<void> {
    const old = this.#loaded;
    this.#loaded = await loadModel(this.#options, fallback).catch(() => {
      throw reason;
    });
    this.#tellFault();
    await old.dispose();
  }
}

/** What 16 bits are for, fewer would throw away. */
function deepInFloat32(precision: Precision): string {
  return `was translated in float32 rather than ${precision}, since it has 16 bits a channel`;
}

/** Networks in parts are graphs, which every device computes in float32. */
function partsInFloat32(loaded: Precision): readonly string[] {
  return loaded === 'float32' ? [] : [`was translated in parts, which go in float32, and not in ${loaded}`];
}

function pixelsOfTile({ memoryBytes, maxPixels, bytesPerPixel }: PartsLimits): number {
  return Math.floor(Math.min(maxPixels, tileBytesFor({ memoryBytes, maxPixels, bytesPerPixel }) / bytesPerPixel));
}

function onlyInMemory(name: string, { width, height }: Pick<RowSource, 'width' | 'height'>): CycleboxError {
  return new CycleboxError(
    'IMAGE_TOO_LARGE',
    `${width} × ${height} pixels are more than are taken in tiles that know nothing of each other, and ${name} cannot be taken ` +
      'in others, or was not to be. Show it a smaller copy: --scale with a number of pixels.',
  );
}

function reportStep(
  options: ModelRunnerOptions,
  { kind, device, fallback, fault }: Omit<MemoryStep, 'model' | 'message'> & { readonly fault?: CycleboxError },
): void {
  const { onStep } = options;
  const model = options.model.path;
  const message = fault ? faultMessage(basename(model), fault) : messageOf(kind, device, basename(model), fallback);
  onStep?.({ kind, model, device, fallback, message });
}

function faultMessage(model: string, { code, message }: CycleboxError): string {
  return `${model} runs in float32, since its calibration for int8 cannot be used: ${code}: ${message}`;
}

function messageOf(
  kind: MemoryStepKind,
  device: EngineChoice,
  model: string,
  { batch, maxPixels }: MemoryFallback,
): string {
  const ranOut = `${model} ran out of memory on ${device === 'auto' ? 'its device' : device}`;
  switch (kind) {
    case 'lanes':
      return `${ranOut}: from now on it takes one picture at a time`;
    case 'caches':
      return `${ranOut}: its caches were freed, and it is tried again`;
    case 'batch':
      return `${ranOut}: from now on it runs at most ${batch} ${batch === 1 ? 'tile' : 'tiles'} at a time`;
    case 'tiles':
      return `${ranOut}: from now on its tiles have at most ${Math.floor(Math.sqrt(maxPixels))} × ${Math.floor(Math.sqrt(maxPixels))} pixels`;
    case 'cpu':
      return `${ranOut}: from now on it runs on the CPU`;
    case 'precision':
      return `${model} failed on ${device} in float16: from now on it runs in float32`;
    case 'calibration':
      return `${model} runs in float32, since its calibration for int8 cannot be used`;
    default:
      return kind satisfies never;
  }
}
