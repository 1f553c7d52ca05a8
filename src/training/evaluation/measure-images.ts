/**
 * The measures, put together to metrics of a set of images: each function here is one group of columns. What compares two
 * domains takes prepared material, so that a training that judges every thousand steps prepares it once.
 */
import { clippedShare, lightCorrelation, varietyOf } from './appearance.js';
import type { ColourClass } from './colour-classes.js';
import { edgeCorrelation } from './edge-correlation.js';
import type { FeatureNetwork } from './feature-network.js';
import { frechetDistance } from './frechet-distance.js';
import { gridEnergyOf } from './grid-energy.js';
import { type Features, kernelDistance } from './kernel-distance.js';
import type { Metrics } from './metrics.js';
import { classMeasures, pairedMeasures } from './paired-measures.js';
import { differenceOf, type Planes } from './planes.js';
import { type ProjectedSet, projectedSet, slicedWasserstein } from './sliced-wasserstein.js';
import { structuralSimilarity } from './structural-similarity.js';

/** What is left of each input: images by images. */
export interface Preservation {
  readonly edges: readonly number[];
  readonly ssim: readonly number[];
  readonly change: readonly number[];
  readonly light: readonly number[];
}

/** Images of as many inputs, in the same order. */
export function preservationOf(inputs: readonly Planes[], images: readonly Planes[]): Preservation {
  const each = (measure: (before: Planes, after: Planes) => number) =>
    inputs.map((input, index) => measure(input, images[index]!));
  return {
    edges: each(edgeCorrelation),
    ssim: each(structuralSimilarity),
    change: each(differenceOf),
    light: each(lightCorrelation),
  };
}

export function preservationMetrics({ edges, ssim, change, light }: Preservation): Metrics {
  return { edges: meanOf(edges), ssim: meanOf(ssim), change: meanOf(change), light: meanOf(light) };
}

export function appearanceMetrics(images: readonly Planes[]): Metrics {
  const { period2, period4 } = gridEnergyOf(images);
  const grid = { grid: Math.max(period2, period4), grid2: period2, grid4: period4 };
  return { ...grid, variety: varietyOf(images), clipped: clippedShare(images) };
}

/** @param likelihoods of the target, by the style classifier */
export function styleMetrics(likelihoods: readonly number[]): Metrics {
  if (likelihoods.length === 0) return {};
  const taken = likelihoods.filter(likelihood => likelihood >= 0.5).length;
  return { style: taken / likelihoods.length, styleLikelihood: meanOf(likelihoods) };
}

/** A set of images, ready to be compared with others by distances. */
export interface DistanceMaterial {
  readonly projected: ProjectedSet;
  readonly features?: Features;
}

export async function distanceMaterial(
  images: readonly Planes[],
  {
    count,
    seed,
    network,
  }: { readonly count: number; readonly seed: number; readonly network?: FeatureNetwork | undefined },
): Promise<DistanceMaterial> {
  const projected = projectedSet(images, count, seed);
  return network ? { projected, features: await network.featuresOf(images) } : { projected };
}

export function distanceMetrics(images: DistanceMaterial, target: DistanceMaterial, seed: number): Metrics {
  const { mean, levels } = slicedWasserstein(images.projected, target.projected);
  const byLevel = Object.fromEntries(levels.map(({ side, distance }) => [`swd@${side}`, distance]));
  return { swd: mean, ...byLevel, ...featureMetrics(images.features, target.features, seed) };
}

/** Fewer rows than these give no estimate. */
const fewestFeatures = 4;

function featureMetrics(images: Features | undefined, target: Features | undefined, seed: number): Metrics {
  if (!images || !target || Math.min(images.length, target.length) < fewestFeatures) return {};
  const { mean, deviation } = kernelDistance(images, target, seed);
  return { kid: mean, kidDeviation: deviation, fid: frechetDistance(images, target) };
}

/** Images and their true counterparts, in the same order. */
export function truthMetrics(
  images: readonly Planes[],
  truths: readonly Planes[],
  classes: readonly ColourClass[] | undefined,
): Metrics {
  if (images.length === 0) return {};
  const { l1, psnr, similarity } = pairedMeasures(images, truths);
  if (!classes) return { l1, psnr, truthSsim: similarity };
  const { accuracy, balancedAccuracy, intersectionOverUnion } = classMeasures(images, truths, classes);
  return {
    l1,
    psnr,
    truthSsim: similarity,
    classAccuracy: accuracy,
    classBalanced: balancedAccuracy,
    classIou: intersectionOverUnion,
  };
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
