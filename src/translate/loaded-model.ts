/**
 * A model on an engine, in the precision that was asked for or chosen: as one program, in parts, and exactly. Gives way to nothing:
 * that is `model-runner.ts`.
 */
import { asCycleboxError, CycleboxError, type Disposable } from '../base/index.js';
import type { ImageModel } from '../catalog/index.js';
import type { Engine, EngineChoice, EngineOptions, Precision, Program } from '../engine/index.js';
import { metadataKeys } from '../onnx/index.js';
import { openTiledNetwork, type TiledNetwork } from '../tiling/index.js';
import { activationBytesPerPixel, sizeRule, trainedSizeOf } from './activation-memory.js';
import { precisionsFor } from './choose-precision.js';
import { insistsOnSize } from './fixed-size.js';
import type { MemoryFallback } from './memory-fallback.js';
import type { Network } from './translate-picture.js';

export type OpenEngine = (choice: EngineChoice, options: EngineOptions) => Promise<Engine>;

export interface LoadOptions {
  readonly model: ImageModel;
  readonly openEngine: OpenEngine;
  readonly engine: EngineChoice;
  readonly precision: Precision | 'auto';
  readonly threads: number | undefined;
}

/** An engine with the model on it. */
export interface LoadedModel extends Disposable {
  readonly engine: Engine;
  readonly network: Network;
  readonly precision: Precision;
  /** What of the model kept it from a better precision than it is loaded in. */
  readonly fault: CycleboxError | undefined;
  /** The network as it is taken in parts; undefined where it cannot be. Made when it is first asked for. */
  readonly inParts: () => TiledNetwork | undefined;
  /** In float32, where nobody asks for another precision: what 16 bits are for, fewer would throw away. */
  readonly forDeep: () => Promise<Network>;
}

/** @throws ENGINE_UNAVAILABLE, MODEL_INVALID, OUT_OF_MEMORY */
export async function loadModel(options: LoadOptions, fallback: MemoryFallback): Promise<LoadedModel> {
  const { openEngine, threads } = options;
  const choice = fallback.onCpu ? 'cpu' : options.engine;
  const engine = await openEngine(choice, threads === undefined ? {} : { threads });
  try {
    const { program, precision, fault } = await loadProgram(engine, options, fallback.precision ?? options.precision);
    const network = networkOf(program, options.model);
    const inParts = partsOf(engine, options.model, network);
    const { model, precision: wanted } = options;
    const isChoice = wanted === 'auto' && precision !== 'float32';
    const exact = new ExactNetwork(network, isChoice ? () => loadAt(engine, model, 'float32') : undefined);
    const dispose = async () => {
      await exact.dispose();
      await program.dispose();
      await engine.dispose();
    };
    return { engine, network, precision, fault, dispose, inParts, forDeep: () => exact.get() };
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

/** Looked at once. */
function partsOf(engine: Engine, { bytes, path: name }: ImageModel, { rule, fixed }: Network): LoadedModel['inParts'] {
  let opened: { readonly network: TiledNetwork | undefined } | undefined;
  return () => {
    const takesAnySize = !insistsOnSize(fixed) && fixed.batch === undefined;
    opened ??= { network: takesAnySize ? openTiledNetwork(engine, { bytes, name }, rule.multiple) : undefined };
    return opened.network;
  };
}

/** The network in float32 beside one that was chosen to run in fewer bits: loaded when first asked for. */
class ExactNetwork implements Disposable {
  readonly #network: Network;
  readonly #load: (() => Promise<Program>) | undefined;
  #program: Promise<Program> | undefined;

  /** @param load undefined: the network itself will do */
  constructor(network: Network, load: (() => Promise<Program>) | undefined) {
    this.#network = network;
    this.#load = load;
  }

  async get(): Promise<Network> {
    if (!this.#load) return this.#network;
    this.#program ??= this.#load();
    try {
      return { ...this.#network, program: await this.#program };
    } catch (error) {
      this.#program = undefined;
      throw error;
    }
  }

  async dispose(): Promise<void> {
    await (await this.#program?.catch(() => undefined))?.dispose();
  }
}

async function loadAt(engine: Engine, model: ImageModel, precision: Precision): Promise<Program> {
  const { bytes, path: name, calibration, calibrationFault } = model;
  if (precision === 'int8' && calibrationFault) throw calibrationFault;
  return engine.load({ bytes, name }, { precision, ranges: calibration?.convolutions });
}

interface Loaded {
  readonly program: Program;
  readonly precision: Precision;
  /** What of the model kept it from a better precision. */
  readonly fault?: CycleboxError | undefined;
}

async function loadProgram(engine: Engine, { model }: LoadOptions, wanted: Precision | 'auto'): Promise<Loaded> {
  const at = async (precision: Precision) => ({ program: await loadAt(engine, model, precision), precision });
  if (wanted !== 'auto') return at(wanted);
  const fault = engine.id === 'cpu' ? model.calibrationFault : undefined;
  const [best, plain] = await precisionsFor(engine, model);
  if (!plain) return { ...(await at(best!)), fault };
  try {
    return await at(best!);
  } catch (error) {
    if (isOutOfMemory(error)) throw error;
    // A calibration that does not fit its model is told; that a device lacks float16 is nobody's fault.
    return { ...(await at(plain)), fault: best === 'int8' ? asCycleboxError(error) : undefined };
  }
}

function networkOf(program: Program, { path: name, bytes, fixed, scale }: ImageModel): Network {
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
    fixed,
    scale,
    bytesPerPixel: activationBytesPerPixel({ metadata, fileBytes: bytes.length }) * (fixed.batch ?? 1) * scale ** 2,
    // Files of others may be made for one picture at a time.
    batches: metadata[metadataKeys.architecture] !== undefined && fixed.batch === undefined,
  };
}

export function isOutOfMemory(error: unknown): error is CycleboxError {
  return error instanceof CycleboxError && error.code === 'OUT_OF_MEMORY';
}
