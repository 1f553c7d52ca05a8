/**
 * SSIM of luminance (Wang, Bovik, Sheikh and Simoncelli 2004): local means, contrasts and correlations in a Gaussian
 * window of 11 × 11 pixels, σ = 1.5, K₁ = 0.01, K₂ = 0.03, averaged over all places where the window fits.
 */
import { luminanceOf, type Plane, type Planes } from './planes.js';

const reach = 5;
const sigma = 1.5;
const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];

const window = normalised(
  Array.from({ length: 2 * reach + 1 }, (_, i) => Math.exp(-((i - reach) ** 2) / (2 * sigma ** 2))),
);

/** Images of one size, at least 11 pixels to a side. 1 for equal images; negative where they contradict each other. */
export function structuralSimilarity(a: Planes, b: Planes): number {
  const [x, y] = [luminanceOf(a), luminanceOf(b)];
  const [meanX, meanY] = [blurred(x), blurred(y)];
  const [xx, yy, xy] = [blurred(product(x, x)), blurred(product(y, y)), blurred(product(x, y))];
  let sum = 0;
  for (let i = 0; i < meanX.length; i++) sum += similarityAt(meanX[i]!, meanY[i]!, xx[i]!, yy[i]!, xy[i]!);
  return sum / meanX.length;
}

/** Equation 13 of the paper, from local means of x, y, x², y² and xy. */
function similarityAt(mx: number, my: number, xx: number, yy: number, xy: number): number {
  const [vx, vy, vxy] = [xx - mx * mx, yy - my * my, xy - mx * my];
  return ((2 * mx * my + c1) * (2 * vxy + c2)) / ((mx * mx + my * my + c1) * (vx + vy + c2));
}

function product(a: Plane, b: Plane): Plane {
  return { width: a.width, height: a.height, data: a.data.map((value, i) => value * b.data[i]!) };
}

/** Where the window fits: `(width - 10) * (height - 10)` values, in double precision for the variances' sake. */
function blurred({ width, height, data }: Plane): Float64Array {
  const inner = width - 2 * reach;
  const rows = new Float64Array(inner * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < inner; x++) rows[y * inner + x] = windowed(data, y * width + x, 1);
  }
  const result = new Float64Array(inner * (height - 2 * reach));
  for (let at = 0; at < result.length; at++) result[at] = windowed(rows, at, inner);
  return result;
}

function windowed(data: ArrayLike<number>, start: number, step: number): number {
  let sum = 0;
  for (let i = 0; i < window.length; i++) sum += window[i]! * data[start + i * step]!;
  return sum;
}

function normalised(values: readonly number[]): Float64Array {
  const sum = values.reduce((total, value) => total + value, 0);
  return Float64Array.from(values, value => value / sum);
}
