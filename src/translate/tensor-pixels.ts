/**
 * Pixels to tensors and back. Regions of a picture become [n, 3, h, w] float32 in [-1, 1] (byte b ↦ b/127.5 - 1,
 * a value v of 16 bits ↦ v/32767.5 - 1), continued by reflection at their right and lower edge up to the size that the network can take. The way back undoes
 * exactly that: an identity network returns every value unchanged.
 */
import type { PixelBytes } from '../engine/index.js';
import { type AnyPicture, whiteOf } from '../image/index.js';
import type { FixedSizes } from '../onnx/index.js';

/** A rectangle of a picture, in pixels. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What sizes a network takes. */
export interface SizeRule {
  /** Height and width must be multiples of this. */
  readonly multiple: number;
  /** No side may be shorter: reflection paddings inside the network need pixels to reflect. */
  readonly minimum: number;
}

/** The shortest side not below `length` that the rule allows. */
export function allowedLength(length: number, { multiple, minimum }: SizeRule): number {
  return Math.ceil(Math.max(length, minimum) / multiple) * multiple;
}

/** The sides that the network sees of something of that size: its own where it insists, else allowed by `rule`. */
export function sidesFor(
  { width, height }: { readonly width: number; readonly height: number },
  rule: SizeRule,
  fixed: Pick<FixedSizes, 'width' | 'height'>,
): { readonly width: number; readonly height: number } {
  return { width: fixed.width ?? allowedLength(width, rule), height: fixed.height ?? allowedLength(height, rule) };
}

/** As many regions as the network insists on: what comes of the copies is not looked at. */
export function filled(regions: readonly Region[], batch: number | undefined): readonly Region[] {
  const missing = Math.max(0, (batch ?? 0) - regions.length);
  return [...regions, ...new Array<Region>(missing).fill(regions[0]!)];
}

/** [n, 3, height, width] of values in [-1, 1]. */
export interface UnitTensor {
  readonly shape: readonly [number, number, number, number];
  readonly data: Float32Array;
}

/** [n, 3, height, width] of n regions of one size, continued to the given sides. */
export function regionsToTensor(
  picture: Pick<AnyPicture, 'rgb' | 'width'>,
  regions: readonly Region[],
  { width, height }: { readonly width: number; readonly height: number },
): UnitTensor {
  const length = 3 * height * width;
  const data = new Float32Array(regions.length * length);
  for (const [i, region] of regions.entries()) {
    fillRegion(picture, region, { width, height, data: data.subarray(i * length, (i + 1) * length) });
  }
  return { shape: [regions.length, 3, height, width], data };
}

/** The bytes of a whole picture, continued to the given sides: the picture's own where they are its sides. */
export function continuedBytes(
  { rgb, width, height }: PixelBytes,
  sides: { readonly width: number; readonly height: number },
): PixelBytes {
  if (sides.width === width && sides.height === height) return { rgb, width, height };
  const continued = new Uint8Array(sides.width * sides.height * 3);
  const inside = Math.min(sides.width, width) * 3;
  for (let y = 0; y < sides.height; y++) {
    const row = reflected(y, height) * width * 3;
    const to = y * sides.width * 3;
    continued.set(rgb.subarray(row, row + inside), to);
    for (let x = width; x < sides.width; x++) {
      const from = row + reflected(x, width) * 3;
      continued.set(rgb.subarray(from, from + 3), to + x * 3);
    }
  }
  return { ...sides, rgb: continued };
}

/** The upper left of a picture's bytes: themselves where that is all of them. */
export function croppedBytes(
  { rgb, width, height }: PixelBytes,
  sides: { readonly width: number; readonly height: number },
): Uint8Array {
  if (sides.width === width && sides.height === height) return rgb;
  const cropped = new Uint8Array(sides.width * sides.height * 3);
  for (let y = 0; y < sides.height; y++) {
    const row = y * width * 3;
    cropped.set(rgb.subarray(row, row + sides.width * 3), y * sides.width * 3);
  }
  return cropped;
}

function fillRegion(
  picture: Pick<AnyPicture, 'rgb' | 'width'>,
  region: Region,
  { width, height, data }: { readonly width: number; readonly height: number; readonly data: Float32Array },
): void {
  const columns = Int32Array.from({ length: width }, (_, i) => (region.x + reflected(i, region.width)) * 3);
  const plane = height * width;
  const { rgb } = picture;
  const unit = unitsOf(whiteOf(rgb));
  for (let y = 0; y < height; y++) {
    const row = (region.y + reflected(y, region.height)) * picture.width * 3;
    for (let x = 0, to = y * width; x < width; x++, to++) {
      const from = row + columns[x]!;
      data[to] = unit[rgb[from]!]!;
      data[to + plane] = unit[rgb[from + 1]!]!;
      data[to + 2 * plane] = unit[rgb[from + 2]!]!;
    }
  }
}

const units = new Map<number, Float32Array>();

/** What each value up to white becomes. Looked up, it takes a third of the time of a division. */
function unitsOf(white: number): Float32Array {
  const known = units.get(white) ?? Float32Array.from({ length: white + 1 }, (_, value) => value / (white / 2) - 1);
  units.set(white, known);
  return known;
}

/** Index `i` of a row of `length` pixels that is mirrored at its ends, again and again, without repeating the ends. */
export function reflected(i: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const at = i % period;
  return at < length ? at : period - at;
}
