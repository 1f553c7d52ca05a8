/**
 * Making images smaller by averaging over areas. Every image that is compared goes through this and nothing else, so that
 * no measure can tell two sets of images apart by how they were scaled. Never makes anything larger.
 */
import type { Plane, Planes } from './planes.js';

/** Which cells of a line a shorter line's cell covers, and how much of each. */
interface Window {
  readonly first: number;
  readonly weights: readonly number[];
}

/** @param width at most the image's; likewise `height` */
export function downscaleImage(
  { width: fromWidth, height: fromHeight, data }: Planes,
  width: number,
  height: number,
): Planes {
  if (width === fromWidth && height === fromHeight) return { width, height, data };
  const [from, to] = [fromWidth * fromHeight, width * height];
  const small = new Float32Array(3 * to);
  for (let channel = 0; channel < 3; channel++) {
    const plane = { width: fromWidth, height: fromHeight, data: data.subarray(channel * from, (channel + 1) * from) };
    small.set(downscalePlane(plane, width, height).data, channel * to);
  }
  return { width, height, data: small };
}

export function downscalePlane(
  { width: fromWidth, height: fromHeight, data }: Plane,
  width: number,
  height: number,
): Plane {
  const columns = windowsOf(fromWidth, width);
  const rows = windowsOf(fromHeight, height);
  const narrow = new Float32Array(width * fromHeight);
  for (let y = 0; y < fromHeight; y++) {
    for (let x = 0; x < width; x++) narrow[y * width + x] = weighted(data, columns[x]!, y * fromWidth, 1);
  }
  const small = new Float32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) small[y * width + x] = weighted(narrow, rows[y]!, x, width);
  }
  return { width, height, data: small };
}

function weighted(data: Float32Array, { first, weights }: Window, start: number, step: number): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += weights[i]! * data[start + (first + i) * step]!;
  return sum;
}

function windowsOf(from: number, to: number): readonly Window[] {
  const scale = from / to;
  return Array.from({ length: to }, (_, cell) => {
    const [begin, end] = [cell * scale, (cell + 1) * scale];
    const first = Math.floor(begin);
    const count = Math.max(1, Math.ceil(end - 1e-9) - first);
    const covered = (at: number) => Math.min(end, first + at + 1) - Math.max(begin, first + at);
    return { first, weights: Array.from({ length: count }, (_, at) => covered(at) / scale) };
  });
}
