/**
 * How near translations are to true counterparts, where there are any: pixel by pixel, by structure, and by kinds of things.
 * An unpaired training never sees such pairs; held-out ones say most about it.
 */
import { type ColourClass, classesOf } from './colour-classes.js';
import { differenceOf, type Planes } from './planes.js';
import { structuralSimilarity } from './structural-similarity.js';

export interface PairedMeasures {
  /** Mean absolute difference as a share of the whole range, [0, 1]. */
  readonly l1: number;
  /** Decibels, of the mean squared error over all images: one that is perfect does not outweigh the others. At most 100. */
  readonly psnr: number;
  /** SSIM of luminance. */
  readonly similarity: number;
}

/** Images and their true counterparts, in the same order and of one size. */
export function pairedMeasures(images: readonly Planes[], truths: readonly Planes[]): PairedMeasures {
  const mean = (measure: (image: Planes, truth: Planes) => number) =>
    images.reduce((sum, image, i) => sum + measure(image, truths[i]!), 0) / images.length;
  return { l1: mean(differenceOf), psnr: decibels(mean(squaredError)), similarity: mean(structuralSimilarity) };
}

const bestDecibels = 100;

/** Of the range's square. */
function squaredError(a: Planes, b: Planes): number {
  let sum = 0;
  for (let at = 0; at < a.data.length; at++) sum += ((a.data[at]! - b.data[at]!) / 2) ** 2;
  return sum / a.data.length;
}

function decibels(squared: number): number {
  return Math.min(bestDecibels, -10 * Math.log10(squared));
}

export interface ClassMeasures {
  /** Share of pixels that are of their true class. */
  readonly accuracy: number;
  /** Share of the most frequent true class: what an image of nothing else would get. */
  readonly constantAccuracy: number;
  /** Mean over the classes that occur of their share of pixels found: a class that is rare counts as much as another. */
  readonly balancedAccuracy: number;
  /** Mean over the classes that occur of intersection over union. */
  readonly intersectionOverUnion: number;
  readonly classes: readonly {
    readonly name: string;
    /** Of all pixels that truly are of this class. */
    readonly share: number;
    readonly accuracy: number;
    readonly intersectionOverUnion: number;
  }[];
}

export function classMeasures(
  images: readonly Planes[],
  truths: readonly Planes[],
  classes: readonly ColourClass[],
): ClassMeasures {
  const counts = confusion(images, truths, classes);
  const total = counts.flat().reduce(add, 0);
  const each = classes.map(({ name }, index) => {
    const [truly, hits] = [counts[index]!.reduce(add, 0), counts[index]![index]!];
    const taken = counts.reduce((sum, row) => sum + row[index]!, 0);
    const union = truly + taken - hits;
    return {
      name,
      share: truly / total,
      accuracy: truly === 0 ? 0 : hits / truly,
      intersectionOverUnion: union === 0 ? 0 : hits / union,
    };
  });
  const occurring = each.filter(({ share }) => share > 0);
  const mean = (values: readonly number[]) => values.reduce(add, 0) / values.length;
  return {
    accuracy: each.reduce((sum, { share, accuracy }) => sum + share * accuracy, 0),
    constantAccuracy: Math.max(...each.map(({ share }) => share)),
    balancedAccuracy: mean(occurring.map(({ accuracy }) => accuracy)),
    intersectionOverUnion: mean(occurring.map(one => one.intersectionOverUnion)),
    classes: each,
  };
}

/** `counts[true class][class in the image]`, in pixels. */
function confusion(images: readonly Planes[], truths: readonly Planes[], classes: readonly ColourClass[]): number[][] {
  const counts = classes.map(() => classes.map(() => 0));
  for (const [index, image] of images.entries()) {
    const [found, truth] = [classesOf(image, classes), classesOf(truths[index]!, classes)];
    for (let at = 0; at < found.length; at++) counts[truth[at]!]![found[at]!]!++;
  }
  return counts;
}

const add = (a: number, b: number): number => a + b;
