/**
 * Variables in the CPU's memory. Each variable that a program updates has two buffers: a run reads one and writes
 * the other, then they change places, so that a training step allocates nothing. One that was given a place keeps it.
 */
import * as ort from 'onnxruntime-node';
import type { TensorData, Tensors } from '../contract.js';
import { expectShape, OnnxState, unknownVariable } from './onnx-state.js';

interface Variable {
  current: ort.Tensor;
  /** Made when a program first updates the variable. */
  spare: ort.Tensor | undefined;
  /** Whether `current` must stay where it is. */
  placed: boolean;
}

export class HostState extends OnnxState {
  readonly names: readonly string[];
  readonly #variables: Map<string, Variable>;

  constructor(initial: Tensors) {
    super();
    this.names = Object.keys(initial);
    this.#variables = new Map(
      Object.entries(initial).map(([name, { data, shape }]) => [
        name,
        { current: new ort.Tensor('float32', data.slice(), shape), spare: undefined, placed: false },
      ]),
    );
  }

  async read(names: readonly string[] = this.names): Promise<Record<string, TensorData>> {
    return Object.fromEntries(
      names.map(name => {
        const { current } = this.#variable(name);
        return [name, { shape: current.dims, data: (current.data as Float32Array).slice() }];
      }),
    );
  }

  async write(values: Tensors): Promise<void> {
    for (const [name, { shape, data }] of Object.entries(values)) {
      const { current } = this.#variable(name);
      expectShape(name, shape, current.dims);
      (current.data as Float32Array).set(data);
    }
  }

  shapeOf(name: string): readonly number[] | undefined {
    return this.#variables.get(name)?.current.dims;
  }

  current(name: string): ort.Tensor {
    return this.#variable(name).current;
  }

  next(name: string): ort.Tensor {
    const variable = this.#variable(name);
    const { dims, data } = variable.current;
    variable.spare ??= new ort.Tensor('float32', new Float32Array(data.length), dims);
    return variable.spare;
  }

  advance(name: string): void {
    const variable = this.#variable(name);
    if (!variable.spare) return;
    if (variable.placed) (variable.current.data as Float32Array).set(variable.spare.data as Float32Array);
    else [variable.current, variable.spare] = [variable.spare, variable.current];
  }

  /** Moves a variable's values to where somebody else changes them, too. @param place of its size */
  place(name: string, place: Float32Array): void {
    const variable = this.#variable(name);
    const { data, dims } = variable.current;
    place.set(data as Float32Array);
    variable.current = new ort.Tensor('float32', place, dims);
    variable.spare = undefined;
    variable.placed = true;
  }

  async detach(): Promise<void> {}

  async dispose(): Promise<void> {
    this.#variables.clear();
  }

  #variable(name: string): Variable {
    const variable = this.#variables.get(name);
    if (variable) return variable;
    throw unknownVariable(name);
  }
}
