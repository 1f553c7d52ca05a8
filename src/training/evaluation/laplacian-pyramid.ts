/**
 * An image as differences between sharper and blurrier versions of itself (Burt and Adelson 1983), with the filters that
 * Karras et al. 2018 use for their distance: binomial, 5 × 5, borders mirrored. The last level is what is left: a small,
 * blurred image.
 */
import type { Plane, Planes } from './planes.js';

const smallestSide = 16;

/** Sides of the levels of a square image: halved while they are even and stay at least 16. */
export function pyramidSides(side: number): readonly number[] {
  return side % 2 === 0 && side / 2 >= smallestSide ? [side, ...pyramidSides(side / 2)] : [side];
}

/** Finest level first; as many levels as `pyramidSides` says. A square image. */
export function laplacianPyramid({ width: side, data }: Planes): readonly Planes[] {
  const area = side * side;
  const channels = [0, 1, 2].map(channel => ({
    width: side,
    height: side,
    data: data.subarray(channel * area, (channel + 1) * area),
  }));
  const levels = channels.map(levelsOf);
  return levels[0]!.map((_, level) => joined(levels.map(channel => channel[level]!)));
}

function levelsOf(plane: Plane): readonly Plane[] {
  if (pyramidSides(plane.width).length === 1) return [plane];
  const small = halved(plane);
  const blurred = doubled(small);
  const detail = plane.data.map((value, at) => value - blurred.data[at]!);
  return [{ ...plane, data: detail }, ...levelsOf(small)];
}

function joined(planes: readonly Plane[]): Planes {
  const { width, height } = planes[0]!;
  const data = new Float32Array(3 * width * height);
  for (const [channel, plane] of planes.entries()) data.set(plane.data, channel * width * height);
  return { width, height, data };
}

/** Blurred, then every other pixel. */
function halved(plane: Plane): Plane {
  return blurred(plane, 2);
}

/** Zeros between the pixels, then blurred, with values that make up for them: twice as many in each direction. */
function doubled({ width, height, data }: Plane): Plane {
  const sparse = new Float32Array(4 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) sparse[4 * y * width + 2 * x] = 4 * data[y * width + x]!;
  }
  return blurred({ width: 2 * width, height: 2 * height, data: sparse }, 1);
}

/** Every `step`th pixel of every `step`th row of the blurred plane. */
function blurred({ width, height, data }: Plane, step: 1 | 2): Plane {
  const [w, h] = [width / step, height / step];
  const [columns, rows] = [tapsOf(width, step), tapsOf(height, step)];
  const narrow = new Float32Array(w * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < w; x++) narrow[y * w + x] = weighted(data, columns, 5 * x, y * width, 1);
  }
  const result = new Float32Array(w * h);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) result[y * w + x] = weighted(narrow, rows, 5 * y, x, w);
  }
  return { width: w, height: h, data: result };
}

function weighted(data: Float32Array, taps: Int32Array, first: number, start: number, stride: number): number {
  const outer = data[start + taps[first]! * stride]! + data[start + taps[first + 4]! * stride]!;
  const inner = data[start + taps[first + 1]! * stride]! + data[start + taps[first + 3]! * stride]!;
  return (outer + 4 * inner + 6 * data[start + taps[first + 2]! * stride]!) / 16;
}

/** Five places around every `step`th of a line, mirrored at its ends without repeating the first and the last. */
function tapsOf(length: number, step: 1 | 2): Int32Array {
  return Int32Array.from({ length: (5 * length) / step }, (_, at) => {
    const place = Math.abs(Math.floor(at / 5) * step + (at % 5) - 2);
    return place < length ? place : 2 * (length - 1) - place;
  });
}
