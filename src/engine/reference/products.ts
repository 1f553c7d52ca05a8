/**
 * Matrix product and the three convolutions. The convolutions are one sum over "taps", a cell of x under a weight of w
 * adding to a cell of y; which of the three is the result is all that tells them apart.
 */
import { type Convolution, sizeOf } from '../../graph/index.js';
import type { Kernel } from './kernel.js';

export const matmul: Kernel<'matmul'> = ({ inputs: [a, b], attributes: { transposeA, transposeB }, shape }) => {
  const [m, n] = shape.slice(-2) as [number, number];
  const inner = a!.shape.at(transposeA ? -2 : -1)!;
  const result = new Float64Array(sizeOf(shape));
  for (let at = 0; at < result.length; at++) {
    const column = at % n;
    const row = Math.floor(at / n) % m;
    const batch = Math.floor(at / (m * n));
    for (let k = 0; k < inner; k++) {
      const left = a!.data[batch * m * inner + (transposeA ? k * m + row : row * inner + k)]!;
      const right = b!.data[batch * n * inner + (transposeB ? column * inner + k : k * n + column)]!;
      result[at]! += left * right;
    }
  }
  return result;
};

export const conv2d: Kernel<'conv2d'> = ({ inputs: [x, w], attributes, shape }) => {
  const result = new Float64Array(sizeOf(shape));
  forEachTap(x!.shape, w!.shape, shape, attributes, (xAt, wAt, yAt) => {
    result[yAt]! += x!.data[xAt]! * w!.data[wAt]!;
  });
  return result;
};

export const conv2dInputGrad: Kernel<'conv2dInputGrad'> = ({ inputs: [dy, w], attributes, shape }) => {
  const result = new Float64Array(sizeOf(shape));
  forEachTap(shape, w!.shape, dy!.shape, attributes, (xAt, wAt, yAt) => {
    result[xAt]! += dy!.data[yAt]! * w!.data[wAt]!;
  });
  return result;
};

export const conv2dWeightGrad: Kernel<'conv2dWeightGrad'> = ({ inputs: [x, dy], attributes, shape }) => {
  const result = new Float64Array(sizeOf(shape));
  forEachTap(x!.shape, shape, dy!.shape, attributes, (xAt, wAt, yAt) => {
    result[wAt]! += x!.data[xAt]! * dy!.data[yAt]!;
  });
  return result;
};

/** Every (x cell, weight, y cell) of a convolution x `[n, c, h, w]`, w `[k, c, kh, kw]` → y `[n, k, h', w']`. */
function forEachTap(
  [, , height, width]: readonly number[],
  [outputs, channels, kernelHeight, kernelWidth]: readonly number[],
  [samples, , rows, columns]: readonly number[],
  { stride, padding: [top, left] }: Convolution,
  visit: (xAt: number, wAt: number, yAt: number) => void,
): void {
  for (let n = 0; n < samples!; n++)
    for (let k = 0; k < outputs!; k++)
      for (let row = 0; row < rows!; row++)
        for (let column = 0; column < columns!; column++)
          for (let c = 0; c < channels!; c++)
            for (let i = 0; i < kernelHeight!; i++)
              for (let j = 0; j < kernelWidth!; j++) {
                const y = row * stride[0] + i - top;
                const x = column * stride[1] + j - left;
                if (y < 0 || y >= height! || x < 0 || x >= width!) continue;
                visit(
                  ((n * channels! + c) * height! + y) * width! + x,
                  ((k * channels! + c) * kernelHeight! + i) * kernelWidth! + j,
                  ((n * outputs! + k) * rows! + row) * columns! + column,
                );
              }
}
