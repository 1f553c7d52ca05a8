/**
 * A compiled graph on TensorFlow.js. A run uploads its inputs, makes the plan's calls in order, disposing of each value
 * after its last use, and hands out outputs as host tensors; updates become the state's tensors without leaving the
 * backend. It awaits nothing, so that a run is one piece.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { CycleboxError } from '../../base/index.js';
import type { Graph } from '../../graph/index.js';
import type { Program, TensorData, Tensors } from '../contract.js';
import { concreteShape, type SymbolValues, symbolValues } from '../graph-shapes.js';
import type { ConstantPool } from './constant-pool.js';
import type { Tensorflow } from './installation.js';
import type { Plan, Slot } from './plan-builder.js';
import { planGraph } from './plan-graph.js';
import type { TfjsDevice } from './tfjs-device.js';
import type { TfjsState } from './tfjs-state.js';

export interface TfjsProgramParts {
  readonly device: TfjsDevice;
  /** Programs may share one. */
  readonly pool: ConstantPool;
  /** Called once when the program is disposed of. */
  readonly onDispose?: () => void;
  readonly state?: TfjsState | undefined;
}

export class TfjsProgram implements Program {
  readonly metadata = {};
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly #graph: Graph;
  readonly #parts: TfjsProgramParts;
  #plan: Plan | undefined;

  constructor(graph: Graph, parts: TfjsProgramParts) {
    this.inputs = Object.keys(graph.inputs);
    this.outputs = Object.keys(graph.outputs);
    this.#graph = graph;
    this.#parts = parts;
    this.#plan = planGraph(graph, parts.device);
  }

  async run(inputs: Tensors): Promise<Record<string, TensorData>> {
    const plan = this.#plan;
    if (!plan) throw new CycleboxError('ENGINE_FAILED', 'The program was disposed of before this run.');
    const sizes = symbolValues(this.#graph, inputs);
    return this.#parts.device.guarded('running', tf => this.#execute(tf, plan, inputs, sizes));
  }

  dispose(): void {
    if (!this.#plan) return;
    this.#plan = undefined;
    this.#parts.onDispose?.();
  }

  #execute(tf: Tensorflow, plan: Plan, inputs: Tensors, sizes: SymbolValues): Record<string, TensorData> {
    const { pool, state } = this.#parts;
    const borrowed = pool.tensorsOf(tf, plan);
    for (const [name, slot] of Object.entries(plan.variables)) borrowed.set(slot, state!.current(name));
    const owned = new Map<Slot, Tensor>();
    try {
      for (const [name, slot] of Object.entries(plan.inputs)) owned.set(slot, uploaded(tf, inputs[name]!));
      makeCalls(tf, plan, borrowed, owned, sizes);
      const at = (slot: Slot) => owned.get(slot) ?? borrowed.get(slot)!;
      const outputs = Object.entries(plan.outputs).map(([name, slot]) => {
        const shape = concreteShape(this.#graph.nodes[this.#graph.outputs[name]!]!.shape, sizes);
        return [name, { shape, data: at(slot).dataSync<'float32'>().slice() }] as const;
      });
      // All are taken before the first is replaced: variables may change places.
      const updates = Object.entries(plan.updates).map(([name, slot]) => [name, at(slot).clone()] as const);
      for (const [name, tensor] of updates) state!.replace(name, tensor);
      return Object.fromEntries(outputs);
    } finally {
      for (const tensor of owned.values()) tensor.dispose();
    }
  }
}

function makeCalls(
  tf: Tensorflow,
  { calls, freed }: Plan,
  borrowed: ReadonlyMap<Slot, Tensor>,
  owned: Map<Slot, Tensor>,
  sizes: SymbolValues,
): void {
  calls.forEach(({ inputs, output, kernel }, index) => {
    const tensors = inputs.map(slot => owned.get(slot) ?? borrowed.get(slot)!);
    const made = tf.tidy(() => kernel(tf, tensors, sizes));
    owned.set(output, tensors.includes(made) ? made.clone() : made);
    for (const slot of freed[index]!) {
      owned.get(slot)?.dispose();
      owned.delete(slot);
    }
  });
}

/** A copy: a backend may keep the array it is given. */
function uploaded(tf: Tensorflow, { shape, data }: TensorData): Tensor {
  return tf.tensor(data.slice(), [...shape], 'float32');
}
