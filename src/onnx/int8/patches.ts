/**
 * A convolution's input as a matrix: for each result the bytes that its kernel covers, pixel by pixel and channel by channel (im2col;
 * Chellapilla et al. 2006), so that the convolution is one product, whose sums nobody rounds. Which pixels a result covers is a table
 * of indices, borders and all, and convolutions of one kind over images of one size share it.
 */
import { integerAttribute } from '../attributes.js';
import { type Border, type Convolution, hasZeros } from './convolutions.js';
import { axis, type GraphWriter, order } from './graph-writer.js';
import type { SpatialSizes } from './spatial-sizes.js';

export interface Patches {
  /** `[n, results, cells · channels]` bytes */
  readonly rows: string;
  /** `[2]`: how high and wide the result is. */
  readonly size: string;
}

interface Table {
  /** `[results, cells]`: which pixel, row by row; the one after the last is the border. */
  readonly indices: string;
  readonly size: string;
}

/** To the end, whatever that is. */
const end = 2n ** 63n - 1n;

export class PatchWriter {
  readonly #writer: GraphWriter;
  readonly #sizes: SpatialSizes;
  readonly #tables = new Map<string, Table>();
  readonly #pixels = new Map<string, string>();

  constructor(writer: GraphWriter, sizes: SpatialSizes) {
    this.#writer = writer;
    this.#sizes = sizes;
  }

  /**
   * @param bytes `[n, c, h, w]` of the convolution's input, without its border
   * @param zero the byte around it
   */
  of(convolution: Convolution, bytes: string, zero: number): Patches {
    const [, channels, high, wide] = convolution.kernel.dims as [number, number, number, number];
    const { indices, size } = this.#tableOf(convolution);
    const pixels = this.#pixelsOf(bytes, channels, hasZeros(convolution) ? zero : undefined);
    const covered = this.#writer.node('Gather', [pixels, indices], [axis(1)]);
    const rows = this.#writer.node('Reshape', [covered, this.#writer.integers([0, 0, high * wide * channels])]);
    return { rows, size };
  }

  /** `[n, h · w, c]`, and after the last pixel one of `border` bytes. */
  #pixelsOf(bytes: string, channels: number, border: number | undefined): string {
    const key = `${bytes} ${border}`;
    const known = this.#pixels.get(key) ?? this.#writtenPixels(bytes, channels, border);
    this.#pixels.set(key, known);
    return known;
  }

  #writtenPixels(bytes: string, channels: number, border: number | undefined): string {
    const writer = this.#writer;
    const innermost = writer.node('Transpose', [bytes], [order(0, 2, 3, 1)]);
    const pixels = writer.node('Reshape', [innermost, writer.integers([0, -1, channels])]);
    if (border === undefined) return pixels;
    return writer.node('Pad', [pixels, writer.integers([0, 0, 0, 0, 1, 0]), writer.bytes([], Uint8Array.of(border))]);
  }

  #tableOf(convolution: Convolution): Table {
    const { input, mirror, zeros, kernel, strides, dilations } = convolution;
    const shape = [mirror?.border ?? '', zeros, kernel.dims.slice(2), strides, dilations].join(' ');
    const key = `${this.#sizes.of(input)}: ${shape}`;
    const known = this.#tables.get(key) ?? this.#writtenTable(convolution);
    this.#tables.set(key, known);
    return known;
  }

  #writtenTable({ input, mirror, zeros, kernel, strides, dilations }: Convolution): Table {
    const writer = this.#writer;
    const sides = this.#lastTwo(writer.node('Shape', [input]));
    const count = writer.node('ReduceProd', [sides], [integerAttribute('keepdims', 0)]);
    const numbers = writer.node('Range', [writer.integer(0), count, writer.integer(1)]);
    const plane = [numbers, writer.node('Concat', [writer.integers([1, 1]), sides], [axis(0)])];
    let pixels = writer.node('Reshape', plane);
    if (mirror) pixels = writer.node('Pad', [pixels, this.#around(mirror.border)], mirror.node.attribute);
    if (hasZeros({ zeros })) pixels = writer.node('Pad', [pixels, this.#around(zeros), count]);
    const [high, wide] = kernel.dims.slice(2) as [number, number];
    const cells = Array.from({ length: high * wide }, (_, at) => {
      const [row, column] = [Math.floor(at / wide), at % wide];
      const from = [row * dilations[0], column * dilations[1]];
      const left = [(high - 1 - row) * dilations[0], (wide - 1 - column) * dilations[1]];
      const to = left.map(cells => (cells === 0 ? end : -cells));
      return writer.node('Slice', [pixels, ...[from, to, [2, 3], strides].map(each => writer.integers(each))]);
    });
    const stacked = writer.node('Concat', cells, [axis(1)]);
    const flat = writer.node('Reshape', [stacked, writer.integers([high * wide, -1])]);
    const indices = writer.node('Transpose', [flat], [order(1, 0)]);
    return { indices, size: this.#lastTwo(writer.node('Shape', [stacked])) };
  }

  #lastTwo(shape: string): string {
    return this.#writer.node('Slice', [shape, ...[2, 4].map(at => this.#writer.integers([at]))]);
  }

  #around([top, left, bottom, right]: Border): string {
    return this.#writer.integers([0, 0, top, left, 0, 0, bottom, right]);
  }
}
