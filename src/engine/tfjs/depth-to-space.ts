/** Channels spread over blocks of pixels: TensorFlow.js has a kernel for what the language says in three operations. */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { sliceAxis } from './axis-operations.js';
import type { Tensorflow } from './installation.js';
import { inLayout, type LaidOutSlot, type LoweringContext, type Value } from './lowering-context.js';
import type { Kernel } from './plan-builder.js';

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
