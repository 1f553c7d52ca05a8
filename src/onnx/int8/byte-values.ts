/**
 * Values as bytes, by ranges that were seen beforehand; an image that goes beyond them gets wider ones, all channels by one factor, so that
 * nothing is cut off: a picture that is unlike those of the calibration loses some of its steps, and not its largest values, which
 * tell these networks most. The factor is 1 for whatever stays within, and one for all images of a batch.
 */
import { integerAttribute, integersAttribute } from '../attributes.js';
import { axis, type GraphWriter } from './graph-writer.js';
import type { ByteScales } from './ranges.js';

export interface ByteValues {
  readonly bytes: string;
  /** `[1]`: a step is as many times as large as the scales say. Undefined where it is 1 for every image. */
  readonly factor: string | undefined;
}

/** Channels that hardly reach a part of what others do are cut off, rather than that all get steps of their measure. */
const smallestPart = 0.25;

/** Since this version axes to reduce are an input. */
const axesAreInputs = 18;

export class ByteWriter {
  readonly #writer: GraphWriter;
  readonly #opset: number;
  /** By the value's name and scales: phases of an upsampling layer read the same. */
  readonly #known = new Map<string, ByteValues>();

  constructor(writer: GraphWriter, opset: number) {
    this.#writer = writer;
    this.#opset = opset;
  }

  /** @param follows whether scales are to follow an image that goes beyond them */
  of(name: string, scales: ByteScales, follows: boolean): ByteValues {
    const key = `${name} ${follows} ${scales.scales} ${scales.zeros}`;
    const known = this.#known.get(key) ?? this.#written(name, scales, follows);
    this.#known.set(key, known);
    return known;
  }

  #written(name: string, scales: ByteScales, follows: boolean): ByteValues {
    const factor = follows ? this.#factorOf(name, scales) : undefined;
    const constants = [this.scaled(scales.scales, factor), this.#writer.bytes([scales.zeros.length], scales.zeros)];
    return { bytes: this.#writer.node('QuantizeLinear', [name, ...constants], [axis(1)]), factor };
  }

  /** `[values]`, times the factor. */
  scaled(values: Float32Array, factor: string | undefined): string {
    const constant = this.#writer.floats([values.length], values);
    return factor === undefined ? constant : this.#writer.node('Mul', [constant, factor]);
  }

  #factorOf(name: string, { scales, zeros }: ByteScales): string {
    const writer = this.#writer;
    const above = scales.map((scale, channel) => scale * (255 - zeros[channel]!));
    const below = scales.map((scale, channel) => scale * zeros[channel]!);
    const parts = [
      writer.node('Mul', [this.#reduced('ReduceMax', name), writer.floats([above.length], inverse(above))]),
    ];
    if (below.some(depth => depth > 0))
      parts.push(
        writer.node('Mul', [this.#reduced('ReduceMin', name), writer.floats([below.length], inverse(below, -1))]),
      );
    const one = writer.floats([1], Float32Array.of(1));
    const largest = parts.map(part => writer.node('ReduceMax', [part], [integerAttribute('keepdims', 0)]));
    return writer.node('Max', [one, ...largest]);
  }

  /** `[n, c, h, w]` → `[c]` */
  #reduced(opType: string, name: string): string {
    const [axes, keepsNone] = [[0, 2, 3], integerAttribute('keepdims', 0)];
    if (this.#opset >= axesAreInputs)
      return this.#writer.node(opType, [name, this.#writer.integers(axes)], [keepsNone]);
    return this.#writer.node(opType, [name], [integersAttribute('axes', axes), keepsNone]);
  }
}

/** One over how far channels reach. */
function inverse(reach: Float32Array, sign = 1): Float32Array {
  const least = (smallestPart * reach.reduce((sum, each) => sum + each, 0)) / reach.length;
  return reach.map(each => sign / Math.max(each, least));
}
