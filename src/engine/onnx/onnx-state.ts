/**
 * Variables of ONNX Runtime programs. Each variable that a program updates has two buffers: a run reads one and writes
 * the other, then they change places, so that a training step allocates nothing.
 */
import * as ort from 'onnxruntime-node';
import { CycleboxError } from '../../base/index.js';
import type { State, TensorData, Tensors } from '../contract.js';

interface Variable {
  current: ort.Tensor;
  /** Made when a program first updates the variable. */
  spare: ort.Tensor | undefined;
}

export class OnnxState implements State {
  readonly names: readonly string[];
  readonly #variables: Map<string, Variable>;

  constructor(initial: Tensors) {
    this.names = Object.keys(initial);
    this.#variables = new Map(
      Object.entries(initial).map(([name, { data, shape }]) => [
        name,
        { current: new ort.Tensor('float32', data.slice(), shape), spare: undefined },
      ]),
    );
  }

  /** The state behind the contract's face. @throws GRAPH_INVALID for another engine's. */
  static of(state: State): OnnxState {
    if (state instanceof OnnxState) return state;
    throw new CycleboxError('GRAPH_INVALID', 'A state of another engine was handed to ONNX Runtime.');
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
      if (shape.join() !== current.dims.join()) {
        throw new CycleboxError('SHAPE_MISMATCH', `${name}: got [${shape}], expected [${current.dims}].`);
      }
      (current.data as Float32Array).set(data);
    }
  }

  /** Undefined for a name that the state does not have. */
  shapeOf(name: string): readonly number[] | undefined {
    return this.#variables.get(name)?.current.dims;
  }

  current(name: string): ort.Tensor {
    return this.#variable(name).current;
  }

  /** The buffer that a run writes the variable's next value into. */
  next(name: string): ort.Tensor {
    const variable = this.#variable(name);
    const { dims, data } = variable.current;
    variable.spare ??= new ort.Tensor('float32', new Float32Array(data.length), dims);
    return variable.spare;
  }

  /** Makes the written value the current one. */
  advance(name: string): void {
    const variable = this.#variable(name);
    if (!variable.spare) return;
    [variable.current, variable.spare] = [variable.spare, variable.current];
  }

  dispose(): void {
    this.#variables.clear();
  }

  #variable(name: string): Variable {
    const variable = this.#variables.get(name);
    if (variable) return variable;
    throw new CycleboxError('GRAPH_INVALID', `The state has no variable ${name}.`);
  }
}
