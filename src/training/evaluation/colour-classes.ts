/**
 * Pixels as kinds of things by the nearest of a few colours (water is blue, land is beige): for domains whose colours have
 * a meaning, such as maps and label images. The colours are given, or learned from the true images.
 */
import { CycleboxError, Random } from '../../base/index.js';
import { toByte, toByteScale } from '../../image/index.js';
import type { Planes } from './planes.js';

export interface ColourClass {
  readonly name: string;
  /** Red, green, blue in [0, 255]; any of them will do. */
  readonly colours: readonly (readonly [number, number, number])[];
}

/** A number: so many colours are to be learned. */
export type ColourClassChoice = readonly ColourClass[] | number;

const mostLearned = 32;

/**
 * `water=#aadaff,land=#f2efe9/#dde8c8`, or a number of colours to learn.
 * @throws USAGE naming what is wrong with it
 */
export function parseColourClasses(text: string): ColourClassChoice {
  if (/^\s*\d+\s*$/.test(text)) return learnedCount(Number(text));
  const classes = text.split(',').map(parseClass);
  const names = new Set(classes.map(({ name }) => name));
  if (classes.length < 2 || names.size < classes.length) throw wrongClasses(text);
  return classes;
}

/** Which class each pixel belongs to: the one with the nearest colour in RGB. */
export function classesOf({ width, height, data }: Planes, classes: readonly ColourClass[]): Uint8Array {
  const area = width * height;
  const result = new Uint8Array(area);
  const palette = classes.flatMap(({ colours }, index) => colours.map(([r, g, b]) => ({ index, r, g, b })));
  for (let at = 0; at < area; at++) {
    const [red, green, blue] = [at, at + area, at + 2 * area].map(i => toByteScale(data[i]!)) as [
      number,
      number,
      number,
    ];
    let nearest = Number.POSITIVE_INFINITY;
    for (const { index, r, g, b } of palette) {
      const distance = (red - r) ** 2 + (green - g) ** 2 + (blue - b) ** 2;
      if (distance >= nearest) continue;
      nearest = distance;
      result[at] = index;
    }
  }
  return result;
}

/** `count` colours that the images' pixels gather around (k-means, Lloyd 1982), most frequent first, named `#rrggbb`. */
export function learnColourClasses(images: readonly Planes[], count: number, seed: number): readonly ColourClass[] {
  const random = new Random(seed);
  const pixels = images.flatMap(image => samplePixels(image, Math.ceil(sampledPixels / images.length), random));
  let centres = spreadCentres(pixels, count, random);
  let groups: Pixel[][] = [];
  for (let round = 0; round < rounds; round++) {
    groups = centres.map(() => []);
    for (const pixel of pixels) groups[nearestOf(pixel, centres)]!.push(pixel);
    centres = centres.map((centre, index) => (groups[index]!.length === 0 ? centre : meanOf(groups[index]!)));
  }
  const order = centres.map((_, index) => index).sort((a, b) => groups[b]!.length - groups[a]!.length);
  return order.map(index => ({ name: hex(centres[index]!), colours: [centres[index]!] }));
}

type Pixel = readonly [number, number, number];

const sampledPixels = 4000;
const rounds = 20;

function samplePixels({ width, height, data }: Planes, count: number, random: Random): Pixel[] {
  const area = width * height;
  return Array.from({ length: count }, () => {
    const at = random.integer(area);
    return [at, at + area, at + 2 * area].map(i => toByteScale(data[i]!)) as unknown as Pixel;
  });
}

/** Each next centre is the pixel farthest from those there are: small groups of odd colours are not missed. */
function spreadCentres(pixels: readonly Pixel[], count: number, random: Random): Pixel[] {
  const centres = [pixels[random.integer(pixels.length)]!];
  const gaps = pixels.map(pixel => distance(pixel, centres[0]!));
  while (centres.length < count) {
    const next = pixels[gaps.indexOf(Math.max(...gaps))]!;
    centres.push(next);
    for (const [at, pixel] of pixels.entries()) gaps[at] = Math.min(gaps[at]!, distance(pixel, next));
  }
  return centres;
}

function nearestOf(pixel: Pixel, centres: readonly Pixel[]): number {
  let best = 0;
  for (let index = 1; index < centres.length; index++) {
    if (distance(pixel, centres[index]!) < distance(pixel, centres[best]!)) best = index;
  }
  return best;
}

function meanOf(pixels: readonly Pixel[]): Pixel {
  return [0, 1, 2].map(c => pixels.reduce((sum, pixel) => sum + pixel[c]!, 0) / pixels.length) as unknown as Pixel;
}

function distance(a: Pixel, b: Pixel): number {
  return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
}

function hex(pixel: Pixel): string {
  return `#${pixel.map(value => toByte(value).toString(16).padStart(2, '0')).join('')}`;
}

function learnedCount(count: number): number {
  if (count >= 2 && count <= mostLearned) return count;
  throw new CycleboxError('USAGE', `--classes ${count}: from 2 to ${mostLearned} colours can be learned.`);
}

function parseClass(text: string): ColourClass {
  const [, name, list] = /^\s*([^=#]+?)\s*=\s*(#[0-9a-f]{6}(?:\/#[0-9a-f]{6})*)\s*$/i.exec(text) ?? [];
  if (name === undefined || list === undefined) throw wrongClasses(text);
  const colours = list.split('/').map(colour => {
    const value = Number.parseInt(colour.slice(1), 16);
    return [value >> 16, (value >> 8) & 255, value & 255] as const;
  });
  return { name, colours };
}

function wrongClasses(text: string): CycleboxError {
  const message =
    `The classes "${text}" cannot be read. Name two or more, each with its colour or several, such as ` +
    'water=#aadaff,land=#f2efe9/#dde8c8, or give the number of colours to learn, such as 5.';
  return new CycleboxError('USAGE', message);
}
