/**
 * One compiled session. A run feeds inputs and the state's current values, hands the updates to the state, and gives out
 * the outputs as fresh host tensors.
 */
import * as ort from 'onnxruntime-node';
import { CycleboxError } from '../../base/index.js';
import type { Graph } from '../../graph/index.js';
import { variableInput, variableUpdate } from '../../onnx/index.js';
import type { Program, TensorData, Tensors } from '../contract.js';
import { symbolValues } from '../graph-shapes.js';
import type { OnnxState } from './onnx-state.js';
import { runSession } from './run-session.js';
import type { RunnableSession } from './session-thread.js';

export interface OnnxProgramParts {
  /** What the session was compiled from; absent for a loaded file. */
  readonly graph?: Graph;
  readonly state?: OnnxState | undefined;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Outputs that `run` does not hand out, and where they are to be written, if the caller of `compute` has a place. */
  readonly kept?: Readonly<Record<string, ort.Tensor | null>>;
  /** Makes the session anew; absent where it must stay. */
  readonly reopen?: (() => Promise<RunnableSession>) | undefined;
}

export class OnnxProgram implements Program {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly #graph: Graph | undefined;
  readonly #variables: readonly string[];
  readonly #updates: readonly string[];
  readonly #state: OnnxState | undefined;
  readonly #kept: Readonly<Record<string, ort.Tensor | null>>;
  readonly #reopen: (() => Promise<RunnableSession>) | undefined;
  /** Undefined while suspended, and for good once disposed of. */
  #session: RunnableSession | undefined;
  #disposed = false;
  #afterDispose: () => void = () => {};

  constructor(session: RunnableSession, { graph, state, metadata = {}, kept = {}, reopen }: OnnxProgramParts) {
    const variables = Object.keys(graph?.variables ?? {});
    const updates = Object.keys(graph?.updates ?? {});
    const withheld = new Set([...variables.map(variableInput), ...updates.map(variableUpdate), ...Object.keys(kept)]);
    this.inputs = session.inputNames.filter(name => !withheld.has(name));
    this.outputs = session.outputNames.filter(name => !withheld.has(name));
    this.metadata = metadata;
    this.#graph = graph;
    this.#session = session;
    this.#kept = kept;
    this.#reopen = reopen;
    this.#variables = variables;
    this.#updates = updates;
    this.#state = state;
  }

  async run(inputs: Tensors): Promise<Record<string, TensorData>> {
    return this.handedOut(await this.compute(inputs));
  }

  handedOut(results: ort.InferenceSession.OnnxValueMapType): Record<string, TensorData> {
    return Object.fromEntries(this.outputs.map(name => [name, hostTensor(results[name]!)]));
  }

  /** The same, with what is not handed out. */
  async compute(inputs: Tensors): Promise<ort.InferenceSession.OnnxValueMapType> {
    if (this.#graph) symbolValues(this.#graph, inputs);
    return await this.computeFrom(this.#feeds(inputs));
  }

  /** Of tensors of the runtime, wherever they are; the state's are added. */
  async computeFrom(inputs: Readonly<Record<string, ort.Tensor>>): Promise<ort.InferenceSession.OnnxValueMapType> {
    if (this.#disposed) throw new CycleboxError('ENGINE_FAILED', 'The program was disposed of before this run.');
    const feeds = { ...inputs };
    for (const name of this.#variables) feeds[variableInput(name)] = this.#state!.current(name);
    this.#session ??= await this.#reopen!();
    const results = await runSession(this.#session, feeds, this.#fetches());
    for (const name of this.#updates) this.#state?.advance(name, results[variableUpdate(name)] as ort.Tensor, this);
    return results;
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#afterDispose();
    await this.#state?.detach(this);
    await this.#close();
  }

  /** Gives back what the session holds, until the next run. */
  async suspend(): Promise<void> {
    if (this.#reopen) await this.#close();
  }

  async #close(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    session?.endProfiling(); // Nothing where none was asked for.
    await session?.release();
  }

  onDispose(callback: () => void): void {
    this.#afterDispose = callback;
  }

  #feeds(inputs: Tensors): Record<string, ort.Tensor> {
    const feeds: Record<string, ort.Tensor> = {};
    for (const name of this.inputs) {
      const tensor = inputs[name];
      if (!tensor) throw new CycleboxError('SHAPE_MISMATCH', `The input ${name} is missing; needed: ${this.inputs}.`);
      feeds[name] = new ort.Tensor('float32', tensor.data, tensor.shape);
    }
    return feeds;
  }

  #fetches(): Record<string, ort.Tensor | null> {
    const handedOut = Object.fromEntries(this.outputs.map(name => [name, null]));
    const fetches: Record<string, ort.Tensor | null> = { ...handedOut, ...this.#kept };
    for (const name of this.#updates) fetches[variableUpdate(name)] = this.#state!.next(name);
    return fetches;
  }
}

function hostTensor(value: ort.OnnxValue): TensorData {
  const tensor = value as ort.Tensor;
  return { shape: tensor.dims, data: tensor.data as Float32Array };
}
