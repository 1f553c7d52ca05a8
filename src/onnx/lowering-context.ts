/**
 * What a lowering sees of the operation it lowers: names and shapes, the graph around it, and the emitter to write to.
 */
import type { Attributes, Graph, NodeId, OpName, Shape } from '../graph/index.js';
import type { OnnxEmitter, ValueName } from './emitter.js';

/**
 * What the file is written for. `any` is for every runtime and fastest on ONNX Runtime's CPU provider; `webgpu` uses only
 * what its WebGPU provider has kernels for, and leaves out what they compute wrongly.
 */
export type LoweringTarget = 'any' | 'webgpu';

/** What a program gains by being made for one size. */
export interface Tailoring {
  /** Convolutions with fixed kernels that are computed by Winograd's minimal filtering. */
  tiled: number;
}

export interface LoweringContext<O extends OpName> {
  readonly emitter: OnnxEmitter;
  readonly target: LoweringTarget;
  /** Set for a program for one size on this machine's CPU: it may be spelt in ways that a file must not be. */
  readonly tailored: Tailoring | undefined;
  readonly graph: Graph;
  /** Of the operation itself. */
  readonly id: NodeId;
  /** Of the values lowered so far, by node. */
  readonly names: readonly ValueName[];
  readonly inputNodes: readonly NodeId[];
  readonly inputs: readonly ValueName[];
  readonly inputShapes: readonly Shape[];
  readonly attributes: Attributes<O>;
  /** Of the result. */
  readonly shape: Shape;
}
