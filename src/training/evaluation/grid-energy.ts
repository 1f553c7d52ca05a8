/**
 * How strong a grid of period 2 or 4 pixels lies over images: the artefact of layers that upsample or step by two (Odena,
 * Dumoulin and Olah 2016). A pattern that repeats every p pixels has its energy on the lines of frequency 1/p of the
 * spectrum, so these are compared with the lines beside them. Patterns of other periods are not seen.
 *
 * Photographs have none but JPEG's, whose blocks of 8 touch both lines: always look at real images beside.
 */
import { FourierTransform } from './fourier.js';
import { luminanceOf, type Plane, type Planes } from './planes.js';

/** Decibels: 0 as much energy on the lines as beside them, 10 ten times as much. */
export interface GridEnergy {
  readonly period2: number;
  readonly period4: number;
}

/** Distances from a line, in steps of frequency, of what counts as beside it: past what the window smears. */
const nearest = 3;
const farthest = 8;

/** Of all images together, each with the same weight. They have one size, at least 32 pixels to a side. */
export function gridEnergyOf(images: readonly Planes[]): GridEnergy {
  return gridEnergyOfPlanes(images.map(luminanceOf));
}

/** The same of single channels, such as the difference that a translation makes. */
export function gridEnergyOfPlanes(planes: readonly Plane[]): GridEnergy {
  const side = 2 ** Math.floor(Math.log2(Math.min(planes[0]!.width, planes[0]!.height)));
  const power = powerSpectrum(planes, side);
  return { period2: lineEnergy(power, side, side / 2), period4: lineEnergy(power, side, side / 4) };
}

/** Mean squared spectrum of the images' middles, `side * side`, frequency 0 first. Two images go into one transform. */
function powerSpectrum(planes: readonly Plane[], side: number): Float64Array {
  const transform = new FourierTransform(side);
  const power = new Float64Array(side * side);
  const window = hann(side);
  for (let first = 0; first < planes.length; first += 2) {
    const real = weightedMiddle(planes[first]!, window);
    const other = planes[first + 1];
    const imaginary = other ? weightedMiddle(other, window) : new Float64Array(side * side);
    transform.square(real, imaginary);
    for (let i = 0; i < power.length; i++) power[i]! += real[i]! ** 2 + imaginary[i]! ** 2;
  }
  return symmetric(power, side);
}

/** |F(k)|² + |F(-k)|² of f + ig is twice |f|² + |g|²: halves of the two are of no interest apart. */
function symmetric(power: Float64Array, side: number): Float64Array {
  return power.map((value, at) => {
    const [y, x] = [Math.floor(at / side), at % side];
    return (value + power[((side - y) % side) * side + ((side - x) % side)]!) / 2;
  });
}

/**
 * The middle square, windowed so that its borders do not show in the spectrum, and scaled so that its detail (its
 * difference to its neighbours' mean) has as much energy as every other image's.
 */
function weightedMiddle({ width, height, data }: Plane, window: Float64Array): Float64Array {
  const side = window.length;
  const [left, top] = [(width - side) >> 1, (height - side) >> 1];
  const square = new Float64Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) square[y * side + x] = data[(top + y) * width + left + x]!;
  }
  const mean = square.reduce((sum, value) => sum + value, 0) / square.length;
  const scale = 1 / Math.sqrt(detailOf(square, side) + 1e-6);
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

/** Mean of the frequencies near `line` on both sides; past half the sampling rate the spectrum is its own mirror image. */
function beside(at: (frequency: number) => number, line: number, highest: number): number {
  let [sum, count] = [0, 0];
  for (let distance = nearest; distance <= farthest; distance++) {
    sum += at(line - distance);
    count++;
    if (line + distance > highest) continue;
    sum += at(line + distance);
    count++;
  }
  return sum / count + 1e-12;
}

function hann(size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / size));
}
