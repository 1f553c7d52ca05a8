/**
 * What translations of one direction are compared with, prepared once: the inputs, real images of the target, true
 * counterparts, and the same metrics of these that translations will get.
 */
import { Random } from '../../base/index.js';
import { type ColourClass, type ColourClassChoice, learnColourClasses } from './colour-classes.js';
import type { FeatureNetwork } from './feature-network.js';
import type { Features } from './kernel-distance.js';
import {
  appearanceMetrics,
  distanceMaterial,
  distanceMetrics,
  preservationMetrics,
  preservationOf,
  styleMetrics,
  truthMetrics,
} from './measure-images.js';
import { balanceScore, contentScore, type MetricRows, type Metrics } from './metrics.js';
import { type AskedMetrics, askMetrics } from './pair-metric.js';
import type { Planes } from './planes.js';
import { patchCount, projectedSet } from './sliced-wasserstein.js';
import type { HeldOutSplit } from './split-held-out.js';

/** Images of both domains, and what is known of their style: likelihoods of the target, of held-out images only. */
export interface DirectionImages {
  readonly inputs: HeldOutSplit;
  readonly targets?: HeldOutSplit | undefined;
  /** True counterparts, in the order of the inputs; absent where there is none. */
  readonly truths: readonly (Planes | undefined)[];
  readonly style?: { readonly inputs: readonly number[]; readonly targets: readonly number[] } | undefined;
}

export interface MeasureOptions {
  readonly seed: number;
  readonly network?: FeatureNetwork | undefined;
  readonly classes?: ColourClassChoice | undefined;
  /** Of plugins. */
  readonly asked: AskedMetrics;
}

export interface References {
  readonly rows: Omit<MetricRows, 'translated'>;
  readonly classes?: readonly ColourClass[] | undefined;
  /** Distances of a set of images, as many as there are inputs, to the target. */
  readonly distancesTo: (images: readonly Planes[]) => Promise<Metrics>;
  /** Metrics of images against their true counterparts, where there are any. */
  readonly truthsOf: (images: readonly Planes[]) => Metrics;
}

export async function prepareReferences(direction: DirectionImages, options: MeasureOptions): Promise<References> {
  const classes = classesFor(direction, options);
  const truthsOf = truthComparison(direction.truths, classes);
  const distances = direction.targets && (await targetDistances(direction.inputs, direction.targets, options));
  const distancesTo = distances?.of ?? (async () => ({}));
  const unchanged = {
    ...appearanceMetrics(direction.inputs.images),
    ...{ edges: 1, ssim: 1, change: 0, light: 1 },
    ...styleMetrics(direction.style?.inputs ?? []),
    ...(await distancesTo(direction.inputs.images)),
    ...truthsOf(direction.inputs.images),
    ...(await askMetrics(options.asked, direction.inputs.images, direction.inputs.images)).row,
  };
  const target = distances && (await targetRow(direction, truthsOf, distances.halves, options));
  const rows = withScores({ unchanged, ...(target && { target }) });
  const truth = await truthRow(direction, rows, options.asked);
  return { rows: { ...rows, ...(truth && { truth }) }, classes, distancesTo, truthsOf };
}

/** Content and balance, which need the other rows. */
export function scored(row: Metrics, { unchanged, target }: Omit<MetricRows, 'translated'>): Metrics {
  const content = target && contentScore(row, target);
  if (content === undefined) return row;
  const balance = target && balanceScore({ ...row, content }, unchanged, target);
  return { ...row, content, ...(balance !== undefined && { balance }) };
}

function withScores(rows: Omit<MetricRows, 'translated'>): Omit<MetricRows, 'translated'> {
  const { unchanged, target } = rows;
  return { unchanged: scored(unchanged, rows), ...(target && { target: scored(target, rows) }) };
}

async function targetDistances(inputs: HeldOutSplit, targets: HeldOutSplit, { seed, network }: MeasureOptions) {
  const count = patchCount(inputs.images.length, targets.images.length);
  const material = (images: readonly Planes[]) => distanceMaterial(images, { count, seed, network });
  const whole = await material(targets.images);
  return {
    of: async (images: readonly Planes[]) => distanceMetrics(await material(images), whole, seed),
    halves: halfDistances(targets.images, whole.features, count, seed),
  };
}

/** Of one half of the target's images to the other: what a perfect translation of half as many images would get. */
function halfDistances(
  images: readonly Planes[],
  features: Features | undefined,
  count: number,
  seed: number,
): Metrics {
  if (images.length < 2) return {};
  const [even, odd] = ([0, 1] as const).map(parity => {
    const half = <T>(items: readonly T[]) => items.filter((_, index) => index % 2 === parity);
    return { projected: projectedSet(half(images), count, seed), ...(features && { features: half(features) }) };
  });
  return distanceMetrics(even!, odd!, seed);
}

/** Real images of the target; for what compares with an input, one of them by chance for each input. */
async function targetRow(
  { inputs, targets, style }: DirectionImages,
  truthsOf: References['truthsOf'],
  halves: Metrics,
  { seed, asked }: MeasureOptions,
): Promise<Metrics> {
  const order = new Random(seed).shuffle([...targets!.images]);
  const random = inputs.images.map((_, index) => order[index % order.length]!);
  return {
    ...appearanceMetrics(targets!.images),
    ...preservationMetrics(preservationOf(inputs.images, random)),
    ...styleMetrics(style?.targets ?? []),
    ...halves,
    ...truthsOf(random),
    ...(await askMetrics(asked, inputs.images, random)).row,
  };
}

/** The true counterparts: what the measures give a perfect translation. */
async function truthRow(
  { inputs, truths }: DirectionImages,
  rows: Omit<MetricRows, 'translated'>,
  asked: AskedMetrics,
): Promise<Metrics | undefined> {
  const known = truths.flatMap((truth, index) => (truth ? [{ truth, input: inputs.images[index]! }] : []));
  if (known.length === 0) return undefined;
  const images = known.map(({ truth }) => truth);
  const before = known.map(({ input }) => input);
  const kept = preservationMetrics(preservationOf(before, images));
  return scored({ ...appearanceMetrics(images), ...kept, ...(await askMetrics(asked, before, images)).row }, rows);
}

function truthComparison(truths: readonly (Planes | undefined)[], classes: readonly ColourClass[] | undefined) {
  return (images: readonly Planes[]): Metrics => {
    const known = images.filter((_, index) => truths[index]);
    return truthMetrics(
      known,
      truths.filter(truth => truth !== undefined),
      classes,
    );
  };
}

function classesFor(
  { truths }: DirectionImages,
  { classes, seed }: MeasureOptions,
): readonly ColourClass[] | undefined {
  const known = truths.filter(truth => truth !== undefined);
  if (classes === undefined || known.length === 0) return undefined;
  return typeof classes === 'number' ? learnColourClasses(known, classes, seed) : classes;
}
