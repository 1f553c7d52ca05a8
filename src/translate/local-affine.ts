/**
 * What a network did to a picture, as an affine map of colours for every pixel: the coefficients of the guided filter
 * with a colour guide, fitted at the picture's own size (He, Sun, Tang 2013; He & Sun 2015, "Fast Guided Filter"). Rows are
 * made when they are asked for, from top to bottom. Applied to the picture itself, the maps give the translation, but
 * for rounding: what no affine map of the neighbourhood explains, new patterns above all, is added to their offsets.
 */
import type { AnyPicture, Samples } from '../image/index.js';
import { type ByteScale, fitAffine, mapLength, momentCount, writeMoments } from './affine-map.js';
import { boxSumsOfRow, countInBox, RowWindow, sumOfRows } from './row-window.js';

type Pixels = Pick<AnyPicture, 'width' | 'height' | 'rgb'>;

/**
 * Neighbourhoods of 5 × 5. With 3 × 3, 9 pixels for 12 unknowns, maps follow chance and erase detail of the input; larger ones blend
 * different things. Seen on photographs at 144 pixels, and measured beside 3 × 3 and 9 × 9.
 */
const radius = 2;
/** 0.001 of the range of bytes, squared: below this variance a neighbourhood is taken for flat and follows the whole. */
const localRidge = 1e-3 * 255 ** 2;
/** Only decides where the whole picture leaves a colour open: a grey one says nothing of red against green. */
const wholeRidge = 1e-6 * 255 ** 2;
/** Both pictures are rounded to bytes, or to values of 16 bits: what differs by no more than this is no pattern. */
const roundingOf = (samples: Samples): number => (samples instanceof Uint16Array ? 1 / 257 : 1);

export class LocalAffine {
  readonly width: number;
  readonly height: number;
  readonly #before: ByteScale;
  readonly #after: ByteScale;
  readonly #rounding: number;
  readonly #prior: Float64Array;
  readonly #moments = new RowWindow(y => this.#momentsOf(y));
  readonly #fits = new RowWindow(y => this.#fitsOf(y));
  readonly #maps = new RowWindow(y => this.#mapsOf(y));

  /** @param after of the same size as `before` */
  constructor(before: Pixels, after: Pixels) {
    if (before.width !== after.width || before.height !== after.height)
      throw new RangeError(`${before.width} × ${before.height} became ${after.width} × ${after.height}`);
    this.width = before.width;
    this.height = before.height;
    this.#before = onByteScale(before.rgb);
    this.#after = onByteScale(after.rgb);
    this.#rounding = roundingOf(before.rgb);
    this.#prior = this.#fitWhole();
  }

  /** Row `y`: a map of 12 coefficients for each pixel, see `affine-map.ts`. Rows above `y - 3` are forgotten. */
  row(y: number): Float64Array {
    const row = this.#maps.row(y);
    this.#maps.dropAbove(y - 3);
    this.#fits.dropAbove(y - radius - 3);
    this.#moments.dropAbove(y - 2 * radius - 3);
    return row;
  }

  /** What neighbourhoods without any contrast do, and what others are drawn to: the matrix that fits all pixels best. */
  #fitWhole(): Float64Array {
    const sums = new Float64Array(momentCount);
    const one = new Float64Array(momentCount);
    const count = this.width * this.height;
    for (let p = 0; p < count; p++) {
      writeMoments(this.#before, this.#after, p * 3, one, 0);
      for (let i = 0; i < momentCount; i++) sums[i] = sums[i]! + one[i]!;
    }
    const unchanged = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
    const map = new Float64Array(mapLength);
    fitAffine(sums, { at: 0, count, ridge: wholeRidge, prior: unchanged }, map, 0);
    return map.filter((_, i) => i % 4 !== 3);
  }

  #momentsOf(y: number): Float64Array {
    const row = new Float64Array(this.width * momentCount);
    for (let x = 0; x < this.width; x++)
      writeMoments(this.#before, this.#after, (y * this.width + x) * 3, row, x * momentCount);
    return boxSumsOfRow(row, momentCount, radius);
  }

  /** The maps of the neighbourhoods around the pixels of a row, summed over columns. */
  #fitsOf(y: number): Float64Array {
    const { width, height } = this;
    const sums = new Float64Array(width * momentCount);
    sumOfRows(this.#moments, Math.max(0, y - radius), Math.min(height - 1, y + radius), sums);
    const rows = countInBox(y, radius, height);
    const maps = new Float64Array(width * mapLength);
    for (let x = 0; x < width; x++) {
      const count = rows * countInBox(x, radius, width);
      fitAffine(sums, { at: x * momentCount, count, ridge: localRidge, prior: this.#prior }, maps, x * mapLength);
    }
    return boxSumsOfRow(maps, mapLength, radius);
  }

  /** The mean of the maps of all neighbourhoods that a pixel lies in, and what they leave of the translation. */
  #mapsOf(y: number): Float64Array {
    const { width, height } = this;
    const maps = new Float64Array(width * mapLength);
    sumOfRows(this.#fits, Math.max(0, y - radius), Math.min(height - 1, y + radius), maps);
    const rows = countInBox(y, radius, height);
    for (let x = 0; x < width; x++) {
      const count = rows * countInBox(x, radius, width);
      for (let i = x * mapLength; i < (x + 1) * mapLength; i++) maps[i] = maps[i]! / count;
      this.#addRest(maps, x * mapLength, (y * width + x) * 3);
    }
    return maps;
  }

  #addRest(maps: Float64Array, at: number, pixel: number): void {
    const [r, g, b] = [this.#before[pixel]!, this.#before[pixel + 1]!, this.#before[pixel + 2]!];
    for (let o = 0, k = at; o < 3; o++, k += 4) {
      const explained = maps[k]! * r + maps[k + 1]! * g + maps[k + 2]! * b + maps[k + 3]!;
      const rest = this.#after[pixel + o]! - explained;
      maps[k + 3] = maps[k + 3]! + Math.sign(rest) * Math.max(0, Math.abs(rest) - this.#rounding);
    }
  }
}

function onByteScale(samples: Samples): ByteScale {
  return samples instanceof Uint16Array ? Float32Array.from(samples, value => value / 257) : samples;
}
