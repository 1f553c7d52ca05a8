/**
 * Variables of TensorFlow.js programs, as tensors on the backend. Kernels lie as convolutions want them (layout.ts); the
 * host sees them as the language has them.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { CycleboxError } from '../../base/index.js';
import { sizeOf } from '../../graph/index.js';
import type { State, TensorData, Tensors } from '../contract.js';
import { layoutOfVariable, permutationBetween } from './layout.js';
import type { TfjsDevice } from './tfjs-device.js';

interface Variable {
  /** As the language has it. */
  readonly shape: readonly number[];
  tensor: Tensor;
}

export class TfjsState implements State {
  readonly names: readonly string[];
  readonly #device: TfjsDevice;
  readonly #variables: Map<string, Variable>;

  constructor(device: TfjsDevice, initial: Tensors) {
    this.#device = device;
    this.names = Object.keys(initial);
    const entries = Object.entries(initial).map(([name, value]) => {
      return [name, { shape: [...value.shape], tensor: this.#uploaded(name, value) }] as const;
    });
    this.#variables = new Map(entries);
  }

  /** The state behind the contract's face. @throws GRAPH_INVALID for another engine's. */
  static of(state: State): TfjsState {
    if (state instanceof TfjsState) return state;
    throw new CycleboxError('GRAPH_INVALID', 'A state of another engine was passed to TensorFlow.js.');
  }

  async read(names: readonly string[] = this.names): Promise<Record<string, TensorData>> {
    return Object.fromEntries(names.map(name => [name, this.#read(this.#variable(name))]));
  }

  async write(values: Tensors): Promise<void> {
    for (const [name, { shape }] of Object.entries(values)) {
      const expected = this.#variable(name).shape;
      if (shape.join() === expected.join()) continue;
      throw new CycleboxError('SHAPE_MISMATCH', `${name}: got [${shape}], expected [${expected}].`);
    }
    for (const [name, value] of Object.entries(values)) this.replace(name, this.#uploaded(name, value));
  }

  /** Undefined for a name that the state does not have. */
  shapeOf(name: string): readonly number[] | undefined {
    return this.#variables.get(name)?.shape;
  }

  /** The value on the backend. It stays the state's. */
  current(name: string): Tensor {
    return this.#variable(name).tensor;
  }

  /** Takes over `tensor`, which lies as the state keeps the variable. */
  replace(name: string, tensor: Tensor): void {
    const variable = this.#variable(name);
    variable.tensor.dispose();
    variable.tensor = tensor;
  }

  dispose(): void {
    for (const { tensor } of this.#variables.values()) tensor.dispose();
    this.#variables.clear();
  }

  #uploaded(name: string, { shape, data }: TensorData): Tensor {
    if (data.length !== sizeOf(shape)) {
      throw new CycleboxError('SHAPE_MISMATCH', `${name}: ${data.length} values do not fill [${shape}].`);
    }
    const layout = layoutOfVariable(shape);
    return this.#device.run('writing variables', tf => {
      const plain = tf.tensor(data.slice(), [...shape], 'float32');
      return layout === 'plain' ? plain : tf.transpose(plain, permutationBetween('plain', layout));
    });
  }

  #read({ shape, tensor }: Variable): TensorData {
    const layout = layoutOfVariable(shape);
    const data = this.#device.read('reading variables', tf =>
      layout === 'plain' ? tensor : tf.transpose(tensor, permutationBetween(layout, 'plain')),
    );
    return { shape: [...shape], data };
  }

  #variable(name: string): Variable {
    const variable = this.#variables.get(name);
    if (variable) return variable;
    throw new CycleboxError('GRAPH_INVALID', `The state has no variable ${name}.`);
  }
}
