/**
 * The tensors of a state_dict, as a network is built of them: each is asked for by its key, and what nobody asked for is
 * known in the end. A network whose file holds more than it uses is another network.
 */
import { CycleboxError } from '../base/index.js';
import type { WeightTensor, WeightTensors } from '../nets/index.js';

const listed = 40;

export class NamedTensors {
  readonly #tensors: WeightTensors;
  readonly #file: string;
  readonly #asked = new Set<string>();

  constructor(tensors: WeightTensors, file: string) {
    this.#tensors = tensors;
    this.#file = file;
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#tensors, key);
  }

  /** @throws CycleboxError WEIGHTS_MISMATCH with all tensors that there are */
  take(key: string, rank: number): WeightTensor {
    const tensor = this.takeIfThere(key);
    if (!tensor) throw this.mismatch(`the network needs ${key}, which is not there`);
    if (tensor.shape.length === rank) return tensor;
    throw this.mismatch(`${key} is [${tensor.shape.join(', ')}], and should have ${rank} axes`);
  }

  takeIfThere(key: string): WeightTensor | undefined {
    this.#asked.add(key);
    return this.has(key) ? this.#tensors[key] : undefined;
  }

  /** Held against what a layer has: `[64]` values for 64 channels. @throws CycleboxError WEIGHTS_MISMATCH */
  perChannel(key: string, channels: number): Float32Array {
    const { shape, data } = this.take(key, 1);
    if (shape[0] === channels) return data;
    throw this.mismatch(`${key} has ${shape[0]} values for ${channels} channels`);
  }

  /** @throws CycleboxError WEIGHTS_MISMATCH when there are tensors that nobody asked for */
  requireAllUsed(): void {
    const left = Object.keys(this.#tensors).filter(key => !this.#asked.has(key));
    if (left.length === 0) return;
    throw this.mismatch(`the network has no place for ${left.slice(0, 5).join(', ')}${left.length > 5 ? ' …' : ''}`);
  }

  mismatch(why: string): CycleboxError {
    const message = `${this.#file} cannot be used: ${why}. It holds ${listTensors(this.#tensors)}`;
    return new CycleboxError('WEIGHTS_MISMATCH', message, { subject: { file: this.#file } });
  }
}

/** Names and shapes, one a line, as far as that helps. */
export function listTensors(tensors: Readonly<Record<string, { readonly shape: readonly number[] }>>): string {
  const entries = Object.entries(tensors);
  const lines = entries.slice(0, listed).map(([key, { shape }]) => `  ${key} [${shape.join(', ')}]`);
  const rest = entries.length > listed ? [`  … and ${entries.length - listed} more`] : [];
  return [`${entries.length} tensors:`, ...lines, ...rest].join('\n');
}
