/**
 * Blur pooling (Zhang 2019, Making Convolutional Networks Shift-Invariant Again): a map is blurred with the binomial filter
 * of three taps, mirrored at its border, before every other value is dropped.
 */
import { conv2d, reflectPad, reshape, type Tensor } from '../graph/index.js';

const taps = [1, 2, 1];
const filter = Float32Array.from(taps.flatMap(down => taps.map(across => (down * across) / 16)));

/** x `[n, c, h, w]`, all numbers, h and w ≥ 2 → `[n, c, ⌈h/2⌉, ⌈w/2⌉]`. */
export function blurPool(x: Tensor): Tensor {
  const [n, channels, height, width] = x.shape as readonly [number, number, number, number];
  const kernel = x.builder.constant(filter, [1, 1, taps.length, taps.length]);
  const planes = reflectPad(reshape(x, [n * channels, 1, height, width]), 1);
  const blurred = conv2d(planes, kernel, { stride: 2 });
  return reshape(blurred, [n, channels, ...blurred.shape.slice(2)]);
}
