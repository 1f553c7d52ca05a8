/**
 * PatchNCE (Park et al. 2020, equation 3): what became of a patch must be told by its features as the one at its own place,
 * from among other patches of the same image. Where patches are compared is drawn anew in every step.
 */
import type { Random } from '../../base/index.js';
import { exp, log, matmul, mean, mul, reshape, scalar, sub, sum, type Tensor } from '../../graph/index.js';
import type { RandomFill } from './random-fill.js';

/** τ of the equation. */
const temperature = 0.07;
/** Rows and columns of the grid of patches that are compared: 256 patches, as in the paper, where a map is large enough. */
const gridSide = 16;

/**
 * The places of a map at which features are compared: drawn rows crossed with drawn columns, which picks them by two small
 * products instead of one with all places of the map. `[r, h]` and `[c, w]`, a single 1 in each row.
 */
export interface SampledGrid {
  readonly rows: Tensor;
  readonly columns: Tensor;
}

/** The same under the same name. */
export function sampleGrid(
  map: Tensor,
  name: string,
  randomInput: (name: string, shape: readonly number[], fill: RandomFill) => Tensor,
): SampledGrid {
  const [, , height, width] = map.shape as readonly [number, number, number, number];
  const lines = (of: string, size: number) =>
    randomInput(`${name}/${of}`, [Math.min(gridSide, size), size], fillLines(size));
  return { rows: lines('rows', height), columns: lines('columns', width) };
}

/**
 * Cross-entropy of finding each query's own key among those of its image, mean over the patches. Shape []. Rows have length 1,
 * so that products divided by τ stay below 15 and the exponentials need no care.
 * @param queries and `keys`: `[batch · patches, width]`
 */
export function patchContrast(queries: Tensor, keys: Tensor, batch: number): Tensor {
  const [rows, width] = queries.shape as readonly [number, number];
  const perImage = (x: Tensor) => reshape(x, [batch, rows / batch, width]);
  const similar = mul(matmul(perImage(queries), perImage(keys), { transposeB: true }), 1 / temperature);
  const own = mul(sum(mul(perImage(queries), perImage(keys)), [2]), 1 / temperature);
  return scalar(mean(sub(log(sum(exp(similar), [2])), own)));
}

/** Rows of zeros with a single 1 each, at different places, in rising order. */
function fillLines(size: number): RandomFill {
  return (random: Random, values: Float32Array) => {
    const places = random.shuffle(Array.from({ length: size }, (_, index) => index));
    const chosen = places.slice(0, values.length / size).sort((left, right) => left - right);
    chosen.forEach((place, row) => {
      values[row * size + place] = 1;
    });
  };
}
