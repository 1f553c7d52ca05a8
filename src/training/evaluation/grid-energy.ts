/**
 * How strong a grid of period 2 or 4 pixels lies over images: the artefact of layers that upsample or step by two (Odena,
 * Dumoulin and Olah 2016). A pattern that repeats every p pixels has its energy on the lines of frequency 1/p of the
 * spectrum, so these are compared with the lines beside them. Patterns of other periods are not seen.
 *
 * Spectra are those of tiles, each with the same weight: eyes find a grid in the sky, where it would drown in the spectrum
 * of the whole image. Photographs have none but JPEG's, whose blocks of 8 touch both lines: always look at real images beside.
 */
import { FourierTransform } from './fourier.js';
import { luminanceOf, type Plane, type Planes } from './planes.js';

/** Decibels: 0 as much energy on the lines as beside them, 10 ten times as much. */
export interface GridEnergy {
  readonly period2: number;
  readonly period4: number;
}

const largestTile = 64;
/** Distances from a line, in steps of frequency, of what counts as beside it: past what the window smears. */
const [nearest, farthest] = [3, 6];
/** Deviation of the finest detail, in grey levels, below which a tile counts less: rounding is all that is there. */
const leastDetail = 1;

/** Of all images together, which have one size, at least 32 pixels to a side. */
export function gridEnergyOf(images: readonly Planes[]): GridEnergy {
  return gridEnergyOfPlanes(images.map(luminanceOf));
}

/** The same of single channels, such as the difference that a translation makes; on the scale of bytes. */
export function gridEnergyOfPlanes(planes: readonly Plane[]): GridEnergy {
  const side = Math.min(largestTile, 2 ** Math.floor(Math.log2(Math.min(planes[0]!.width, planes[0]!.height))));
  const power = powerSpectrum(planes, side);
  return { period2: lineEnergy(power, side, side / 2), period4: lineEnergy(power, side, side / 4) };
}

/** Squared spectra of all tiles, added up: `side * side` values, frequency 0 first. Two tiles go into one transform. */
function powerSpectrum(planes: readonly Plane[], side: number): Float64Array {
  const transform = new FourierTransform(side);
  const power = new Float64Array(side * side);
  const window = hann(side);
  for (const plane of planes) {
    const corners = cornersOf(plane, side);
    for (let first = 0; first < corners.length; first += 2) {
      const real = windowedTile(plane, corners[first]!, window);
      const other = corners[first + 1];
      const imaginary = other ? windowedTile(plane, other, window) : new Float64Array(side * side);
      transform.square(real, imaginary);
      for (let i = 0; i < power.length; i++) power[i]! += real[i]! ** 2 + imaginary[i]! ** 2;
    }
  }
  return symmetric(power, side);
}

type Corner = readonly [left: number, top: number];

/** Upper left corners of tiles that overlap by half; what does not fill a tile at the right and lower edge is left out. */
function cornersOf({ width, height }: Plane, side: number): readonly Corner[] {
  const starts = (length: number) =>
    Array.from({ length: Math.floor((2 * (length - side)) / side) + 1 }, (_, index) => (index * side) / 2);
  return starts(height).flatMap(top => starts(width).map((left): Corner => [left, top]));
}

/** |F(k)|² + |F(-k)|² of f + ig is twice |f|² + |g|²: halves of the two are of no interest apart. */
function symmetric(power: Float64Array, side: number): Float64Array {
  return power.map((value, at) => {
    const [y, x] = [Math.floor(at / side), at % side];
    return (value + power[((side - y) % side) * side + ((side - x) % side)]!) / 2;
  });
}

/**
 * A tile around its mean, windowed so that its borders do not show in the spectrum, and scaled so that its finest detail
 * (its difference to the neighbours' mean) has as much energy as every other tile's.
 */
function windowedTile({ width, data }: Plane, [left, top]: Corner, window: Float64Array): Float64Array {
  const side = window.length;
  const square = new Float64Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) square[y * side + x] = data[(top + y) * width + left + x]!;
  }
  const mean = square.reduce((sum, value) => sum + value, 0) / square.length;
  const scale = 1 / Math.sqrt(detailOf(square, side) + leastDetail ** 2);
  return square.map((value, at) => (value - mean) * scale * window[at % side]! * window[Math.floor(at / side)]!);
}

function detailOf(square: Float64Array, side: number): number {
  let sum = 0;
  for (let y = 1; y < side - 1; y++) {
    for (let x = 1; x < side - 1; x++) {
      const at = y * side + x;
      const around = square[at - 1]! + square[at + 1]! + square[at - side]! + square[at + side]!;
      sum += (square[at]! - around / 4) ** 2;
    }
  }
  return sum / (side - 2) ** 2;
}

/**
 * Every frequency on the two lines (vertical and horizontal) against the mean of those beside it, then the mean of these
 * ratios: a few sharp peaks and a faint line both count.
 */
function lineEnergy(power: Float64Array, side: number, line: number): number {
  let sum = 0;
  for (let along = 0; along < side; along++) {
    const across = [
      (frequency: number) => power[along * side + frequency]!,
      (frequency: number) => power[frequency * side + along]!,
    ];
    for (const at of across) sum += at(line) / beside(at, line, side / 2);
  }
  return 10 * Math.log10(sum / (2 * side));
}

/**
 * Geometric mean of the frequencies near `line` on both sides, so that a spectrum that only falls is no line. Past half the
 * sampling rate it is its own mirror image.
 */
function beside(at: (frequency: number) => number, line: number, highest: number): number {
  let [sum, count] = [0, 0];
  for (let distance = nearest; distance <= farthest; distance++) {
    sum += Math.log(at(line - distance) + 1e-12);
    count++;
    if (line + distance > highest) continue;
    sum += Math.log(at(line + distance) + 1e-12);
    count++;
  }
  return Math.exp(sum / count);
}

function hann(size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / size));
}
