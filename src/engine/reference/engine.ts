/**
 * The reference evaluator behind the engine contract, so that whatever runs on an engine can run on it: in tests, and
 * as the definition that other engines are compared with. It trains, and runs model files, slowly.
 *
 * Values are rounded to float32 where the contract hands them over (outputs, state), and nowhere between.
 */
import { CycleboxError, type Disposable } from '../../base/index.js';
import type { Graph } from '../../graph/index.js';
import type { CompileOptions, Engine, Program, State, TensorData, Tensors } from '../contract.js';
import { checkVariables } from '../graph-shapes.js';
import { ImportedModel } from '../imported-model.js';
import { readModelSource } from '../model-source.js';
import { evaluate } from './evaluate.js';
import type { Float64Tensor, Float64Tensors } from './kernel.js';

const nothingToClose: Disposable = { dispose() {} };

export function referenceEngine(): Engine {
  return {
    ...nothingToClose,
    id: 'reference',
    device: { id: 'reference', name: 'Reference evaluator, double precision', kind: 'cpu' },
    releaseCaches: async () => {},
    createState: async initial => new ReferenceState(initial),
    compile: async (graph, options = {}) => new ReferenceProgram(graph, stateOf(graph, options)),
    load: async (model, { precision = 'float32' } = {}) => {
      if (precision !== 'float32') {
        throw new CycleboxError('ENGINE_UNAVAILABLE', 'The reference engine computes in double precision only.');
      }
      const compile = (graph: Graph) => new ReferenceProgram(graph, new ReferenceState({}));
      return new ImportedModel(await readModelSource(model), { compile });
    },
  };
}

class ReferenceState implements State {
  readonly #values: Map<string, TensorData>;

  constructor(initial: Tensors) {
    this.#values = new Map(Object.entries(initial).map(([name, value]) => [name, copyOf(value)]));
  }

  get names(): readonly string[] {
    return [...this.#values.keys()];
  }

  async read(names: readonly string[] = this.names): Promise<Record<string, TensorData>> {
    return Object.fromEntries(names.map(name => [name, copyOf(this.get(name))]));
  }

  async write(values: Tensors): Promise<void> {
    for (const [name, value] of Object.entries(values)) {
      expectShape(`variable ${name}`, value.shape, this.get(name).shape);
    }
    this.replace(values);
  }

  get(name: string): TensorData {
    const value = this.#values.get(name);
    if (value) return value;
    throw new CycleboxError('GRAPH_INVALID', `The state has no variable ${name}. It has ${this.names.join(', ')}.`);
  }

  shapeOf(name: string): readonly number[] | undefined {
    return this.#values.get(name)?.shape;
  }

  replace(values: Tensors): void {
    for (const [name, value] of Object.entries(values)) this.#values.set(name, copyOf(value));
  }

  dispose(): void {
    this.#values.clear();
  }
}

class ReferenceProgram implements Program {
  readonly metadata = {};
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  #disposed = false;

  constructor(
    readonly graph: Graph,
    readonly state: ReferenceState,
  ) {
    this.inputs = Object.keys(graph.inputs);
    this.outputs = Object.keys(graph.outputs);
  }

  async run(inputs: Tensors): Promise<Record<string, TensorData>> {
    if (this.#disposed) throw new CycleboxError('ENGINE_FAILED', 'The program was disposed of before this run.');
    const variables = Object.fromEntries(
      Object.keys(this.graph.variables).map(name => [name, this.state.get(name)] as const),
    );
    const { outputs, updates } = evaluate(this.graph, { inputs: doubles(inputs), variables: doubles(variables) });
    this.state.replace(floats(updates));
    return floats(outputs);
  }

  dispose(): void {
    this.#disposed = true;
  }
}

/** The state a graph runs on, checked to hold its variables. */
function stateOf(graph: Graph, { state = new ReferenceState({}) }: CompileOptions): ReferenceState {
  if (!(state instanceof ReferenceState)) {
    throw new CycleboxError('GRAPH_INVALID', 'The state belongs to another engine. Create it with this one.');
  }
  checkVariables(graph, name => state.shapeOf(name));
  return state;
}

function expectShape(what: string, given: readonly number[], expected: readonly number[]): void {
  if (`${given}` === `${expected}` && given.length === expected.length) return;
  throw new CycleboxError('SHAPE_MISMATCH', `${what}: got [${given}], expected [${expected}].`);
}

function copyOf({ shape, data }: TensorData): TensorData {
  return { shape: [...shape], data: Float32Array.from(data) };
}

function doubles(tensors: Tensors): Float64Tensors {
  return mapValues(tensors, ({ shape, data }) => ({ shape, data: Float64Array.from(data) }));
}

function floats(tensors: Float64Tensors): Record<string, TensorData> {
  return mapValues(tensors, ({ shape, data }: Float64Tensor) => ({ shape, data: Float32Array.from(data) }));
}

function mapValues<From, To>(record: Readonly<Record<string, From>>, f: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));
}
