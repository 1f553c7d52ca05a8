/**
 * The values of a program that never change, kept on the backend: weights of a loaded model in the layout that its
 * convolutions want. Several plans of one model, made for several sizes, share them. What lies here is a copy: it can be
 * given back at any time and comes again when needed.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Tensorflow } from './installation.js';
import type { Plan, Slot } from './plan-builder.js';

const noSizes = new Map<string, number>();

export class ConstantPool {
  readonly #ids = new WeakMap<Float32Array, number>();
  readonly #tensors = new Map<string, Tensor>();
  #count = 0;

  /** The tensors of a plan's fixed slots that its calls read. They stay the pool's. */
  tensorsOf(tf: Tensorflow, plan: Plan): Map<Slot, Tensor> {
    return new Map(plan.pooled.map(slot => [slot, this.#kept(tf, plan, slot)]));
  }

  release(): void {
    for (const tensor of this.#tensors.values()) tensor.dispose();
    this.#tensors.clear();
  }

  #kept(tf: Tensorflow, plan: Plan, slot: Slot): Tensor {
    const key = plan.fixed.get(slot)!.key(data => this.#idOf(data));
    const known = this.#tensors.get(key);
    if (known) return known;
    const made = tf.tidy(() => this.#made(tf, plan, slot));
    this.#tensors.set(key, made);
    return made;
  }

  #made(tf: Tensorflow, plan: Plan, slot: Slot): Tensor {
    const { make } = plan.fixed.get(slot)!;
    if ('data' in make) return tf.tensor(make.data.slice(), [...make.shape], 'float32');
    const inputs = make.inputs.map(input => this.#made(tf, plan, input));
    return make.kernel(tf, inputs, noSizes);
  }

  #idOf(data: Float32Array): number {
    const known = this.#ids.get(data);
    if (known !== undefined) return known;
    this.#ids.set(data, this.#count);
    return this.#count++;
  }
}
