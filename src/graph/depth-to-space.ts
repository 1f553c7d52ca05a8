/**
 * Finds channels being spread over blocks of pixels, which the language says as reshape, transpose, reshape over six
 * axes and runtimes have something better for. Exported generators end in it (sub-pixel convolutions).
 */
import type { Graph, NodeId } from './graph.js';

export interface DepthToSpace {
  /** The value `[n, b·b·c, h, w]`. */
  readonly source: NodeId;
  readonly block: number;
}

/** `[n, b, b, c, h, w]` → `[n, c, h, b, w, b]` */
const permutation = [0, 3, 4, 1, 5, 2];

/** Undefined unless the node is the last of the three. */
export function depthToSpaceAt({ nodes }: Graph, id: NodeId): DepthToSpace | undefined {
  const last = nodes[id]!;
  const middle = nodes[last.inputs[0]!];
  const first = middle && nodes[middle.inputs[0]!];
  if (last.op !== 'reshape' || middle?.op !== 'transpose' || first?.op !== 'reshape') return undefined;
  const [n, block, across, c, h, w] = first.shape;
  const source = first.inputs[0]!;
  const fits =
    `${middle.attributes.permutation}` === `${permutation}` &&
    typeof block === 'number' &&
    block > 1 &&
    block === across &&
    `${nodes[source]!.shape}` === `${[n, Number(c) * block ** 2, h, w]}` &&
    `${last.shape}` === `${[n, c, Number(h) * block, Number(w) * block]}`;
  return fits ? { source, block } : undefined;
}
