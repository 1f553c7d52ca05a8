/**
 * Variables in the device's memory: a run's updates stay where the run left them and are handed to the next as they
 * are. Only `read` and `write` move values across.
 */
import type * as ort from 'onnxruntime-node';
import type { TensorData, Tensors } from '../contract.js';
import { expectShape, OnnxState, unknownVariable } from './onnx-state.js';
import type { Transfer } from './transfer.js';

interface Variable {
  tensor: ort.Tensor;
  /** The program whose session made the buffer. */
  producer: object | undefined;
}

export class DeviceState extends OnnxState {
  readonly names: readonly string[];
  readonly #transfer: Transfer;
  readonly #variables = new Map<string, Variable>();
  /** The last copy under way: a variable may not be let go of while it is copied. */
  #lastCopy: Promise<unknown> = Promise.resolve();
  #afterDispose: () => void = () => {};

  private constructor(names: readonly string[], transfer: Transfer) {
    super();
    this.names = names;
    this.#transfer = transfer;
  }

  static async create(initial: Tensors, transfer: Transfer): Promise<DeviceState> {
    const state = new DeviceState(Object.keys(initial), transfer);
    try {
      for (const [name, value] of Object.entries(initial)) await state.#replace(name, value);
      return state;
    } catch (error) {
      await state.dispose();
      throw error;
    }
  }

  read(names: readonly string[] = this.names): Promise<Record<string, TensorData>> {
    return this.#runExclusive(async () => {
      const values: Record<string, TensorData> = {};
      for (const name of names) values[name] = await this.#transfer.toHost(this.#variable(name).tensor);
      return values;
    });
  }

  write(values: Tensors): Promise<void> {
    return this.#runExclusive(async () => {
      for (const [name, value] of Object.entries(values)) {
        expectShape(name, value.shape, this.#variable(name).tensor.dims);
        await this.#replace(name, value);
      }
    });
  }

  shapeOf(name: string): readonly number[] | undefined {
    return this.#variables.get(name)?.tensor.dims;
  }

  current(name: string): ort.Tensor {
    return this.#variable(name).tensor;
  }

  next(): null {
    return null;
  }

  advance(name: string, written: ort.Tensor, program: object): void {
    const { tensor } = this.#variable(name);
    this.#variables.set(name, { tensor: written, producer: program });
    tensor.dispose();
  }

  /** Copies what the program made, so that its buffers go while its session is there to take them. */
  detach(program: object): Promise<void> {
    return this.#runExclusive(async () => {
      for (const [name, { tensor, producer }] of this.#variables) {
        if (producer !== program) continue;
        this.#variables.set(name, { tensor: await this.#transfer.duplicate(tensor), producer: undefined });
        tensor.dispose();
      }
    });
  }

  dispose(): Promise<void> {
    return this.#runExclusive(async () => {
      for (const { tensor } of this.#variables.values()) tensor.dispose();
      this.#variables.clear();
      this.#afterDispose();
    });
  }

  onDispose(callback: () => void): void {
    this.#afterDispose = callback;
  }

  #runExclusive<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#lastCopy.then(work);
    this.#lastCopy = done.catch(() => {});
    return done;
  }

  async #replace(name: string, value: TensorData): Promise<void> {
    const before = this.#variables.get(name);
    this.#variables.set(name, { tensor: await this.#transfer.toDevice(value), producer: undefined });
    before?.tensor.dispose();
  }

  #variable(name: string): Variable {
    const variable = this.#variables.get(name);
    if (variable) return variable;
    throw unknownVariable(name);
  }
}
