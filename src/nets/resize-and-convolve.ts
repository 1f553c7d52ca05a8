/**
 * Upsampling by nearest-neighbour doubling and a 3×3 convolution (Odena et al. 2016), in one operation that every engine
 * has. Its kernel is stored as a transposed convolution's, so that weights move between the two kinds of generators.
 */
import { add, convTranspose2d, pad, type Tensor } from '../graph/index.js';

const shifts = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
] as const;

/**
 * x `[n, c, h, w]`, kernel `[c, k, 3, 3]` → `[n, k, 2h, 2w]`: x doubled, then convolved, zeros around, with the kernel turned
 * by 180° and its first two axes exchanged.
 */
export function resizeAndConvolve(x: Tensor, kernel: Tensor): Tensor {
  return convTranspose2d(x, spreadKernel(kernel), { stride: 2, padding: 1 });
}

/**
 * Repeating a pixel and then convolving gives each kernel cell to four places: the 4×4 kernel of a transposed convolution
 * of stride 2 and padding 1 is the sum of the 3×3 kernel's four shifts. 16 products a pixel instead of 36.
 */
function spreadKernel(kernel: Tensor): Tensor {
  return shifts
    .map(([down, across]) => pad(kernel, [0, 0, down, across], [0, 0, 1 - down, 1 - across]))
    .reduce((sum, shifted) => add(sum, shifted));
}
