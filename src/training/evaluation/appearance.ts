/**
 * Simple facts about a set of translations that give away how a training goes wrong: whether they still differ from each
 * other, whether light has become dark, whether anything has changed at all, whether they have run into white or black.
 */
import { correlationOf } from './correlation.js';
import { downscaleImage, downscalePlane } from './downscale.js';
import { differenceOf, luminanceOf, type Planes } from './planes.js';

const smallSide = 16;

/** Mean difference of two images of a set at 16 × 16 pixels, over all pairs; 0 when all are alike, or for one image. */
export function varietyOf(images: readonly Planes[]): number {
  const small = images.map(image => downscaleImage(image, smallSide, smallSide));
  let [sum, pairs] = [0, 0];
  for (const [index, image] of small.entries()) {
    for (const other of small.slice(index + 1)) {
      sum += differenceOf(image, other);
      pairs++;
    }
  }
  return pairs === 0 ? 0 : sum / pairs;
}

/** Correlation of luminance at 16 × 16 pixels, in [-1, 1]: below 0 where what was light is dark now. */
export function lightCorrelation(before: Planes, after: Planes): number {
  const [x, y] = [before, after].map(image => downscalePlane(luminanceOf(image), smallSide, smallSide).data);
  return correlationOf(x!, y!);
}

/** Share of values at the very end of their range, where all detail is lost. */
export function clippedShare(images: readonly Planes[]): number {
  let [clipped, count] = [0, 0];
  for (const { data } of images) {
    for (const value of data) if (Math.abs(value) > 0.995) clipped++;
    count += data.length;
  }
  return clipped / count;
}
