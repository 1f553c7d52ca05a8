/**
 * One model on one engine, that gives way when memory runs out: caches are freed, then the footing becomes humbler step
 * by step down to the processor, and each step is told. A picture is begun again after each: nothing of a run that
 * failed is used.
 */
import { basename } from 'node:path';
import { asCycleboxError, CycleboxError, type Disposable } from '../base/index.js';
import type { Device, Engine, EngineChoice, EngineOptions, Precision, Program } from '../engine/index.js';
import type { Picture } from '../image/index.js';
import { activationBytesPerPixel, memoryLimitOf, sizeRule, trainedSizeOf } from './activation-memory.js';
import { type Footing, firmFooting, humblerFooting, type StepKind } from './footing.js';
import { type Network, type PictureRun, planPicture, type RunOptions, translatePicture } from './translate-picture.js';

export type OpenEngine = (choice: EngineChoice, options: EngineOptions) => Promise<Engine>;

/** What was given up, and how the model is run from now on. */
export interface MemoryStep {
  readonly kind: StepKind;
  readonly model: string;
  /** Where memory ran out. */
  readonly device: EngineChoice;
  /** For people: what happened and what follows. */
  readonly message: string;
  readonly footing: Footing;
}

export interface ModelRunnerOptions {
  readonly model: string;
  /** Size of the model's file. */
  readonly fileBytes: number;
  readonly openEngine: OpenEngine;
  readonly engine: EngineChoice;
  readonly precision: Precision | 'auto';
  readonly threads: number | undefined;
  /** Undefined: what `memoryLimitOf` says of the device. */
  readonly memoryLimitBytes: number | undefined;
  /** Where an earlier runner of this model on this device had got to. */
  readonly footing: Footing | undefined;
  readonly onStep: ((step: MemoryStep) => void) | undefined;
  /** Frees what others hold on the device. */
  readonly freeMemory: (() => Promise<void>) | undefined;
}

/** An engine with the model on it. */
interface Placed extends Disposable {
  readonly engine: Engine;
  readonly network: Network;
  readonly precision: Precision;
}

/** Larger tiles than this see no better and fit no better. Only where several go at a time. */
const largestTileOnDevice = 1024;

export class ModelRunner implements Disposable {
  readonly #options: ModelRunnerOptions;
  #footing: Footing;
  #placed: Placed;

  private constructor(options: ModelRunnerOptions, footing: Footing, placed: Placed) {
    this.#options = options;
    this.#footing = footing;
    this.#placed = placed;
  }

  /** @throws ENGINE_UNAVAILABLE, MODEL_INVALID, OUT_OF_MEMORY when not even the processor has room for the model */
  static async open(options: ModelRunnerOptions): Promise<ModelRunner> {
    const footing = options.footing ?? firmFooting;
    try {
      return new ModelRunner(options, footing, await place(options, footing));
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      return ModelRunner.#openHumbly(options, footing, error);
    }
  }

  /** The weights alone were too much: caches first, then the processor. */
  static async #openHumbly(options: ModelRunnerOptions, footing: Footing, error: CycleboxError): Promise<ModelRunner> {
    const device = footing.onProcessor ? 'cpu' : options.engine;
    await options.freeMemory?.();
    tell(options, { kind: 'caches', device, footing });
    try {
      return new ModelRunner(options, footing, await place(options, footing));
    } catch (again) {
      if (!isOutOfMemory(again) || device === 'cpu') throw again;
      const onProcessor: Footing = { ...firmFooting, onProcessor: true, precision: 'float32' };
      const placed = await place(options, onProcessor).catch(() => {
        throw error;
      });
      tell(options, { kind: 'processor', device, footing: onProcessor });
      return new ModelRunner(options, onProcessor, placed);
    }
  }

  get device(): Device {
    return this.#placed.engine.device;
  }

  get precision(): Precision {
    return this.#placed.precision;
  }

  /** What the model says of the shorter side of its training images, in pixels. */
  get trainedSize(): number | undefined {
    return this.#placed.network.trainedSize;
  }

  /** One at a time. @throws OUT_OF_MEMORY when there is nothing left to give up, MODEL_INVALID, ENGINE_FAILED, CANCELLED */
  async translate(picture: Picture, options: RunOptions): Promise<PictureRun> {
    for (let cachesAreFree = false; ; cachesAreFree = true) {
      const { network, engine, precision } = this.#placed;
      const plan = planPicture(network, picture, this.#limits());
      try {
        const translated = await translatePicture(network, picture, plan, options);
        return { picture: translated, tiles: plan.tiles.count, device: engine.device.id, precision };
      } catch (error) {
        if (isOutOfMemory(error)) await (cachesAreFree ? this.#giveWay(plan, error) : this.#freeCaches());
        else await this.#withoutFloat16(error);
      }
    }
  }

  dispose(): Promise<void> {
    return Promise.resolve(this.#placed.dispose());
  }

  #limits() {
    const { device } = this.#placed.engine;
    const memoryBytes = this.#options.memoryLimitBytes ?? memoryLimitOf(device);
    const { maxPixels, batch } = this.#footing;
    // One tile at a time keeps all threads of a processor busy.
    if (device.kind === 'cpu') return { memoryBytes, maxPixels, batch: 1, tileSide: Number.POSITIVE_INFINITY };
    return { memoryBytes, maxPixels, batch, tileSide: largestTileOnDevice };
  }

  async #freeCaches(): Promise<void> {
    const { engine } = this.#placed;
    await this.#options.freeMemory?.();
    await engine.releaseCaches();
    tell(this.#options, { kind: 'caches', device: engine.device.id, footing: this.#footing });
  }

  /** @throws `error` when there is nothing left to give up */
  async #giveWay(failed: { readonly batch: number; readonly pixels: number }, error: CycleboxError): Promise<void> {
    const { engine, network } = this.#placed;
    const next = humblerFooting(this.#footing, failed, network.rule, engine.id === 'cpu');
    if (!next) throw error;
    if (next.kind === 'processor') await this.#replace(next.footing, error);
    this.#footing = next.footing;
    tell(this.#options, { kind: next.kind, device: engine.device.id, footing: next.footing });
  }

  /** Values that are not numbers may be those of float16 alone; only where nobody asked for it. @throws `error` if not */
  async #withoutFloat16(error: unknown): Promise<void> {
    const { engine, precision } = this.#placed;
    const isChoice = this.#options.precision === 'auto' && precision === 'float16';
    if (!isChoice || asCycleboxError(error).code !== 'ENGINE_FAILED') throw error;
    const footing: Footing = { ...this.#footing, precision: 'float32' };
    await this.#replace(footing, error);
    this.#footing = footing;
    tell(this.#options, { kind: 'precision', device: engine.device.id, footing: this.#footing });
  }

  /** The old stays when the new cannot be had. @throws `reason` then */
  async #replace(footing: Footing, reason: unknown): Promise<void> {
    const old = this.#placed;
    this.#placed = await place(this.#options, footing).catch(() => {
      throw reason;
    });
    await old.dispose();
  }
}

async function place(options: ModelRunnerOptions, footing: Footing): Promise<Placed> {
  const { openEngine, threads } = options;
  const choice = footing.onProcessor ? 'cpu' : options.engine;
  const engine = await openEngine(choice, threads === undefined ? {} : { threads });
  try {
    const { program, precision } = await load(engine, options, footing.precision ?? options.precision);
    const network = networkOf(program, options.model, options.fileBytes);
    const dispose = async () => {
      await program.dispose();
      await engine.dispose();
    };
    return { engine, network, precision, dispose };
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

async function load(
  engine: Engine,
  { model }: ModelRunnerOptions,
  wanted: Precision | 'auto',
): Promise<{ readonly program: Program; readonly precision: Precision }> {
  const at = async (precision: Precision) => ({
    program: await engine.load({ path: model }, { precision }),
    precision,
  });
  if (wanted !== 'auto') return at(wanted);
  if (engine.device.kind === 'cpu') return at('float32');
  try {
    return await at('float16');
  } catch (error) {
    if (isOutOfMemory(error)) throw error;
    return at('float32');
  }
}

function networkOf(program: Program, name: string, fileBytes: number): Network {
  const { inputs, outputs, metadata } = program;
  if (inputs.length !== 1 || outputs.length !== 1)
    throw new CycleboxError(
      'MODEL_INVALID',
      `${name} has the inputs ${inputs.join(', ')} and the outputs ${outputs.join(', ')}; ` +
        'an image-to-image network has one of each, "image" and "translated".',
    );
  return {
    program,
    name,
    rule: sizeRule(metadata),
    trainedSize: trainedSizeOf(metadata),
    bytesPerPixel: activationBytesPerPixel({ metadata, fileBytes }),
    // Files of others may be made for one picture at a time.
    batches: metadata['cyclebox.architecture'] !== undefined,
  };
}

function isOutOfMemory(error: unknown): error is CycleboxError {
  return error instanceof CycleboxError && error.code === 'OUT_OF_MEMORY';
}

function tell(options: ModelRunnerOptions, { kind, device, footing }: Omit<MemoryStep, 'model' | 'message'>): void {
  const { model, onStep } = options;
  onStep?.({ kind, model, device, footing, message: sentence(kind, device, basename(model), footing) });
}

function sentence(kind: StepKind, device: EngineChoice, model: string, { batch, maxPixels }: Footing): string {
  const ranOut = `${model} ran out of memory on ${device === 'auto' ? 'its device' : device}`;
  switch (kind) {
    case 'caches':
      return `${ranOut}: caches were freed, tried again`;
    case 'batch':
      return `${ranOut}: at most ${batch} ${batch === 1 ? 'tile' : 'tiles'} at a time from now on`;
    case 'tiles':
      return `${ranOut}: tiles of at most ${Math.floor(Math.sqrt(maxPixels))} pixels square from now on`;
    case 'processor':
      return `${ranOut}: it runs on the processor from now on`;
    case 'precision':
      return `${model} failed on ${device} in float16: float32 from now on`;
    default:
      return kind satisfies never;
  }
}
