/**
 * TensorFlow.js as an engine: an interpreter of graphs on the best of its backends that the user has installed. It
 * trains with our gradients, not with TensorFlow.js's, which lacks some. A run blocks its JavaScript thread, so this
 * belongs in a process of its own.
 */
import { CycleboxError } from '../../base/index.js';
import type { Graph } from '../../graph/index.js';
import type {
  CompileOptions,
  Device,
  Engine,
  EngineOptions,
  LoadOptions,
  ModelSource,
  Program,
  State,
  Tensors,
} from '../contract.js';
import { cpuName } from '../cpu-name.js';
import { checkVariables } from '../graph-shapes.js';
import { ImportedModel } from '../imported-model.js';
import { readModelSource } from '../model-source.js';
import { ConstantPool } from './constant-pool.js';
import { type LoadedTfjs, loadTfjs, type SearchOptions } from './installation.js';
import { TfjsDevice } from './tfjs-device.js';
import { TfjsProgram } from './tfjs-program.js';
import { TfjsState } from './tfjs-state.js';

export interface TfjsOptions extends EngineOptions, SearchOptions {}

/** @throws ENGINE_UNAVAILABLE when no TensorFlow.js is installed, or the best that is does not work, with what to do. */
export async function openTfjsEngine(options: TfjsOptions = {}): Promise<Engine> {
  prepareNative(options);
  return new TfjsEngine(await loadTfjs(options));
}

/** What libtensorflow reads from the environment when it is loaded, where the user has not said otherwise. */
function prepareNative({ threads }: EngineOptions): void {
  const { env } = process;
  if (threads !== undefined) env['TF_NUM_INTRAOP_THREADS'] ??= String(threads);
  // Notes on how it was built are for nobody here.
  env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  // By itself it takes all memory of a GPU at once, and leaves none to other workers.
  env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
}

class TfjsEngine implements Engine {
  readonly id = 'tfjs';
  readonly device: Device;
  readonly #device: TfjsDevice;
  readonly #pools = new Set<ConstantPool>();

  constructor(loaded: LoadedTfjs) {
    this.#device = new TfjsDevice(loaded);
    this.device = { id: 'tfjs', kind: loaded.gpu ? 'gpu' : 'cpu', name: deviceName(loaded) };
  }

  async createState(initial: Tensors): Promise<State> {
    return new TfjsState(this.#device, initial);
  }

  async compile(graph: Graph, { state }: CompileOptions = {}): Promise<Program> {
    const held = state === undefined ? undefined : TfjsState.of(state);
    checkVariables(graph, name => held?.shapeOf(name));
    return new TfjsProgram(graph, { device: this.#device, ...this.#newPool(), state: held });
  }

  async load(model: ModelSource, { precision = 'float32' }: LoadOptions = {}): Promise<Program> {
    if (precision !== 'float32') {
      throw new CycleboxError('ENGINE_UNAVAILABLE', `TensorFlow.js computes in float32 only, not in ${precision}.`);
    }
    const bytes = await readModelSource(model);
    const { pool, onDispose } = this.#newPool();
    const compile = (graph: Graph) => new TfjsProgram(graph, { device: this.#device, pool });
    return new ImportedModel(bytes, { compile, onDispose });
  }

  async releaseCaches(): Promise<void> {
    if (this.#device.isLost) return;
    this.#device.guarded('releasing caches', () => {
      for (const pool of this.#pools) pool.release();
    });
  }

  async dispose(): Promise<void> {
    await this.releaseCaches();
  }

  /** A pool that `releaseCaches` empties and that ends with its program. */
  #newPool(): { readonly pool: ConstantPool; readonly onDispose: () => void } {
    const pool = new ConstantPool();
    this.#pools.add(pool);
    const onDispose = () => {
      pool.release();
      this.#pools.delete(pool);
    };
    return { pool, onDispose };
  }
}

/** `TensorFlow.js 4.22.0, backend wasm, AMD EPYC`. */
function deviceName({ package: { backend, version }, gpu }: LoadedTfjs): string {
  const where = gpu ? 'GPU' : cpuName();
  return `TensorFlow.js ${version}, backend ${backend}, ${where}`;
}
