/**
 * The numbers a translated tile is judged by: water/land confusion against the vector mask, and L1 of colours.
 * Plain arrays, no packages. What must stay true: counts are summed over all pixels of all tiles before dividing, so
 * that a tile of nothing but sea weighs as much as any other.
 */
import { isLand } from './palette.mjs';

/** Whether a satellite pixel (0..255 each) is land: it is not clearly bluer than it is red. */
export const isSatelliteLand = (r, _g, b) => b < r * 1.1 + 4;
/** Whether a map pixel is land: by the nearest colour of the palette. */
export const isMapLand = isLand;

/** Nothing counted yet. `land`/`water` are the truth; `hit` counts pixels called rightly. */
export const emptyCounts = () => ({ land: 0, landHit: 0, water: 0, waterHit: 0, absolute: 0, values: 0 });

/** Adds a tile's pixels: `image` and `truth` RGB bytes, `mask` one byte a pixel (255 land), `land(r, g, b)` the judge. */
export function countTile(counts, image, truth, mask, land) {
  for (let i = 0; i < mask.length; i++) {
    const called = land(image[i * 3], image[i * 3 + 1], image[i * 3 + 2]);
    if (mask[i] > 127) {
      counts.land++;
      if (called) counts.landHit++;
    } else {
      counts.water++;
      if (!called) counts.waterHit++;
    }
  }
  for (let i = 0; i < image.length; i++) counts.absolute += Math.abs(image[i] - truth[i]);
  counts.values += image.length;
  return counts;
}

const share = (part, whole) => (whole === 0 ? null : Math.round((part / whole) * 10_000) / 10_000);

/** Accuracy, intersection over union of each kind (null where there is nothing of it), and L1 in 0..1. */
export function score(counts) {
  const { land, landHit, water, waterHit } = counts;
  return {
    accuracy: share(landHit + waterHit, land + water),
    iouWater: share(waterHit, water + (land - landHit)),
    iouLand: share(landHit, land + (water - waterHit)),
    l1: share(counts.absolute / 255, counts.values),
  };
}

/** 'sea', 'land' or 'both': what a tile shows; less than a hundredth of the other kind does not count. */
export function kindOf(mask) {
  let land = 0;
  for (const v of mask) land += v > 127 ? 1 : 0;
  if (land < mask.length / 100) return 'sea';
  return land > mask.length * 0.99 ? 'land' : 'both';
}
