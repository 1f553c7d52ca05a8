/**
 * What layers of a LayersModel are made with: the emitter, the layer's settings and weights, and values on their way.
 * Everything runs as `[n, c, h, w]`; kernels are turned from TensorFlow's order into ONNX's when they are stored.
 */
import type { CycleboxError } from '../../base/index.js';
import type { OnnxEmitter, ValueName } from '../../onnx/index.js';
import type { TensorFlowWeight } from './manifest.js';

export interface LayerValue {
  readonly name: ValueName;
  readonly channels: number;
}

export type LayerSettings = Readonly<Record<string, unknown>>;

export class LayerContext {
  readonly emitter: OnnxEmitter;
  readonly inputs: readonly LayerValue[];
  readonly settings: LayerSettings;
  readonly #layer: string;
  readonly #kind: string;
  readonly #weights: ReadonlyMap<string, TensorFlowWeight>;
  readonly #fail: (why: string) => CycleboxError;

  constructor(
    layer: { readonly name: string; readonly kind: string; readonly settings: LayerSettings },
    inputs: readonly LayerValue[],
    scene: {
      readonly emitter: OnnxEmitter;
      readonly weights: ReadonlyMap<string, TensorFlowWeight>;
      readonly fail: (why: string) => CycleboxError;
    },
  ) {
    this.emitter = scene.emitter;
    this.inputs = inputs;
    this.settings = layer.settings;
    this.#layer = layer.name;
    this.#kind = layer.kind;
    this.#weights = scene.weights;
    this.#fail = scene.fail;
  }

  /** The only input. */
  get x(): LayerValue {
    const [x] = this.inputs;
    if (x && this.inputs.length === 1) return x;
    throw this.refuse(`has ${this.inputs.length} inputs`);
  }

  refuse(why: string): CycleboxError {
    return this.#fail(`its layer ${this.#layer} (${this.#kind}) ${why}`);
  }

  /** The layer's weight of that name, wherever nested models' names put it. */
  weightIfThere(name: string): TensorFlowWeight | undefined {
    const own = `${this.#layer}/${name}`;
    const known = this.#weights.get(own);
    if (known) return known;
    const key = [...this.#weights.keys()].find(each => each.endsWith(`/${own}`));
    return key === undefined ? undefined : this.#weights.get(key);
  }

  weight(name: string, rank: number): TensorFlowWeight {
    const found = this.weightIfThere(name);
    if (!found) throw this.refuse(`has no weight "${name}"`);
    if (found.shape.length === rank) return found;
    throw this.refuse(`has a weight "${name}" of shape [${found.shape.join(', ')}]`);
  }

  number(name: string, otherwise: number): number {
    const value = this.settings[name];
    return typeof value === 'number' ? value : otherwise;
  }

  text(name: string, otherwise: string): string {
    const value = this.settings[name];
    if (typeof value === 'string') return value;
    // Keras 3 writes objects where it meant a name.
    const named = (value as { readonly class_name?: unknown } | null | undefined)?.class_name;
    return typeof named === 'string' ? named.toLowerCase() : otherwise;
  }

  /** One number for both axes, or two. */
  pair(name: string, otherwise: number): readonly [number, number] {
    const value = this.settings[name] ?? otherwise;
    if (typeof value === 'number') return [value, value];
    const [a, b] = Array.isArray(value) ? (value as unknown[]) : [];
    if (typeof a === 'number' && typeof b === 'number') return [a, b];
    throw this.refuse(`has ${name} ${JSON.stringify(value)}`);
  }

  /** Cells before and behind each of the two axes: `2`, `[1, 2]` or `[[1, 1], [2, 2]]`. */
  borders(name: string): readonly [top: number, bottom: number, left: number, right: number] {
    const value = this.settings[name] ?? 1;
    if (Array.isArray(value) && value.every(each => Array.isArray(each) && each.length === 2)) {
      return value.flat() as unknown as readonly [number, number, number, number];
    }
    const [down, across] = this.pair(name, 1);
    return [down, down, across, across];
  }

  vector(name: string, channels: number): ValueName | undefined {
    const found = this.weightIfThere(name);
    if (!found) return undefined;
    if (found.data.length !== channels) throw this.refuse(`has ${found.data.length} values "${name}"`);
    return this.emitter.floats(found.data, [channels]);
  }
}

/** `[kh, kw, a, b]` as the axes are wanted: `order` names for each new axis the old one. */
export function transposedKernel({ shape, data }: TensorFlowWeight, order: readonly number[]): TensorFlowWeight {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, side) => product * side, 1));
  const sizes = order.map(axis => shape[axis]!);
  const steps = order.map(axis => strides[axis]!);
  const turned = new Float32Array(data.length);
  const index = sizes.map(() => 0);
  let from = 0;
  for (let at = 0; at < turned.length; at++) {
    turned[at] = data[from]!;
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++index[axis]! < sizes[axis]!) break;
      from -= steps[axis]! * sizes[axis]!;
      index[axis] = 0;
    }
  }
  return { shape: sizes, data: turned };
}
