/**
 * Colours of a profile with curves and a matrix as sRGB, and back, at the depth that they have. libvips does the same for
 * 8 bits; for 16 it goes by way of Display P3 in whole numbers, and is off by six levels of 255 in the darks.
 */
import { type PictureOf, type Samples, samplesLike, whiteOf } from '../picture/index.js';
import { inverseOf, type MatrixProfile, productOf, srgbMatrix, srgbToLight } from './icc-profile.js';

/** One for each channel. */
type Tables = readonly [Float32Array, Float32Array, Float32Array];

const rootSteps = 65_535;

export class ColourConversion {
  /** Values as light, looked up. */
  readonly #from: Tables;
  /** Light as values in [0, 1], found by its square root, which is even to the eye. */
  readonly #to: Tables;
  readonly #matrix: readonly number[];
  readonly #white: number;

  private constructor(from: MatrixProfile, to: MatrixProfile, white: number) {
    this.#from = toLightOf(from, white);
    this.#to = fromLightOf(to);
    this.#matrix = productOf(inverseOf(to.matrix)!, from.matrix);
    this.#white = white;
  }

  /** @param like samples of the depth that is meant, on both sides */
  static toSrgb(profile: MatrixProfile, like: Samples): ColourConversion {
    return new ColourConversion(profile, srgb, whiteOf(like));
  }

  static fromSrgb(profile: MatrixProfile, like: Samples): ColourConversion {
    return new ColourConversion(srgb, profile, whiteOf(like));
  }

  /** Three values at `at`, on the scale of the depth, not rounded; what lies outside of the other space is cut off. */
  convert(rgb: Samples, at: number, into: Float64Array): void {
    const from = this.#from;
    const [r, g, b] = [from[0][rgb[at]!]!, from[1][rgb[at + 1]!]!, from[2][rgb[at + 2]!]!];
    for (let c = 0, m = 0; c < 3; c++, m += 3) {
      const light = this.#matrix[m]! * r + this.#matrix[m + 1]! * g + this.#matrix[m + 2]! * b;
      const root = Math.sqrt(Math.min(1, Math.max(0, light)));
      into[c] = this.#white * this.#to[c]![Math.round(root * rootSteps)]!;
    }
  }

  picture<S extends Samples>(picture: PictureOf<S>): PictureOf<S> {
    const rgb = samplesLike(picture.rgb, picture.rgb.length);
    const one = new Float64Array(3);
    for (let at = 0; at < rgb.length; at += 3) {
      this.convert(picture.rgb, at, one);
      for (let c = 0; c < 3; c++) rgb[at + c] = Math.round(one[c]!);
    }
    return { ...picture, rgb };
  }
}

const srgb: MatrixProfile = { kind: 'colour', curves: [srgbToLight, srgbToLight, srgbToLight], matrix: srgbMatrix };

function toLightOf({ curves }: MatrixProfile, white: number): Tables {
  return each(curves, curve => Float32Array.from({ length: white + 1 }, (_, value) => curve(value / white)));
}

let srgbFromLight: Tables | undefined;

function fromLightOf(profile: MatrixProfile): Tables {
  if (profile !== srgb) return each(profile.curves, inverseTable);
  srgbFromLight ??= each(srgb.curves, inverseTable);
  return srgbFromLight;
}

/** Curves that are one have one table. */
function each([r, g, b]: MatrixProfile['curves'], tableOf: (curve: (value: number) => number) => Float32Array): Tables {
  const red = tableOf(r);
  const green = g === r ? red : tableOf(g);
  return [red, green, b === r ? red : b === g ? green : tableOf(b)];
}

/** A rising curve undone: for each step of the square root of light, the value that has it. */
function inverseTable(curve: (value: number) => number): Float32Array {
  const table = new Float32Array(rootSteps + 1);
  const fineness = 2 * rootSteps;
  let at = 0;
  let [below, above] = [curve(0), curve(1 / fineness)];
  for (let step = 0; step <= rootSteps; step++) {
    const light = (step / rootSteps) ** 2;
    while (above < light && at < fineness - 1) {
      at++;
      below = above;
      above = curve((at + 1) / fineness);
    }
    const part = above > below ? Math.min(1, Math.max(0, (light - below) / (above - below))) : 0;
    table[step] = (at + part) / fineness;
  }
  return table;
}
