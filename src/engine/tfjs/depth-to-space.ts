/**
 * Finds channels being spread over blocks of pixels, which the language says as reshape, transpose, reshape over six
 * axes and TensorFlow.js has a kernel for. Exported generators end in it (sub-pixel convolutions).
 */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { Graph, NodeId } from '../../graph/index.js';
import { sliceAxis } from './axis-operations.js';
import type { Tensorflow } from './installation.js';
import { inLayout, type LaidOutSlot, type LoweringContext, type Value } from './lowering-context.js';
import type { Kernel } from './plan-builder.js';

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

export function lowerDepthToSpace(
  { builder, device }: Pick<LoweringContext<'reshape'>, 'builder' | 'device'>,
  x: Value,
  block: number,
): LaidOutSlot {
  // WebAssembly's own kernel is a transposition element by element.
  const interleaved: Kernel = device.isWebAssembly
    ? (tf, [value]) => interleave(tf, value!, [block, block])
    : (tf, [value]) => tf.depthToSpace(value as Tensor4D, block, 'NHWC');
  return { slot: builder.call(`depthToSpace ${block}`, [inLayout(builder, x, 'image')], interleaved), layout: 'image' };
}

/**
 * Channels lie as (row in block, column in block, c): those of one row in the block are that row's pixels as they lie, so
 * that rows only need to be laid one behind the other.
 */
export function interleave(tf: Tensorflow, x: Tensor, [down, across]: readonly [number, number]): Tensor {
  const [n, h, w, depth] = x.shape as [number, number, number, number];
  const wide = depth / down;
  const rows = Array.from({ length: down }, (_, row) =>
    tf.reshape(sliceAxis(tf, x, 3, row * wide, wide), [n * h, w * wide]),
  );
  const interleaved = down === 1 ? rows[0]! : tf.concat(rows, 1);
  return tf.reshape(interleaved, [n, h * down, w * across, wide / across]);
}
