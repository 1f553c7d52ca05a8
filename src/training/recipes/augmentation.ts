/**
 * Differentiable augmentation (Zhao et al. 2020): a discriminator sees every image, real or made, changed by chance, so that
 * it cannot learn a small folder by heart; since the changes are differentiable and never applied to what a generator puts
 * out, they do not leak into translations. Strengths are the authors'.
 */
import type { Random } from '../../base/index.js';
import { add, broadcast, concat, matmul, mean, mul, slice, sub, type Tensor } from '../../graph/index.js';
import type { RandomFill } from './random-fill.js';

/** `color`: brightness, saturation, contrast. `translation`: up to an eighth, grey around. `cutout`: a square of half the side, grey. */
export const augmentations = ['color', 'translation', 'cutout'] as const;
export type Augmentation = (typeof augmentations)[number];

type CreateRandomInput = (name: string, shape: readonly number[], fill: RandomFill) => Tensor;

const largestShift = 1 / 8;
const cutoutSide = 1 / 2;

/**
 * x `[n, c, h, w]` in [-1, 1] as a discriminator is to see it; each of the n by draws of its own. Images that lie one behind the
 * other in the channels are seen together, and are changed alike.
 * @param channels of one image; c is a multiple
 */
export function augment(x: Tensor, kinds: readonly Augmentation[], channels: number, drawn: CreateRandomInput): Tensor {
  const colour = (value: Tensor) =>
    concat(
      imagesIn(value, channels).map(image => changeColour(image, drawn)),
      1,
    );
  const changes = { color: colour, translation: shift, cutout: cutOut } as const;
  return augmentations.filter(kind => kinds.includes(kind)).reduce((value, kind) => changes[kind](value, drawn), x);
}

function imagesIn(x: Tensor, channels: number): Tensor[] {
  const [n, c, h, w] = sizesOf(x);
  return Array.from({ length: c / channels }, (_, index) =>
    slice(x, [0, index * channels, 0, 0], [n, (index + 1) * channels, h, w]),
  );
}

function changeColour(x: Tensor, drawn: CreateRandomInput): Tensor {
  const [n] = sizesOf(x);
  const uniform = (name: string) => drawn(name, [n, 1, 1, 1], fillUniform);
  const brighter = add(x, sub(uniform('brightness'), 0.5));
  const grey = mean(brighter, [1]);
  const saturated = add(grey, mul(sub(brighter, grey), mul(uniform('saturation'), 2)));
  const level = mean(saturated, [1, 2, 3]);
  return add(level, mul(sub(saturated, level), add(uniform('contrast'), 0.5)));
}

/** Rows and columns are picked by products with matrices of zeros and ones. */
function shift(x: Tensor, drawn: CreateRandomInput): Tensor {
  const [n, c, h, w] = sizesOf(x);
  const rows = drawn('shift-rows', [n, 1, h, h], fillShifts(h));
  const columns = drawn('shift-columns', [n, 1, w, w], fillShifts(w));
  const moved = matmul(broadcast(rows, [n, c, h, h]), x);
  return matmul(moved, broadcast(columns, [n, c, w, w]), { transposeB: true });
}

function cutOut(x: Tensor, drawn: CreateRandomInput): Tensor {
  const [n, , h, w] = sizesOf(x);
  return mul(x, drawn('cutout', [n, 1, h, w], fillCutouts(h, w)));
}

function fillUniform(random: Random, values: Float32Array): void {
  for (let index = 0; index < values.length; index++) values[index] = random.uniform();
}

/** For each image a matrix that moves all lines by the same number, drawn anew. */
function fillShifts(size: number): RandomFill {
  const most = Math.round(size * largestShift);
  return (random, values) => {
    for (let start = 0; start < values.length; start += size * size) {
      const by = random.integer(2 * most + 1) - most;
      for (let line = 0; line < size; line++) {
        const from = line + by;
        if (from >= 0 && from < size) values[start + line * size + from] = 1;
      }
    }
  };
}

/** For each image ones, but for a rectangle of zeros whose middle is anywhere. */
function fillCutouts(h: number, w: number): RandomFill {
  const [tall, wide] = [Math.round(h * cutoutSide), Math.round(w * cutoutSide)];
  return (random, values) => {
    values.fill(1);
    for (let start = 0; start < values.length; start += h * w) {
      const [top, left] = [randomStart(random, h, tall), randomStart(random, w, wide)];
      for (let y = Math.max(0, top); y < Math.min(h, top + tall); y++) {
        values.fill(0, start + y * w + Math.max(0, left), start + y * w + Math.min(w, left + wide));
      }
    }
  };
}

/** Where a cut of that many lines begins, perhaps before the first of `size` lines: the same chance at either end. */
function randomStart(random: Random, size: number, cut: number): number {
  return random.integer(size + 1 - (cut % 2)) - (cut >> 1);
}

function sizesOf(x: Tensor): readonly [number, number, number, number] {
  return x.shape as readonly [number, number, number, number];
}
