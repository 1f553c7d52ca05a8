/**
 * What an operation of a GraphModel is made ONNX nodes with. Values keep TensorFlow's order of axes, `[n, h, w, c]`; what ONNX
 * wants with the channels first is turned before and after, which runtimes join and remove. Whole numbers are int64.
 */
import type { OnnxEmitter, ValueName } from '../../onnx/index.js';
import type { GraphNode } from './graph-nodes.js';
import { transposedKernel } from './layer-values.js';
import type { TensorFlowWeight } from './manifest.js';

export class GraphContext {
  readonly emitter: OnnxEmitter;
  readonly node: GraphNode;
  readonly #values: ReadonlyMap<string, ValueName>;
  readonly #constants: ReadonlyMap<string, TensorFlowWeight>;

  constructor(
    node: GraphNode,
    scene: {
      readonly emitter: OnnxEmitter;
      readonly values: ReadonlyMap<string, ValueName>;
      readonly constants: ReadonlyMap<string, TensorFlowWeight>;
    },
  ) {
    this.node = node;
    this.emitter = scene.emitter;
    this.#values = scene.values;
    this.#constants = scene.constants;
  }

  input(at: number): ValueName {
    const name = this.node.inputs[at];
    const value = name === undefined ? undefined : this.#values.get(name);
    if (value !== undefined) return value;
    throw this.node.refuse(`lacks its input ${at}`);
  }

  get inputs(): readonly ValueName[] {
    return this.node.inputs.map((_, at) => this.input(at));
  }

  /** The numbers of an input that has to be known beforehand. */
  constant(at: number): TensorFlowWeight {
    const found = this.constantIfKnown(at);
    if (found) return found;
    throw this.node.refuse(`has an input ${at} that is computed, where a constant is wanted`);
  }

  constantIfKnown(at: number): TensorFlowWeight | undefined {
    const name = this.node.inputs[at];
    return name === undefined ? undefined : this.#constants.get(name);
  }

  numbers(at: number): readonly number[] {
    return [...this.constant(at).data];
  }

  /** A kernel in ONNX's order of axes. */
  kernel(at: number, order: readonly number[]): TensorFlowWeight {
    const found = this.constant(at);
    if (found.shape.length === 4) return transposedKernel(found, order);
    throw this.node.refuse(`has a kernel of ${found.shape.length} axes`);
  }

  get isChannelsLast(): boolean {
    return this.node.text('data_format', 'NHWC') === 'NHWC';
  }

  /** Of a pair along the image's two axes, in a list of four. */
  sides(name: string): readonly [number, number] {
    const [, a = 1, b = 1, c = 1] = this.node.integers(name);
    return this.isChannelsLast ? [a, b] : [b, c];
  }

  /** `x` as `[n, c, h, w]`, for `make`, and its result as it was. */
  channelsFirst(x: ValueName, make: (x: ValueName) => ValueName): ValueName {
    if (!this.isChannelsLast) return make(x);
    const turned = this.emitter.node('Transpose', [x], { perm: [0, 3, 1, 2] });
    return this.emitter.node('Transpose', [make(turned)], { perm: [0, 2, 3, 1] });
  }

  /** Float values of a channel each, as they are added to or multiplied with a picture of this order of axes. */
  floats({ data, shape }: TensorFlowWeight): ValueName {
    return this.emitter.floats(data, shape);
  }
}
