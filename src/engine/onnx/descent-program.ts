/**
 * A step down the gradient on the CPU: graphs that each give a share of the gradients run beside each other, the first in the
 * caller's thread, another in a thread of its own, each on its part of the processor's threads; then Adam moves the weights in place.
 * One graph on all threads leaves many of them idle, since most of its operations are small.
 */
import * as ort from 'onnxruntime-node';
import { CycleboxError } from '../../base/index.js';
import { type Graph, sizeOf } from '../../graph/index.js';
import type { DescentOptions, DescentWeight, Program, TensorData, Tensors } from '../contract.js';
import { AdamMemory, type AdamViews } from './adam-memory.js';
import type { HostState } from './host-state.js';
import type { OnnxProgram } from './onnx-program.js';

/** Compiles a share, with the outputs that it keeps (`OnnxProgramParts`); `lane` says in which thread. */
export type CompileShare = (
  graph: Graph,
  lane: number,
  kept: Readonly<Record<string, ort.Tensor | null>>,
) => Promise<OnnxProgram>;

export class DescentProgram implements Program {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly metadata = {};
  readonly #shares: readonly OnnxProgram[];
  readonly #memory: AdamMemory;
  readonly #options: DescentOptions;

  private constructor(shares: readonly OnnxProgram[], memory: AdamMemory, options: DescentOptions) {
    const ofOptimiser = [options.stepSize, options.epsilon];
    this.inputs = [...new Set([...shares.flatMap(({ inputs }) => inputs), ...ofOptimiser])];
    this.outputs = shares.flatMap(({ outputs }) => outputs);
    this.#shares = shares;
    this.#memory = memory;
    this.#options = options;
  }

  /** @throws GRAPH_INVALID where a weight has no gradient in any share; OUT_OF_MEMORY */
  static async compile(
    graphs: readonly Graph[],
    state: HostState,
    options: DescentOptions,
    compile: CompileShare,
  ): Promise<DescentProgram> {
    const { weights } = options;
    for (const { name, gradient } of weights) {
      if (graphs.some(({ outputs }) => gradient in outputs)) continue;
      throw new CycleboxError('GRAPH_INVALID', `No graph has an output ${gradient}, of ${name}.`);
    }
    const memory = await AdamMemory.allocate(
      weights.map(({ name, gradient }) => ({
        size: state.current(name).size,
        hasGradient: gradient in graphs[0]!.outputs,
      })),
    );
    for (const [index, weight] of weights.entries()) placeWeight(state, weight, memory.views[index]!);
    const shares: OnnxProgram[] = [];
    try {
      for (const [lane, graph] of graphs.entries()) {
        shares.push(await compile(graph, lane, gradientsOf(graph, lane, weights, memory.views)));
      }
    } catch (error) {
      await Promise.all(shares.map(share => share.dispose()));
      throw error;
    }
    return new DescentProgram(shares, memory, options);
  }

  async run(inputs: Tensors): Promise<Record<string, TensorData>> {
    const { weights, beta1, beta2, stepSize, epsilon } = this.#options;
    const factors = { beta1, beta2, stepSize: scalar(inputs, stepSize), epsilon: scalar(inputs, epsilon) };
    const results = await this.#computeAll(inputs);
    for (const [index, { gradient }] of weights.entries()) {
      this.#memory.step(index, factors, results[1]?.[gradient]?.data as Float32Array | undefined);
    }
    return Object.assign({}, ...this.#shares.map((share, lane) => share.handedOut(results[lane]!)));
  }

  /** @throws the first error, once all have ended */
  async #computeAll(inputs: Tensors): Promise<readonly ort.InferenceSession.OnnxValueMapType[]> {
    // Threads of their own first: a run in this one lets nothing else begin.
    const running = this.#shares.toReversed().map(share => share.compute(inputs));
    const ended = (await Promise.allSettled(running)).toReversed();
    return ended.map(share => {
      if (share.status === 'rejected') throw share.reason;
      return share.value;
    });
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#shares.map(share => share.dispose()));
  }
}

/** @throws SHAPE_MISMATCH */
function scalar(inputs: Tensors, name: string): number {
  const value = inputs[name];
  if (value && sizeOf(value.shape) === 1) return value.data[0]!;
  throw new CycleboxError('SHAPE_MISMATCH', `The input ${name} is missing or no scalar.`);
}

function placeWeight(state: HostState, { name, firstMoment, secondMoment }: DescentWeight, views: AdamViews): void {
  state.place(name, views.weight);
  state.place(firstMoment, views.firstMoment);
  state.place(secondMoment, views.secondMoment);
}

/** Those of the first graph are written to where Adam reads them; those of the other come out of its thread. */
function gradientsOf(
  { outputs, nodes }: Graph,
  lane: number,
  weights: readonly DescentWeight[],
  views: readonly AdamViews[],
): Record<string, ort.Tensor | null> {
  const kept = weights.flatMap(({ gradient }, index) => {
    const node = outputs[gradient];
    if (node === undefined) return [];
    const place = lane === 0 ? views[index]!.gradient! : undefined;
    const tensor = place && new ort.Tensor('float32', place, nodes[node]!.shape as readonly number[]);
    return [[gradient, tensor ?? null] as const];
  });
  return Object.fromEntries(kept);
}
