/** What a translator is opened with, and what the code reads of it. Types only. */
import type { ErrorSubject, MetadataPolicy } from '../base/index.js';
import type { EngineChoice, Precision } from '../engine/index.js';
import type { OutputOptions } from '../picture/index.js';
import type { ModelFit, Scale, Tiling } from '../plugin-api/index.js';
import type { PluginSetOptions } from '../plugin-host/index.js';
import type { OpenEngine } from './loaded-model.js';
import type { MemoryFallback } from './memory-fallback.js';
import type { MemoryStep } from './model-runner.js';

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

/** What the code reads, made from what the user wrote. */
export interface ResolvedOptions {
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

/** The file that is opened, and what a pair says of it. */
export interface ResolvedModel {
  readonly model: string;
  readonly sha256: string | undefined;
  readonly subject: ErrorSubject;
  readonly fit?: ModelFit | undefined;
  readonly output?: OutputOptions | undefined;
}
