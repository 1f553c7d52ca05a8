/**
 * Rows of pixels to regions of a network's input and back, for pictures that are taken in parts: as `tensor-pixels.ts` has it for
 * whole ones, reflection at the right and lower edge included. Rows come from memory or from a file.
 */
import { CycleboxError } from '../base/index.js';
import type { Region } from '../graph/index.js';
import { type AnyPicture, type Samples, samplesLike, toByteScale, toSample, whiteOf } from '../image/index.js';
import type { PlaneSize, TiledImage } from '../tiling/index.js';
import { reflected } from './tensor-pixels.js';

/** Interleaved red, green, blue. */
export interface RowSource {
  readonly width: number;
  readonly height: number;
  /** `(to - from) · width · 3` values; the caller changes nothing in them. */
  readonly rows: (from: number, to: number) => Promise<Samples>;
}

/** Interleaved red, green, blue, in memory. */
export type Pixels = Pick<AnyPicture, 'width' | 'height' | 'rgb'>;

/** Rows of a picture in memory. */
export function rowsOf({ width, height, rgb }: Pixels): RowSource {
  return { width, height, rows: async (from, to) => rgb.subarray(from * width * 3, to * width * 3) };
}

/** Takes rows of the result, from top to bottom. */
export interface RowSink {
  readonly width: number;
  readonly height: number;
  /** The values are the sink's only until it has answered. */
  readonly write: (from: number, rows: Samples) => Promise<void>;
}

/** @param size what the network sees: not below the picture's own */
export function imageOf(source: RowSource, size: PlaneSize): TiledImage {
  return { size, read: region => readRegion(source, region) };
}

async function readRegion(source: RowSource, [rows, columns]: Region): Promise<Float32Array> {
  const [width, height] = [columns[1] - columns[0], rows[1] - rows[0]];
  const wanted = Int32Array.from({ length: height }, (_, y) => reflected(rows[0] + y, source.height));
  const [first, last] = wanted.reduce(
    ([low, high], row) => [Math.min(low!, row), Math.max(high!, row)],
    [wanted[0]!, wanted[0]!],
  );
  const samples = await source.rows(first!, last! + 1);
  const half = whiteOf(samples) / 2;
  const places = Int32Array.from({ length: width }, (_, x) => reflected(columns[0] + x, source.width) * 3);
  const plane = width * height;
  const data = new Float32Array(3 * plane);
  for (let y = 0, to = 0; y < height; y++) {
    const row = (wanted[y]! - first!) * source.width * 3;
    for (let x = 0; x < width; x++, to++) {
      const from = row + places[x]!;
      data[to] = samples[from]! / half - 1;
      data[to + plane] = samples[from + 1]! / half - 1;
      data[to + 2 * plane] = samples[from + 2]! / half - 1;
    }
  }
  return data;
}

/** Gathers regions that come row of tiles by row of tiles, and hands on full rows. What lies beyond the sink's size is dropped. */
export class RowGatherer {
  readonly #sink: RowSink;
  readonly #name: string;
  #rows: readonly [number, number] = [0, 0];
  #band: Samples = new Uint8Array(0);
  readonly #like: Samples;

  /**
   * @param like of the depth that results are to have
   * @param name of the model, for errors
   */
  constructor(sink: RowSink, like: Samples, name: string) {
    this.#like = like;
    this.#sink = sink;
    this.#name = name;
  }

  /** @throws ENGINE_FAILED for NaN */
  async write([rows, columns]: Region, data: Float32Array): Promise<void> {
    const { width, height } = this.#sink;
    const bottom = Math.min(rows[1], height);
    if (rows[0] >= bottom) return;
    if (columns[0] === 0) {
      this.#rows = [rows[0], bottom];
      this.#band = samplesLike(this.#like, (bottom - rows[0]) * width * 3);
    }
    this.#store([rows, columns], data);
    if (columns[1] >= width) await this.#sink.write(this.#rows[0], this.#band);
  }

  #store([rows, columns]: Region, data: Float32Array): void {
    const { width } = this.#sink;
    const white = whiteOf(this.#band);
    const length = columns[1] - columns[0];
    const plane = (rows[1] - rows[0]) * length;
    const right = Math.min(columns[1], width);
    for (let y = this.#rows[0]; y < this.#rows[1]; y++) {
      let from = (y - rows[0]) * length;
      let to = ((y - this.#rows[0]) * width + columns[0]) * 3;
      for (let x = columns[0]; x < right; x++, from++)
        for (let at = from; at < 3 * plane; at += plane) {
          const value = data[at]!;
          if (Number.isNaN(value))
            throw new CycleboxError('ENGINE_FAILED', `${this.#name} produced NaN. Its weights may be damaged.`);
          this.#band[to++] = toSample(toByteScale(value), white);
        }
    }
  }
}
