/**
 * Which values of a graph are as high and as wide as each other, whatever the size of the image. It is told by the operations that
 * generators are made of; a value that any other makes is of a size of its own.
 */
import type { GraphProto, NodeProto } from '../generated/index.js';
import type { Convolution } from './convolutions.js';

/** Results are as large as what goes in. */
const pointwise = new Set(['InstanceNormalization', 'Relu', 'LeakyRelu', 'Tanh', 'Sigmoid', 'Identity', 'Dropout']);

export class SpatialSizes {
  readonly #made: ReadonlyMap<string, NodeProto>;
  readonly #convolutions: ReadonlyMap<string, Convolution>;
  readonly #known = new Map<string, string>();

  constructor(graph: GraphProto, convolutions: ReadonlyMap<string, Convolution>) {
    this.#made = new Map(graph.node.flatMap(node => node.output.map(name => [name, node] as const)));
    this.#convolutions = convolutions;
    // What a node reads is made before it, so that none has to look back further than one.
    for (const { output } of graph.node) for (const name of output) this.of(name);
  }

  /** Alike for two values only where they are of one size. */
  of(name: string): string {
    const known = this.#known.get(name) ?? this.#find(name);
    this.#known.set(name, known);
    return known;
  }

  #find(name: string): string {
    const node = this.#made.get(name);
    const convolution = this.#convolutions.get(name);
    if (convolution) return this.#after(convolution);
    if (node && pointwise.has(node.opType)) return this.of(node.input[0]!);
    if (node?.opType !== 'Add') return name;
    const [one, other] = node.input.map(input => this.of(input));
    return one === other ? one! : name;
  }

  #after({ input, mirror, zeros, kernel, strides, dilations }: Convolution): string {
    const border = zeros.map((cells, side) => cells + (mirror?.border[side] ?? 0));
    const changes = [0, 1].map(side => {
      const reach = dilations[side]! * (kernel.dims[2 + side]! - 1);
      return `${border[side]! + border[2 + side]! - reach} / ${strides[side]}`;
    });
    const isKept = changes.every(change => change === '0 / 1');
    return isKept ? this.of(input) : `${this.of(input)} (${changes})`;
  }
}
