/** A model run with some of its convolutions in int8, on the images that its calibration is chosen by. */
import type { Engine } from '../../engine/index.js';
import type { ConvolutionRanges, ModelRanges } from '../../onnx/index.js';
import { type ImageWithResult, loadInt8, type ModelToCalibrate, mean, meanSquares } from './judge.js';
import { meanSquareAt, psnrOf } from './likeness.js';
import type { ObservedModelRanges } from './observed-ranges.js';

/** How a convolution may calculate: with results rounded to bytes, with whole sums, or not in int8 at all. */
export type Rounding = 'bytes' | 'sums' | 'none';

/** By the convolution's name. */
export type Roundings = ReadonlyMap<string, Rounding>;

/** Sums are a product with a matrix of patches, and making it takes too long for fewer results of each patch. */
const fewestOutputs = 128;

/** What a layer may do, the quickest first: a convolution, or the phases of one, which are one product. */
export function roundingsOf(layer: readonly Required<ConvolutionRanges>[]): readonly Rounding[] {
  const outputs = layer.reduce((sum, { outOf }) => sum + outOf!.least.length, 0);
  return outputs < fewestOutputs ? ['bytes', 'none'] : ['bytes', 'sums', 'none'];
}

/** What a model needs for its convolutions to calculate so. */
export function rangesWith(ranges: ObservedModelRanges, roundings: Roundings): ModelRanges {
  const all = Object.entries(ranges).flatMap(([name, { into, outOf }]): [string, ConvolutionRanges][] => {
    const rounding = roundings.get(name) ?? 'none';
    return rounding === 'none' ? [] : [[name, rounding === 'sums' ? { into } : { into, outOf }]];
  });
  return Object.fromEntries(all);
}

/** The image with the lowest may be so far below all, in dB. */
const farthestBelow = 5;

/** How far results are from those in float32. */
export interface Distance {
  /** Mean squared differences of bytes, of all images and of the least like. */
  readonly all: number;
  readonly one: number;
}

export class Trial {
  readonly #engine: Engine;
  readonly #model: ModelToCalibrate;
  readonly #pairs: readonly ImageWithResult[];
  readonly #most: Distance;

  /** @param leastPsnr what all images together are to have, in dB */
  constructor(engine: Engine, model: ModelToCalibrate, pairs: readonly ImageWithResult[], leastPsnr: number) {
    this.#engine = engine;
    this.#model = model;
    this.#pairs = pairs;
    this.#most = { all: meanSquareAt(leastPsnr), one: meanSquareAt(leastPsnr - farthestBelow) };
  }

  /** Of all images, or of the first ones. */
  async distance(ranges: ModelRanges, images = this.#pairs.length): Promise<Distance> {
    const program = await loadInt8(this.#engine, this.#model, ranges);
    try {
      const found = await meanSquares(program, this.#pairs.slice(0, images));
      return { all: mean(found), one: Math.max(...found) };
    } finally {
      await program.dispose();
    }
  }

  /** A distance over what is allowed: 1 is just near enough. */
  strainOf({ all, one }: Distance): number {
    return Math.max(all / this.#most.all, one / this.#most.one);
  }
}

export function toldDistance({ all, one }: Distance): string {
  return `${psnrOf(all).toFixed(1)} dB, ${psnrOf(one).toFixed(1)} for the least like`;
}
