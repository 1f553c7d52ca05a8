/**
 * The sliced Wasserstein distance between patches of two sets of images, on every level of their Laplacian pyramids
 * (Karras, Aila, Laine and Lehtinen 2018, section 5): patches of 7 × 7 pixels, each channel brought to mean 0 and
 * deviation 1 over the set, projected onto random directions, sorted, and compared; times 1000. Fine levels see texture
 * and sharpness, coarse ones the arrangement. Mean colours drop out by definition.
 *
 * The paper takes 128 patches of each of 16384 images. Of fewer images the distance of equal sets is above 0: quote it
 * beside that of two halves of the target.
 */
import { Random } from '../../base/index.js';
import { laplacianPyramid, pyramidSides } from './laplacian-pyramid.js';
import type { Planes } from './planes.js';

export interface SlicedWasserstein {
  /** The levels' mean. */
  readonly mean: number;
  /** Finest first. */
  readonly levels: readonly { readonly side: number; readonly distance: number }[];
}

const patch = 7;
const patchLength = 3 * patch * patch;
const directionCount = 128;
const mostPatches = 8192;
const patchesPerImage = 64;

/** A set of images, ready to be compared: what is left of it are its patches' sorted projections. */
export interface ProjectedSet {
  /** Finest first; `directionCount` sorted rows of one value per patch. */
  readonly levels: readonly { readonly side: number; readonly rows: readonly Float32Array[] }[];
}

/** How many patches to take of sets of so many images: the smallest counts. */
export function patchCount(...images: readonly number[]): number {
  return Math.min(mostPatches, patchesPerImage * Math.min(...images));
}

/** Square images of one size. The same seed takes patches at the same places and looks in the same directions. */
export function projectedSet(images: readonly Planes[], count: number, seed: number): ProjectedSet {
  const sides = pyramidSides(images[0]!.width);
  const patches = patchesOf(images, count, new Random(seed));
  const random = new Random(seed + 1);
  const levels = sides.map((side, level) => {
    const normalised = normalise(patches[level]!, count);
    const rows = Array.from({ length: directionCount }, () => projected(normalised, unitVector(random), count).sort());
    return { side, rows };
  });
  return { levels };
}

/** Sets of as many patches, of images of one size, projected with the same seed. */
export function slicedWasserstein(a: ProjectedSet, b: ProjectedSet): SlicedWasserstein {
  const levels = a.levels.map(({ side, rows }, level) => {
    const distances = rows.map((row, direction) => meanGap(row, b.levels[level]!.rows[direction]!));
    return { side, distance: (1000 * distances.reduce((sum, gap) => sum + gap, 0)) / directionCount };
  });
  return { mean: levels.reduce((sum, level) => sum + level.distance, 0) / levels.length, levels };
}

/** For each level, `count` rows of `patchLength` values: in turn from one image after the other. */
function patchesOf(images: readonly Planes[], count: number, random: Random): readonly Float32Array[] {
  const levels = pyramidSides(images[0]!.width).map(() => new Float32Array(count * patchLength));
  for (const [index, image] of images.entries()) {
    for (const [level, planes] of laplacianPyramid(image).entries()) {
      for (let at = index; at < count; at += images.length) copyPatch(planes, random, levels[level]!, at * patchLength);
    }
  }
  return levels;
}

function copyPatch({ width, height, data }: Planes, random: Random, to: Float32Array, start: number): void {
  const [left, top] = [random.integer(width - patch + 1), random.integer(height - patch + 1)];
  let at = start;
  for (let channel = 0; channel < 3; channel++) {
    for (let y = 0; y < patch; y++) {
      const from = (channel * height + top + y) * width + left;
      to.set(data.subarray(from, from + patch), at);
      at += patch;
    }
  }
}

/** Each channel's values to mean 0 and standard deviation 1 over all patches, in place. */
function normalise(patches: Float32Array, count: number): Float32Array {
  const area = patch * patch;
  for (let channel = 0; channel < 3; channel++) {
    let [sum, squares] = [0, 0];
    eachOf(channel, value => {
      sum += value;
      squares += value * value;
      return value;
    });
    const mean = sum / (count * area);
    const deviation = Math.sqrt(Math.max(squares / (count * area) - mean * mean, 1e-12));
    eachOf(channel, value => (value - mean) / deviation);
  }
  return patches;

  function eachOf(channel: number, change: (value: number) => number): void {
    for (let row = 0; row < count; row++) {
      const start = row * patchLength + channel * area;
      for (let at = start; at < start + area; at++) patches[at] = change(patches[at]!);
    }
  }
}

/** The Wasserstein distance of two sets of as many numbers, both sorted. */
function meanGap(x: Float32Array, y: Float32Array): number {
  let sum = 0;
  for (let at = 0; at < x.length; at++) sum += Math.abs(x[at]! - y[at]!);
  return sum / x.length;
}

function unitVector(random: Random): Float32Array {
  const vector = Float32Array.from({ length: patchLength }, () => random.normal());
  const length = Math.hypot(...vector);
  return vector.map(value => value / length);
}

function projected(patches: Float32Array, direction: Float32Array, count: number): Float32Array {
  const values = new Float32Array(count);
  for (let row = 0, start = 0; row < count; row++, start += patchLength) {
    let sum = 0;
    for (let i = 0; i < patchLength; i++) sum += patches[start + i]! * direction[i]!;
    values[row] = sum;
  }
  return values;
}
