/**
 * A value in a graph being built: a node's id and shape, with the builder that it belongs to. It holds no numbers.
 */
import type { Shape } from './dimension.js';
import type { Node, NodeId } from './graph.js';
import type { Attributes, OpName } from './operations.js';

/** What operations need of the builder behind a tensor. */
export interface Emitter {
  /** Fixed values, row-major; a number makes a scalar of shape []. */
  constant(values: number | Float32Array, shape?: readonly number[]): Tensor;
  /** Appends an operation, or finds the equal one. @throws SHAPE_MISMATCH */
  emit<O extends OpName>(op: O, inputs: readonly Tensor[], attributes: Attributes<O>): Tensor;
  node(id: NodeId): Node;
  tensor(id: NodeId): Tensor;
}

export class Tensor {
  constructor(
    readonly builder: Emitter,
    readonly id: NodeId,
    readonly shape: Shape,
  ) {}

  get node(): Node {
    return this.builder.node(this.id);
  }
}
