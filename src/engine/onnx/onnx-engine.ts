/**
 * ONNX Runtime as an engine, on the CPU. A graph is lowered to ONNX bytes and compiled as a session. `run` blocks its
 * JavaScript thread while native code works, so this belongs in a process of its own.
 */
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import * as ort from 'onnxruntime-node';
import { CycleboxError } from '../../base/index.js';
import type { Graph } from '../../graph/index.js';
import { decodeOnnx, encodeOnnx } from '../../onnx/index.js';
import type {
  CompileOptions,
  Device,
  Engine,
  EngineOptions,
  ModelSource,
  Program,
  State,
  Tensors,
} from '../contract.js';
import { checkVariables } from '../graph-shapes.js';
import { asEngineError } from './engine-error.js';
import { OnnxProgram } from './onnx-program.js';
import { OnnxState } from './onnx-state.js';

/**
 * How long threads wait actively for each other. Where other programs want the processor too, a thread that waits as
 * long as the runtime does by itself takes the very time slice that the awaited one needs: steps took three times as long.
 */
const spinMicroseconds = '20';

/** @throws ENGINE_UNAVAILABLE when ONNX Runtime does not load on this machine. */
export async function openOnnxEngine({ threads = availableParallelism() }: EngineOptions = {}): Promise<Engine> {
  return new OnnxEngine(threads);
}

class OnnxEngine implements Engine {
  readonly id = 'cpu';
  readonly device: Device;
  readonly #threads: number;
  readonly #programs = new Set<OnnxProgram>();

  constructor(threads: number) {
    this.#threads = threads;
    const model = cpus()[0]?.model.trim() ?? 'processor';
    this.device = { id: 'cpu', kind: 'cpu', name: `${model}, ${threads} threads` };
  }

  async createState(initial: Tensors): Promise<State> {
    return new OnnxState(initial);
  }

  async compile(graph: Graph, { state }: CompileOptions = {}): Promise<Program> {
    const held = state === undefined ? undefined : OnnxState.of(state);
    checkVariables(graph, name => held?.shapeOf(name));
    const session = await this.#session(encodeOnnx(graph), Object.keys(graph.updates).length > 0);
    return this.#track(new OnnxProgram(session, { graph, state: held }));
  }

  async load(model: ModelSource): Promise<Program> {
    const name = 'path' in model ? model.path : (model.name ?? 'The model');
    const bytes = 'path' in model ? await readModel(model.path) : model.bytes;
    const { metadata } = decodeOnnx(bytes, name);
    try {
      return this.#track(new OnnxProgram(await this.#session(bytes, false), { metadata }));
    } catch (error) {
      const message = `${name} could not be loaded: ${error instanceof Error ? error.message : error}`;
      throw new CycleboxError('MODEL_INVALID', message, { subject: { file: name }, cause: error });
    }
  }

  async releaseCaches(): Promise<void> {}

  async dispose(): Promise<void> {
    await Promise.all([...this.#programs].map(program => program.dispose()));
  }

  /**
   * Training graphs are large and change nothing between runs: only cheap optimisations pay, and a memory plan made in
   * the first run is kept beside what that run took, a quarter more for no speed (bench/levels.mjs has the figures).
   */
  async #session(bytes: Uint8Array, training: boolean): Promise<ort.InferenceSession> {
    try {
      return await ort.InferenceSession.create(bytes, {
        executionProviders: ['cpu'],
        intraOpNumThreads: this.#threads,
        graphOptimizationLevel: training ? 'basic' : 'all',
        enableMemPattern: !training,
        logSeverityLevel: 3,
        extra: { session: { intra_op: { spin_duration_us: spinMicroseconds } } },
      });
    } catch (error) {
      throw asEngineError(error, 'compiling');
    }
  }

  #track(program: OnnxProgram): OnnxProgram {
    this.#programs.add(program);
    program.onDispose(() => this.#programs.delete(program));
    return program;
  }
}

async function readModel(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new CycleboxError('MODEL_MISSING', `The model file ${path} could not be read.`, {
      subject: { file: path },
      cause,
    });
  }
}
