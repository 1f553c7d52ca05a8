/**
 * What usually goes wrong with such trainings, recognised from measurements, and what to try. Each rule is a test, a
 * sentence and a remedy; thresholds were set on pictures made to fail in that way and on trainings that did not. A rule
 * that lacks what it needs says nothing.
 */
import type { MetricRows } from './metrics.js';

/** The latest adversarial losses of this direction, oldest first: some hundred steps say enough. */
export interface AdversarialHistory {
  readonly loss: 'lsgan' | 'vanilla' | 'hinge' | 'wgan-gp';
  readonly discriminator: readonly number[];
  readonly generator: readonly number[];
}

export interface Evidence {
  readonly rows: MetricRows;
  /** Translations that were judged. */
  readonly images: number;
  /** Of the style classifier, on images it was not fitted on. */
  readonly classifierAccuracy?: number | undefined;
  readonly adversarial?: AdversarialHistory | undefined;
  /** Classes of colours, where true counterparts were compared by them. */
  readonly classes?: number | undefined;
}

export interface Warning {
  readonly id: WarningId;
  readonly sentence: string;
  /** What to try. */
  readonly remedy: string;
}

interface Rule {
  readonly id: string;
  readonly holds: (evidence: Evidence) => boolean;
  readonly sentence: (evidence: Evidence) => string;
  readonly remedy: string;
}

/** Discriminator's loss below, generator's above: it tells real from made without fail, and what it says teaches nothing. */
const lostTo: Partial<Record<AdversarialHistory['loss'], readonly [discriminator: number, generator: number]>> = {
  lsgan: [0.03, 0.8],
  vanilla: [0.1, 3],
  hinge: [0.1, 0.9],
};

/** Steps over which losses are averaged. */
const lossWindow = 200;
const fewImages = 10;

const rules = [
  {
    id: 'not-numbers',
    holds: ({ rows }) => (rows.translated.notFinite ?? 0) > 0,
    sentence: ({ rows }) => `${percent(rows.translated.notFinite)} of the translations contain NaN or infinite values.`,
    remedy: 'Go back to an earlier checkpoint and lower --learning-rate.',
  },
  {
    id: 'inverted-colours',
    holds: ({ rows }) => isBelow(rows.translated.light, rows.truth ? Math.min(-0.2, rows.truth.light! - 0.5) : -0.2),
    sentence: ({ rows }) =>
      `Light and dark are exchanged: brightness of input and translation has a correlation of ${figure(rows.translated.light)}.`,
    remedy:
      'The networks have converged to the inverted solution, which the cycle loss allows. Start again with another --seed ' +
      'or a larger --identity.',
  },
  {
    id: 'exchanged-classes',
    holds: ({ rows, classes }) => classes !== undefined && isBelow(rows.translated.classBalanced, 0.8 / classes),
    sentence: ({ rows }) =>
      `Classes are exchanged: of each true class, ${percent(rows.translated.classBalanced)} of the pixels are found on average, fewer than by chance.`,
    remedy: 'Start again with another --seed or a larger --identity.',
  },
  {
    id: 'collapsed',
    holds: ({ rows, images }) => images >= fewImages && isBelow(rows.translated.variety, 0.3 * leastVariety(rows)),
    sentence: ({ rows }) =>
      `The translations are nearly all alike: they differ by ${figure(rows.translated.variety)} from each other, real images by ${figure(leastVariety(rows))}.`,
    remedy: 'Raise --cycle, or start again with another --seed.',
  },
  {
    id: 'unchanged',
    holds: ({ rows: { translated, unchanged } }) =>
      isBelow(translated.change, 0.03) && (translated.style ?? 0) - (unchanged.style ?? 0) < 0.1,
    sentence: ({ rows }) =>
      `The translations are nearly the inputs: they differ by ${percent(rows.translated.change)} of the range on average.`,
    remedy: 'Train longer; if that does not help, lower --identity and --cycle.',
  },
  {
    id: 'grid',
    holds: ({ rows }) => gridExcess(rows) > 3,
    sentence: ({ rows }) =>
      `A grid lies over the translations: its lines are ${figure(gridExcess(rows))} dB stronger than in real images.`,
    remedy: 'Upsample by doubling and a convolution (--upsample resize), and average the weights (--ema 0.999).',
  },
  {
    id: 'clipped',
    holds: ({ rows }) => (rows.translated.clipped ?? 0) > 0.1 + 3 * mostClipped(rows),
    sentence: ({ rows }) =>
      `${percent(rows.translated.clipped)} of the values are pure white or black, without detail.`,
    remedy: 'Lower --learning-rate, or raise --identity, which holds colours in place.',
  },
  {
    id: 'discriminator-won',
    holds: ({ adversarial }) => hasLost(adversarial),
    sentence: ({ adversarial }) =>
      `The discriminator always tells real images from translated ones (its loss ${figure(recent(adversarial!.discriminator))}, the generator's ${figure(recent(adversarial!.generator))}): the generator learns nothing from it.`,
    remedy:
      'Lower --discriminator-rate or --discriminator-width; for small folders, --augment keeps it from memorising them.',
  },
  {
    id: 'content-lost',
    holds: ({ rows, images }) => images >= fewImages && isBelow(rows.translated.content, truthShare(rows)),
    sentence: ({ rows }) =>
      `Little of the input is left: content is at ${figure(rows.translated.content)}, where 0 is a random image of the target and 1 the input.`,
    remedy: 'Raise --cycle.',
  },
  {
    id: 'weak-classifier',
    holds: ({ classifierAccuracy }) => isBelow(classifierAccuracy, 0.7),
    sentence: ({ classifierAccuracy }) =>
      `The style classifier is right on only ${percent(classifierAccuracy)} of held-out images: what it says of translations means little.`,
    remedy: 'Give it more images (--train-a, --train-b), or look at the distances instead.',
  },
  {
    id: 'few-images',
    holds: ({ images }) => images < fewImages,
    sentence: ({ images }) =>
      `Only ${images} ${images === 1 ? 'image was' : 'images were'} judged: every figure is rough.`,
    remedy: 'Evaluate at least 30 images, better 100.',
  },
] as const satisfies readonly Rule[];

export type WarningId = (typeof rules)[number]['id'];
export const warningIds: readonly WarningId[] = rules.map(({ id }) => id);

/** Those that hold, gravest first. */
export function warningsOf(evidence: Evidence): readonly Warning[] {
  return rules
    .filter(rule => rule.holds(evidence))
    .map(({ id, sentence, remedy }) => ({ id, sentence: sentence(evidence), remedy }));
}

function isBelow(value: number | undefined, limit: number): boolean {
  return value !== undefined && value < limit;
}

function leastVariety({ unchanged, target }: MetricRows): number {
  return Math.min(unchanged.variety ?? 0, target?.variety ?? Number.POSITIVE_INFINITY);
}

/** Decibels by which the stronger grid exceeds that of inputs and real images, or 0 dB where these have none. */
function gridExcess({ translated, unchanged, target }: MetricRows): number {
  const excess = (name: 'grid2' | 'grid4') =>
    (translated[name] ?? 0) - Math.max(0, unchanged[name] ?? 0, target?.[name] ?? 0);
  return Math.max(excess('grid2'), excess('grid4'));
}

function mostClipped({ unchanged, target }: MetricRows): number {
  return Math.max(unchanged.clipped ?? 0, target?.clipped ?? 0);
}

/** A quarter of the way, or of what the true counterparts keep where these are known to keep less. */
function truthShare({ truth }: MetricRows): number {
  return Math.min(0.25, 0.5 * (truth?.content ?? 1));
}

function hasLost(history: AdversarialHistory | undefined): boolean {
  const limits = history && lostTo[history.loss];
  if (!limits || history.discriminator.length < lossWindow) return false;
  return recent(history.discriminator) < limits[0] && recent(history.generator) > limits[1];
}

function recent(losses: readonly number[]): number {
  const last = losses.slice(-lossWindow);
  return last.reduce((sum, loss) => sum + loss, 0) / last.length;
}

function percent(share: number | undefined): string {
  return `${Math.round(100 * (share ?? 0))} %`;
}

function figure(value: number | undefined): string {
  return (value ?? 0).toFixed(2);
}
