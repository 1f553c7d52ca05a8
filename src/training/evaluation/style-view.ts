/**
 * What the style classifier sees of an image: 64 × 64 pixels out of a thumbnail of 96. While it is fitted the view is a
 * different crop each time, mirrored by chance, with slightly other colours and some noise, so that it learns what the
 * domains look like and not how their files were made; when it judges, the view is the whole thumbnail. Both take the same
 * way, so that how something was scaled gives nothing away.
 */
import type { Random } from '../../base/index.js';
import { toByte, toByteScale, toUnitRange } from '../../image/index.js';
import { downscaleImage } from './downscale.js';
import type { Planes } from './planes.js';
import { styleSide } from './style-network.js';

/** Red, green and blue planes of at most 96 × 96 bytes: thousands are kept at a time. */
export interface Thumbnail {
  readonly side: number;
  readonly bytes: Uint8Array;
}

const thumbnailSide = 96;

/** Smallest part of the thumbnail's side that a crop shows. */
const smallestCrop = 0.7;
/** Most that brightness, contrast and each channel change by, and the noise's largest deviation; of a range of 2. */
const colourChange = 0.05;
const noise = 0.03;

interface View {
  /** Left and upper end and length of the square that is shown, in the thumbnail's pixels. */
  readonly left: number;
  readonly top: number;
  readonly length: number;
  readonly isMirrored: boolean;
}

/** Of a square image. */
export function thumbnailOf(image: Planes): Thumbnail {
  const side = Math.min(thumbnailSide, image.width);
  const { data } = downscaleImage(image, side, side);
  return { side, bytes: Uint8Array.from(data, value => toByte(toByteScale(value))) };
}

/** The whole, into `to` from `at` on: `3 * 64 * 64` values. */
export function writeWholeView(thumbnail: Thumbnail, isMirrored: boolean, to: Float32Array, at: number): void {
  const view = { left: 0, top: 0, length: thumbnail.side, isMirrored };
  for (let channel = 0; channel < 3; channel++) writeChannel(thumbnail, view, channel, to, at);
}

/** A view by chance, likewise. @param grain normal numbers, as `grainOf` makes them */
export function writeRandomView(
  thumbnail: Thumbnail,
  random: Random,
  grain: Float32Array,
  to: Float32Array,
  at: number,
): void {
  const length = thumbnail.side * (smallestCrop + (1 - smallestCrop) * random.uniform());
  const room = thumbnail.side - length;
  const [left, top] = [room * random.uniform(), room * random.uniform()];
  const view = { left, top, length, isMirrored: random.uniform() < 0.5 };
  const change = () => colourChange * (2 * random.uniform() - 1);
  const [contrast, brightness, grainSize] = [1 + change(), change(), noise * random.uniform()];
  let grainAt = random.integer(grain.length);
  for (let channel = 0; channel < 3; channel++) {
    const start = writeChannel(thumbnail, view, channel, to, at);
    const shift = brightness + change() / 2;
    for (let i = start; i < start + styleSide ** 2; i++) {
      to[i] = to[i]! * contrast + shift + grainSize * grain[grainAt]!;
      grainAt = grainAt + 1 === grain.length ? 0 : grainAt + 1;
    }
  }
}

/** Noise to be cut from at random places: drawing it anew for every image would take longer than fitting. */
export function noiseOf(random: Random): Float32Array {
  return Float32Array.from({ length: 65_537 }, () => random.normal());
}

/** Bilinear. @returns where the channel begins in `to` */
function writeChannel({ side, bytes }: Thumbnail, view: View, channel: number, to: Float32Array, at: number): number {
  const step = view.length / styleSide;
  const start = at + channel * styleSide ** 2;
  const place = (begin: number, i: number) => Math.min(side - 1.001, Math.max(0, begin + (i + 0.5) * step - 0.5));
  for (let y = 0; y < styleSide; y++) {
    const fromY = place(view.top, y);
    const row = (channel * side + Math.floor(fromY)) * side;
    const lower = fromY - Math.floor(fromY);
    for (let x = 0; x < styleSide; x++) {
      const fromX = place(view.left, view.isMirrored ? styleSide - 1 - x : x);
      const from = row + Math.floor(fromX);
      const right = fromX - Math.floor(fromX);
      const upperValue = bytes[from]! * (1 - right) + bytes[from + 1]! * right;
      const lowerValue = bytes[from + side]! * (1 - right) + bytes[from + side + 1]! * right;
      to[start + y * styleSide + x] = toUnitRange(upperValue * (1 - lower) + lowerValue * lower);
    }
  }
  return start;
}
