/**
 * A graph as a list of calls of TensorFlow.js: which slots each reads, which it fills, and which are read there for the
 * last time and freed. Slots whose values never change (constants and what follows from them) are computed once and
 * kept in a pool. A plan holds no tensors; equal calls are one call.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { SymbolValues } from '../graph-shapes.js';
import type { Tensorflow } from './installation.js';

/** Index of a value in a run. */
export type Slot = number;

/** One call: from tensors to a new tensor. What else it makes is disposed of by the caller. */
export type Kernel = (tf: Tensorflow, inputs: readonly Tensor[], sizes: SymbolValues) => Tensor;

export interface Call {
  readonly inputs: readonly Slot[];
  readonly output: Slot;
  readonly kernel: Kernel;
}

/** How a slot that never changes comes about. */
export interface FixedSource {
  /** Equal texts for equal values, as long as arrays are told apart by the pool. */
  readonly key: (idOf: (data: Float32Array) => number) => string;
  readonly make: { readonly data: Float32Array; readonly shape: readonly number[] } | Omit<Call, 'output'>;
}

export interface Plan {
  readonly inputs: Readonly<Record<string, Slot>>;
  readonly variables: Readonly<Record<string, Slot>>;
  readonly fixed: ReadonlyMap<Slot, FixedSource>;
  /** Fixed slots that calls, outputs or updates read. */
  readonly pooled: readonly Slot[];
  readonly calls: readonly Call[];
  /** After each call, the slots that nothing reads any more. */
  readonly freed: readonly (readonly Slot[])[];
  readonly outputs: Readonly<Record<string, Slot>>;
  readonly updates: Readonly<Record<string, Slot>>;
}

export class PlanBuilder {
  readonly #calls: Call[] = [];
  readonly #known = new Map<string, Slot>();
  readonly #arrays = new Map<Float32Array, number>();
  readonly #fixed = new Map<Slot, FixedSource>();
  readonly #inputs: Record<string, Slot> = {};
  readonly #variables: Record<string, Slot> = {};
  readonly #outputs: Record<string, Slot> = {};
  readonly #updates: Record<string, Slot> = {};
  #size = 0;

  input(name: string): Slot {
    this.#inputs[name] = this.#size;
    return this.#size++;
  }

  variable(name: string): Slot {
    this.#variables[name] = this.#size;
    return this.#size++;
  }

  constant(data: Float32Array, shape: readonly number[]): Slot {
    const id = this.#arrays.get(data) ?? this.#arrays.size;
    this.#arrays.set(data, id);
    return this.#once(`constant ${id} [${shape}]`, () =>
      this.#fix({ key: idOf => `${idOf(data)}[${shape}]`, make: { data, shape } }),
    );
  }

  scalar(value: number): Slot {
    return this.#once(`scalar ${value}`, () =>
      this.#fix({ key: () => `scalar ${value}`, make: { data: Float32Array.of(value), shape: [] } }),
    );
  }

  /**
   * @param name says all that the kernel depends on besides its inputs: calls of one name with equal inputs are one
   * @param sized whether the result depends on the sizes of the run
   */
  call(name: string, inputs: readonly Slot[], kernel: Kernel, sized = false): Slot {
    return this.#once(`${name} (${inputs})`, () => {
      const sources = inputs.map(input => this.#fixed.get(input));
      if (!sized && sources.every(source => source !== undefined)) {
        return this.#fix({ key: idOf => `${name}(${sources.map(({ key }) => key(idOf))})`, make: { inputs, kernel } });
      }
      const output = this.#size++;
      this.#calls.push({ inputs, output, kernel });
      return output;
    });
  }

  output(name: string, slot: Slot): void {
    this.#outputs[name] = slot;
  }

  update(name: string, slot: Slot): void {
    this.#updates[name] = slot;
  }

  build(): Plan {
    const ends = [...Object.values(this.#outputs), ...Object.values(this.#updates)];
    const { calls, read } = this.#needed(ends);
    return {
      inputs: this.#inputs,
      variables: this.#variables,
      fixed: this.#fixed,
      pooled: [...this.#fixed.keys()].filter(slot => read.has(slot)),
      calls,
      freed: this.#lastUses(calls, ends),
      outputs: this.#outputs,
      updates: this.#updates,
    };
  }

  /** The calls that something comes of, and all slots that are read. */
  #needed(ends: readonly Slot[]): { readonly calls: readonly Call[]; readonly read: ReadonlySet<Slot> } {
    const read = new Set(ends);
    const calls: Call[] = [];
    for (const call of [...this.#calls].reverse()) {
      if (!read.has(call.output)) continue;
      calls.push(call);
      for (const slot of call.inputs) read.add(slot);
    }
    return { calls: calls.reverse(), read };
  }

  #lastUses(calls: readonly Call[], ends: readonly Slot[]): Slot[][] {
    const kept = new Set([...ends, ...this.#fixed.keys(), ...Object.values(this.#variables)]);
    const freed: Slot[][] = calls.map(() => []);
    for (let at = calls.length - 1; at >= 0; at--) {
      const { inputs, output } = calls[at]!;
      for (const slot of [output, ...inputs]) {
        if (kept.has(slot)) continue;
        kept.add(slot);
        freed[at]!.push(slot);
      }
    }
    return freed;
  }

  #fix(source: FixedSource): Slot {
    const slot = this.#size++;
    this.#fixed.set(slot, source);
    return slot;
  }

  #once(key: string, make: () => Slot): Slot {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const slot = make();
    this.#known.set(key, slot);
    return slot;
  }
}
