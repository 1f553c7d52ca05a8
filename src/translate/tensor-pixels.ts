/**
 * Pixels to tensors and back. A region of a picture becomes [1, 3, h, w] float32 in [-1, 1] (byte b ↦ b/127.5 - 1),
 * continued by reflection at its right and lower edge up to the size that the network can take. The way back undoes
 * exactly that: an identity network returns every byte unchanged.
 */
import { type Picture, toUnitRange } from '../image/index.js';

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

/** [1, 3, h, w] of the region, where h and w are its sides made allowed by `rule`. */
export function regionToTensor(
  picture: Pick<Picture, 'rgb' | 'width'>,
  region: Region,
  rule: SizeRule,
): { shape: readonly [number, number, number, number]; data: Float32Array } {
  const height = allowedLength(region.height, rule);
  const width = allowedLength(region.width, rule);
  const columns = Int32Array.from({ length: width }, (_, i) => (region.x + reflected(i, region.width)) * 3);
  const data = new Float32Array(3 * height * width);
  const plane = height * width;
  for (let y = 0; y < height; y++) {
    const row = (region.y + reflected(y, region.height)) * picture.width * 3;
    for (let x = 0, to = y * width; x < width; x++, to++) {
      const from = row + columns[x]!;
      data[to] = toUnitRange(picture.rgb[from]!);
      data[to + plane] = toUnitRange(picture.rgb[from + 1]!);
      data[to + 2 * plane] = toUnitRange(picture.rgb[from + 2]!);
    }
  }
  return { shape: [1, 3, height, width], data };
}

/** Index `i` of a row of `length` pixels that is mirrored at its ends, again and again, without repeating the ends. */
function reflected(i: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const at = i % period;
  return at < length ? at : period - at;
}
