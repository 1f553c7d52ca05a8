/**
 * Finds channels being spread over blocks of pixels, which the language says as reshape, transpose, reshape over six
 * axes and TensorFlow.js has a kernel for. Exported generators end in it (sub-pixel convolutions).
 */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { Graph, NodeId } from '../../graph/index.js';
import { part } from './axes.js';
import type { Tensorflow } from './installation.js';
import type { Kernel } from './plan.js';
import { inLayout, type Placed, type Site, type Value } from './site.js';

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
  { builder, device }: Pick<Site<'reshape'>, 'builder' | 'device'>,
  x: Value,
  block: number,
): Placed {
  // WebAssembly's own kernel is a transposition element by element.
  const woven: Kernel = device.isWebAssembly
    ? (tf, [value]) => wovenRows(tf, value!, [block, block])
    : (tf, [value]) => tf.depthToSpace(value as Tensor4D, block, 'NHWC');
  return { slot: builder.call(`depthToSpace ${block}`, [inLayout(builder, x, 'image')], woven), layout: 'image' };
}

/**
 * Channels lie as (row in block, column in block, c): those of one row in the block are that row's pixels as they lie, so
 * that rows only need to be laid one behind the other.
 */
export function wovenRows(tf: Tensorflow, x: Tensor, [down, across]: readonly [number, number]): Tensor {
  const [n, h, w, depth] = x.shape as [number, number, number, number];
  const wide = depth / down;
  const rows = Array.from({ length: down }, (_, row) =>
    tf.reshape(part(tf, x, 3, row * wide, wide), [n * h, w * wide]),
  );
  const woven = down === 1 ? rows[0]! : tf.concat(rows, 1);
  return tf.reshape(woven, [n, h * down, w * across, wide / across]);
}
