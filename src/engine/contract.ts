/**
 * What every engine offers: it runs graphs on a device. Callers hold tensors only as host data (`TensorData`) and
 * names; where values live between runs is the engine's business. An engine knows nothing of CycleGAN.
 *
 * Programs compiled against one `State` share its variables: a generator step and a discriminator step see each
 * other's weights without a copy through the host.
 */
import type { Disposable } from '../base/index.js';
import type { Graph } from '../graph/index.js';
import type { KernelBits, ModelRanges } from '../onnx/index.js';

/** Row-major float32 values. `data.length` is the product of `shape`. */
export interface TensorData {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type Tensors = Readonly<Record<string, TensorData>>;

/**
 * Everything that runs graphs. `cpu`, `webgpu`, `cuda`, `tensorrt`, `directml` and `coreml` are ONNX Runtime with one of
 * its execution providers, `tfjs` is the best TensorFlow.js backend installed, `reference` is the oracle of the tests.
 */
export const engineIds = ['cpu', 'webgpu', 'cuda', 'tensorrt', 'directml', 'coreml', 'tfjs', 'reference'] as const;
export type EngineId = (typeof engineIds)[number];

/**
 * What a user may ask for: the best that works (`auto`), an engine, or one of its devices (`cuda:1`). A device's
 * choice is its `Device.id`.
 */
export type EngineChoice = 'auto' | EngineId | `${EngineId}:${number}`;

/**
 * How activations and weights are kept while running; inputs, outputs and state are float32 always. In `int8` that is the
 * convolutions' alone, on CPUs, of models that were calibrated.
 */
export const precisions = ['float32', 'float16', 'int8'] as const;
export type Precision = (typeof precisions)[number];

export interface Device {
  /** What `openEngine` takes to get this very device: `cpu`, `webgpu`, `cuda:1`, `tfjs`. */
  readonly id: EngineChoice;
  /** For people: `AMD EPYC, 2 threads`. */
  readonly name: string;
  readonly kind: 'cpu' | 'gpu';
  /** Memory of the device's own, where the system says. */
  readonly memoryBytes?: number | undefined;
}

export interface EngineOptions {
  /** Threads for one operation. Default: what the machine offers. Only for engines on the CPU. */
  readonly threads?: number | undefined;
  /**
   * Whether a model on the CPU may get a program for the size of image that keeps coming: faster, for memory of about ten times
   * its file. Default true.
   */
  readonly tailoring?: boolean | undefined;
  /**
   * Whether models that are loaded on the CPU run in a thread of their own, so that the caller's goes on meanwhile: for who has other
   * work than waiting. A process that exits in the middle of a run aborts. Default false.
   */
  readonly ownThread?: boolean | undefined;
}

export interface LoadOptions {
  /** Default float32. @throws ENGINE_UNAVAILABLE where the engine or device has no float16. */
  readonly precision?: Precision | undefined;
  /** How far the model's values go, for int8. @throws ENGINE_UNAVAILABLE for int8 without it */
  readonly ranges?: ModelRanges | undefined;
  /** Of kernels in int8. Default: as many as this processor adds up without cutting sums off (`Engine.kernelBits`). */
  readonly kernelBits?: KernelBits | undefined;
}

export interface CompileOptions {
  /** Where the graph's variables live. Needed when the graph has any. */
  readonly state?: State;
}

/** Weights that Adam moves (Kingma & Ba 2015, in the reordered form of its section 2), as variables of a state. */
export interface DescentOptions {
  readonly state: State;
  readonly weights: readonly DescentWeight[];
  readonly beta1: number;
  readonly beta2: number;
  /** Inputs of each run, both of shape []: `lr·√(1-β₂ᵗ)/(1-β₁ᵗ)` and `ε·√(1-β₂ᵗ)`. */
  readonly stepSize: string;
  readonly epsilon: string;
}

/** Names of variables, and of the output that holds the weight's gradient in each of the graphs that have one. */
export interface DescentWeight {
  readonly name: string;
  readonly firstMoment: string;
  readonly secondMoment: string;
  readonly gradient: string;
}

export interface Descent {
  /** How many graphs are best computed beside each other. */
  readonly lanes: 1 | 2;
  /** @param shares one or two @throws as `Engine.compile` does, and OUT_OF_MEMORY */
  compile(shares: readonly Graph[], options: DescentOptions): Promise<Program>;
}

export interface Engine extends Disposable {
  readonly id: EngineId;
  /** The device that this engine runs on. */
  readonly device: Device;
  /**
   * Whether starting an operation costs more than most of them compute, so that few large ones are better than many small
   * ones even for the price of copies. Default false.
   */
  readonly prefersFewOperations?: boolean;
  /** Variables kept on the device, with their first values. */
  createState(initial: Tensors): Promise<State>;
  /** @throws GRAPH_INVALID when a variable is not in the state; ENGINE_FAILED when the engine refuses the graph. */
  compile(graph: Graph, options?: CompileOptions): Promise<Program>;
  /**
   * Where optimising is not best left to the graph: graphs that each give a share of the gradients, as one program that adds
   * them up, moves the weights, and hands out the graphs' other outputs.
   */
  readonly descent?: Descent | undefined;
  /** An ONNX file with float32 inputs and outputs. @throws MODEL_INVALID naming the file. */
  load(model: ModelSource, options?: LoadOptions): Promise<Program>;
  /** How many bits kernels in int8 may have for sums to be right on this device. Only for the CPU's. */
  kernelBits?(): Promise<KernelBits>;
  /** Gives back what is kept only for speed (arenas, pools of buffers): the first thing to do when memory runs out. */
  releaseCaches(): Promise<void>;
}

export type ModelSource = { readonly path: string } | { readonly bytes: Uint8Array; readonly name?: string };

export interface State extends Disposable {
  readonly names: readonly string[];
  /** Copies to the host; all variables unless `names` says which. */
  read(names?: readonly string[]): Promise<Record<string, TensorData>>;
  /** Replaces the values of the given variables. @throws SHAPE_MISMATCH */
  write(values: Tensors): Promise<void>;
}

export interface Program extends Disposable {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Free text of a loaded model file; empty for compiled graphs. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Runs once: reads `inputs`, hands out the outputs as fresh host tensors, and moves the state's variables to their
   * updates. One run at a time per program and per state. @throws SHAPE_MISMATCH, ENGINE_FAILED, OUT_OF_MEMORY
   */
  run(inputs: Tensors): Promise<Record<string, TensorData>>;
  /**
   * The same for a picture's bytes, where they cost less than floats on the way to a device and back. For networks with one input and one
   * output, `[1, 3, h, w]` in -1..1, and pictures whose number of pixels is a multiple of four. Undefined where the result is no such picture:
   * `run` says what it is.
   */
  readonly runPixels?: ((pixels: PixelBytes) => Promise<PixelResult | undefined>) | undefined;
}

/** Red, green and blue of each pixel, row by row. */
export interface PixelBytes {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

export interface PixelResult extends PixelBytes {
  /** Whether a value was NaN: its byte says nothing. */
  readonly hasNaN: boolean;
}
