/**
 * Moves along one axis of a tensor. Everything else is seen as one outer and one inner axis, so that kernels which copy
 * row by row (WebAssembly's) have long rows to copy.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Tensorflow } from './installation.js';

/** `size` cells from `start`. */
export function sliceAxis(tf: Tensorflow, x: Tensor, axis: number, start: number, size: number): Tensor {
  const { outer, length, inner } = splitAtAxis(x, axis);
  if (size === length) return x;
  const rows = tf.slice2d(tf.reshape(x, [outer, length * inner]), [0, start * inner], [outer, size * inner]);
  return tf.reshape(rows, resized(x, axis, size));
}

/** Every `step`th cell, `count` of them, from `first`. */
export function stridedSlice(
  tf: Tensorflow,
  x: Tensor,
  axis: number,
  first: number,
  step: number,
  count: number,
): Tensor {
  if (step === 1) return sliceAxis(tf, x, axis, first, count);
  const whole = padOrCrop(tf, x, axis, -first, first + count * step - x.shape[axis]!);
  const { outer, inner } = splitAtAxis(x, axis);
  const rows = tf.slice2d(tf.reshape(whole, [outer * count, step * inner]), [0, 0], [outer * count, inner]);
  return tf.reshape(rows, resized(x, axis, count));
}

/** Zeros added (or, below zero, cells cut off) at the two ends. */
export function padOrCrop(tf: Tensorflow, x: Tensor, axis: number, before: number, after: number): Tensor {
  const first = Math.max(0, -before);
  const cut = sliceAxis(tf, x, axis, first, x.shape[axis]! - first - Math.max(0, -after));
  if (before <= 0 && after <= 0) return cut;
  const { outer, length, inner } = splitAtAxis(cut, axis);
  const pads: [number, number][] = [
    [0, 0],
    [Math.max(0, before) * inner, Math.max(0, after) * inner],
  ];
  const padded = tf.pad(tf.reshape(cut, [outer, length * inner]), pads);
  return tf.reshape(padded, resized(x, axis, x.shape[axis]! + before + after));
}

/** `step - 1` zeros between neighbours; none behind the last. */
export function dilate(tf: Tensorflow, x: Tensor, axis: number, step: number): Tensor {
  const { outer, length, inner } = splitAtAxis(x, axis);
  if (step === 1 || length === 1) return x;
  const apart: [number, number][] = [
    [0, 0],
    [0, (step - 1) * inner],
  ];
  const spread = tf.pad(tf.reshape(x, [outer * length, inner]), apart);
  return sliceAxis(tf, tf.reshape(spread, resized(x, axis, length * step)), axis, 0, (length - 1) * step + 1);
}

/** `size` cells from `start`, the last first. */
export function reversedSlice(tf: Tensorflow, x: Tensor, axis: number, start: number, size: number): Tensor {
  const cells = Array.from({ length: size }, (_, at) => sliceAxis(tf, x, axis, start + size - 1 - at, 1));
  return tf.concat(cells, axis);
}

function splitAtAxis(x: Tensor, axis: number): { outer: number; length: number; inner: number } {
  return { outer: product(x.shape.slice(0, axis)), length: x.shape[axis]!, inner: product(x.shape.slice(axis + 1)) };
}

function resized(x: Tensor, axis: number, size: number): number[] {
  return x.shape.map((length, at) => (at === axis ? size : length));
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}
