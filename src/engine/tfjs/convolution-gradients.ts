/**
 * The two gradients of a convolution where the backend has no kernel for them worth using: WebAssembly has none for the
 * weights, and for the input a plain loop. Here they are convolutions and matrix products, which it has fast.
 */
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Convolution } from '../../graph/index.js';
import { dilate, padOrCrop, sliceAxis, stridedSlice } from './axis-operations.js';
import { interleave } from './depth-to-space.js';
import type { Tensorflow } from './installation.js';

type Pair = readonly [number, number];

/** dy `[n, h', w', k]`, w `[kh, kw, c, k]` → `[n, ...size, c]`. */
export function inputGradient(tf: Tensorflow, dy: Tensor, w: Tensor, convolution: Convolution, size: Pair): Tensor {
  const { stride } = convolution;
  const whole = stride.every((step, axis) => w.shape[axis]! >= step);
  return whole ? byPhases(tf, dy, w, convolution, size) : byDilation(tf, dy, w, convolution, size);
}

/** x `[n, h, w, c]` with its padding, dy `[n, h', w', k]` → `[kh, kw, c, k]`. */
export function weightGradient(tf: Tensorflow, x: Tensor, dy: Tensor, stride: Pair, [kh, kw]: Pair): Tensor {
  const [batch, rows, columns, k] = dy.shape as [number, number, number, number];
  const c = x.shape[3]!;
  const cells = batch * rows * columns;
  const adjoint = tf.transpose(tf.reshape(dy, [cells, k])) as Tensor2D;
  const lines = Array.from({ length: kh }, (_, i) =>
    tf.tidy(() => {
      const line = stridedSlice(tf, x, 1, i, stride[0], rows);
      const met = Array.from({ length: kw }, (_, j) =>
        tf.reshape(stridedSlice(tf, line, 2, j, stride[1], columns), [cells, c]),
      );
      return tf.matMul(adjoint, tf.concat(met, 1) as Tensor2D);
    }),
  );
  return tf.transpose(tf.reshape(tf.concat(lines, 0), [kh, k, kw, c]), [0, 2, 3, 1]);
}

/** One axis of the results at y ≡ phase: the kernel's cells that meet them, and how dy is padded for them. */
interface Phase {
  readonly cells: readonly number[];
  readonly before: number;
}

/**
 * Result y collects dy[i]·w[a] where i·step + a = y + padding, so all its a are ≡ phase + padding; i runs backwards as a
 * grows, so the cells are listed from last to first.
 */
function phaseOf(phase: number, step: number, kernel: number, padding: number): Phase {
  const cells: number[] = [];
  for (let a = (phase + padding) % step; a < kernel; a += step) cells.unshift(a);
  return { cells, before: cells.length - 1 - Math.floor((phase + padding) / step) };
}

/** A small convolution for every phase of the stride, interleaved together: nothing is multiplied by inserted zeros. */
function byPhases(
  tf: Tensorflow,
  dy: Tensor,
  w: Tensor,
  { stride, padding }: Convolution,
  [height, width]: Pair,
): Tensor {
  const [kh, kw, c, k] = w.shape as [number, number, number, number];
  const [down, across] = stride;
  const cells = tf.reshape(tf.transpose(w, [0, 1, 3, 2]), [kh * kw, k * c]);
  const [rows, columns] = [Math.ceil(height / down), Math.ceil(width / across)];
  const phases = (step: number, kernel: number, before: number) =>
    Array.from({ length: step }, (_, phase) => phaseOf(phase, step, kernel, before));
  const results = phases(down, kh, padding[0]).flatMap(vertical => {
    const lines = windowed(tf, dy, 1, vertical, rows);
    return phases(across, kw, padding[1]).map(horizontal =>
      tf.tidy(() => {
        const picked = vertical.cells.flatMap(a => horizontal.cells.map(b => a * kw + b));
        const kernel = tf.concat(
          picked.map(cell => sliceAxis(tf, cells, 0, cell, 1)),
          0,
        );
        const shape: [number, number, number, number] = [vertical.cells.length, horizontal.cells.length, k, c];
        const image = windowed(tf, lines, 2, horizontal, columns);
        return tf.conv2d(image as Tensor4D, tf.reshape(kernel, shape) as Tensor4D, 1, 'valid');
      }),
    );
  });
  const interleaved = interleave(tf, results.length === 1 ? results[0]! : tf.concat(results, 3), stride);
  return sliceAxis(tf, sliceAxis(tf, interleaved, 1, 0, height), 2, 0, width);
}

/** dy along one axis, padded or cropped so that a window of the phase's cells gives `count` results. */
function windowed(tf: Tensorflow, dy: Tensor, axis: number, { cells, before }: Phase, count: number): Tensor {
  return padOrCrop(tf, dy, axis, before, count + cells.length - 1 - before - dy.shape[axis]!);
}

/** A convolution of dy, its cells set apart by the stride, with the kernel turned round. */
function byDilation(
  tf: Tensorflow,
  dy: Tensor,
  w: Tensor,
  { stride, padding: [top, left] }: Convolution,
  [height, width]: Pair,
): Tensor {
  const [kh, kw] = w.shape as [number, number];
  const rows = dilateAndPad(tf, dy, 1, stride[0], kh - 1 - top, height + kh - 1);
  const image = dilateAndPad(tf, rows, 2, stride[1], kw - 1 - left, width + kw - 1);
  const rotated = tf.transpose(tf.reverse(w, [0, 1]), [0, 1, 3, 2]);
  return tf.conv2d(image as Tensor4D, rotated as Tensor4D, 1, 'valid');
}

function dilateAndPad(tf: Tensorflow, x: Tensor, axis: number, step: number, before: number, size: number): Tensor {
  const wide = dilate(tf, x, axis, step);
  return padOrCrop(tf, wide, axis, before, size - before - wide.shape[axis]!);
}
