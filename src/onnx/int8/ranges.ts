/**
 * What is known of the values around a convolution before it calculates in int8: how far each channel goes, in and out,
 * seen on images of the model's own kind. Plain data, as a calibration file has it.
 */

/** The least and the largest value of each channel. */
export interface ChannelRanges {
  readonly least: readonly number[];
  readonly most: readonly number[];
}

export interface ConvolutionRanges {
  /** Of its input, by input channel. */
  readonly into: ChannelRanges;
  /**
   * Of its result, by output channel. Where they are there, results become bytes at once; else they stay the whole sums, of which nothing
   * is lost and which are for whoever reads them to scale.
   */
  readonly outOf?: ChannelRanges | undefined;
}

/** By the name of a convolution's result in the model file. Convolutions that are not here stay float32. */
export type ModelRanges = Readonly<Record<string, ConvolutionRanges>>;

/** How values of one channel become bytes: q = round(x / scale) + zero, cut to 0…255. */
export interface ByteScales {
  readonly scales: Float32Array;
  readonly zeros: Uint8Array;
}

/** Steps between the least and the largest byte. */
const steps = 255;

/** Channels that are the same everywhere still need a scale. */
const leastWidth = 1e-6;

/** Asymmetric, by channel; zero is a byte of its own, so that what is zero stays zero (Jacob et al. 2018, section 2.1). */
export function asymmetricScales({ least, most }: ChannelRanges): ByteScales {
  const low = least.map(value => Math.min(value, 0));
  const scales = Float32Array.from(low, (value, channel) => widthOf(value, Math.max(most[channel]!, 0)) / steps);
  return { scales, zeros: Uint8Array.from(low, (value, channel) => Math.round(-value / scales[channel]!)) };
}

/** With one byte for zero in all channels, for convolutions that put zeros around an image: 0, or the middle one. */
export function sharedZeroScales({ least, most }: ChannelRanges): ByteScales {
  const isSigned = least.some(value => value < 0);
  if (!isSigned) return asymmetricScales({ least: least.map(() => 0), most });
  const farthest = least.map((value, channel) => Math.max(-value, most[channel]!));
  return {
    scales: Float32Array.from(farthest, far => widthOf(0, far) / 127),
    zeros: new Uint8Array(least.length).fill(128),
  };
}

/** Around the middle of each channel, which is left to whoever takes the mean away: the byte 128. */
export function centredScales({ least, most }: ChannelRanges): ByteScales & { readonly middles: readonly number[] } {
  const middles = least.map((value, channel) => (value + most[channel]!) / 2);
  return {
    middles,
    scales: Float32Array.from(least, (value, channel) => widthOf(value, most[channel]!) / 254),
    zeros: new Uint8Array(least.length).fill(128),
  };
}

function widthOf(least: number, most: number): number {
  return Math.max(most - least, leastWidth);
}
