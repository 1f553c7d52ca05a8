/**
 * How far the values around a model's convolutions go, image after image: each channel's least and largest, and somewhat
 * beyond, since other images go further. No percentiles of values: few large ones among many small ones are what a channel tells,
 * and instance normalisation divides by them; cut off at six deviations, results of horse → zebra fell from 27 dB to 18. Whole
 * images may be left out, those with values far beyond all others': what a byte's steps lose to them, every image loses.
 */
import type { TensorData, Tensors } from '../../engine/index.js';
import type { ChannelRanges, ConvolutionRanges, WatchedConvolution } from '../../onnx/index.js';

/** Beyond what was seen, of its width. Images that go further have coarser steps (onnx/int8/byte-values.ts). */
const margin = 0.1;

/** By the name of a convolution's result. */
export type ObservedModelRanges = Readonly<Record<string, Required<ConvolutionRanges>>>;

/** Of the images: how many a range of inputs is to hold, and one of results. */
export interface RangeShares {
  readonly into: number;
  readonly outOf: number;
}

/** For each channel, that of each image. */
interface Extremes {
  readonly least: readonly number[][];
  readonly most: readonly number[][];
}

export class ObservedRanges {
  readonly #convolutions: readonly WatchedConvolution[];
  readonly #values = new Map<string, Extremes>();
  readonly #work = new Map<string, number>();

  constructor(convolutions: readonly WatchedConvolution[]) {
    this.#convolutions = convolutions;
  }

  /** @param values of one run, the image among them, by name */
  add(values: Tensors): void {
    const names = new Set(this.#convolutions.flatMap(({ input, output }) => [input, output]));
    for (const name of names) this.#see(name, values[name]!);
    for (const { output, kernel } of this.#convolutions) {
      const pixels = values[output]!.shape.slice(2).reduce((product, side) => product * side, 1);
      this.#work.set(
        output,
        kernel.reduce((product, size) => product * size, pixels),
      );
    }
  }

  /** @param shares of the images that each channel's range is to hold, in (0, 1]; 1: all */
  rangesFor({ into, outOf }: RangeShares): ObservedModelRanges {
    const rangesOf = ({ input, output }: WatchedConvolution): Required<ConvolutionRanges> => ({
      into: widened(this.#values.get(input)!, into),
      outOf: widened(this.#values.get(output)!, outOf),
    });
    return Object.fromEntries(this.#convolutions.map(each => [each.output, rangesOf(each)]));
  }

  /** The names of convolutions that read one value, such as the phases of an upsampling layer, in the order of the file. */
  layers(): readonly (readonly string[])[] {
    const layers = new Map<string, string[]>();
    for (const { input, output } of this.#convolutions) layers.set(input, [...(layers.get(input) ?? []), output]);
    return [...layers.values()];
  }

  /** Products that a convolution takes for one image. */
  workOf(output: string): number {
    return this.#work.get(output) ?? 0;
  }

  #see(name: string, { shape, data }: TensorData): void {
    const [images, channels] = shape as [number, number];
    const cells = data.length / images / channels;
    const known = this.#values.get(name) ?? {
      least: Array.from({ length: channels }, () => []),
      most: Array.from({ length: channels }, () => []),
    };
    this.#values.set(name, known);
    for (let plane = 0; plane < images * channels; plane++) {
      let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (let at = plane * cells; at < (plane + 1) * cells; at++) {
        const value = data[at]!;
        if (value < least) least = value;
        if (value > most) most = value;
      }
      const channel = plane % channels;
      known.least[channel]!.push(least);
      known.most[channel]!.push(most);
    }
  }
}

/** What is never negative stays so. */
function widened(extremes: Extremes, share: number): ChannelRanges {
  const most = extremes.most.map(values => farthestOf(values, share));
  const least = extremes.least.map(
    values =>
      -farthestOf(
        values.map(value => -value),
        share,
      ),
  );
  const more = least.map((value, channel) => margin * (most[channel]! - value));
  return {
    least: least.map((value, channel) => (value >= 0 ? Math.max(0, value - more[channel]!) : value - more[channel]!)),
    most: most.map((value, channel) => value + more[channel]!),
  };
}

/** The value that so many of them do not go beyond. */
function farthestOf(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1]!;
}
