/**
 * An image as three planes of floats: what everything in this folder measures. Not a tensor of a batch and not a picture
 * of bytes, but one step from either. What a model made is rounded to bytes first, since that is what a user gets.
 */
import type { TensorData } from '../../engine/index.js';
import { type Picture, toByte, toByteScale, toUnitRange } from '../../image/index.js';

export interface Planes {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue, each row by row; `3 * width * height` values in [-1, 1]. */
  readonly data: Float32Array;
}

/** One channel, row by row. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

export function planesOf({ width, height, rgb }: Pick<Picture, 'width' | 'height' | 'rgb'>): Planes {
  const area = width * height;
  const data = new Float32Array(3 * area);
  for (let at = 0; at < area; at++) {
    data[at] = toUnitRange(rgb[3 * at]!);
    data[at + area] = toUnitRange(rgb[3 * at + 1]!);
    data[at + 2 * area] = toUnitRange(rgb[3 * at + 2]!);
  }
  return { width, height, data };
}

/** Values are rounded to the nearest byte, after what lies outside of [-1, 1] has been cut off. */
export function pictureOf({ width, height, data }: Planes): Picture {
  const area = width * height;
  const rgb = new Uint8Array(3 * area);
  for (let at = 0; at < 3 * area; at++) rgb[3 * (at % area) + Math.floor(at / area)] = toByte(toByteScale(data[at]!));
  return { width, height, rgb, format: 'png' };
}

/** The image as a file would keep it, on 256 levels. Values that are no numbers become mid grey. */
export function asStored({ width, height, data }: Planes): Planes {
  const stored = data.map(value => (Number.isNaN(value) ? 0 : toUnitRange(toByte(toByteScale(value)))));
  return { width, height, data: stored };
}

export function isFiniteImage({ data }: Planes): boolean {
  return data.every(Number.isFinite);
}

/** Rec. 601's weights, on the scale of bytes: [0, 255]. */
export function luminanceOf({ width, height, data }: Planes): Plane {
  const area = width * height;
  const luminance = new Float32Array(area);
  for (let at = 0; at < area; at++) {
    luminance[at] = toByteScale(0.299 * data[at]! + 0.587 * data[at + area]! + 0.114 * data[at + 2 * area]!);
  }
  return { width, height, data: luminance };
}

/** Left and right exchanged. */
export function mirrored({ width, height, data }: Planes): Planes {
  const flipped = new Float32Array(data.length);
  for (let row = 0; row < data.length; row += width) {
    for (let x = 0; x < width; x++) flipped[row + x] = data[row + width - 1 - x]!;
  }
  return { width, height, data: flipped };
}

/** Mean absolute difference of two images of one size, as a share of the whole range: 0 equal, 1 black against white. */
export function differenceOf(a: Planes, b: Planes): number {
  let sum = 0;
  for (let at = 0; at < a.data.length; at++) sum += Math.abs(a.data[at]! - b.data[at]!);
  return sum / (2 * a.data.length);
}

/** `[n, 3, height, width]` of images of one size. */
export function tensorOf(images: readonly Planes[]): TensorData {
  const { width, height } = images[0]!;
  const length = 3 * width * height;
  const data = new Float32Array(images.length * length);
  for (const [index, image] of images.entries()) data.set(image.data, index * length);
  return { shape: [images.length, 3, height, width], data };
}

/** Image `index` of `[n, 3, height, width]`. */
export function imageOf({ shape, data }: TensorData, index = 0): Planes {
  const [, channels = 3, height = 0, width = 0] = shape;
  const length = channels * height * width;
  return { width, height, data: data.subarray(index * length, (index + 1) * length) };
}
