/**
 * The names under which everything is reported, in a flat record: what a table prints, a history keeps, and a training may
 * choose its best checkpoint by. Names are part of the interface: scripts and configurations use them.
 */
import type { PluginName } from '../plugin-names.js';

export interface MetricFacts {
  /** For the tables. */
  readonly title: string;
  /** Undefined: a fact that is neither good nor bad by itself. */
  readonly better?: 'higher' | 'lower';
  /** `share`: from 0 to 1, shown in percent. */
  readonly unit?: 'share' | 'dB' | (string & {});
}

export const metricFacts = {
  style: { title: 'taken for the target', better: 'higher', unit: 'share' },
  styleLikelihood: { title: 'mean likelihood of the target', better: 'higher', unit: 'share' },
  content: { title: 'content kept', better: 'higher' },
  balance: { title: 'style and content', better: 'higher' },
  edges: { title: 'correlation of edges', better: 'higher' },
  ssim: { title: 'SSIM with the input', better: 'higher' },
  cycle: { title: 'L1 there and back', better: 'lower' },
  swd: { title: 'sliced Wasserstein', better: 'lower' },
  kid: { title: 'KID', better: 'lower' },
  kidDeviation: { title: '  deviation' },
  fid: { title: 'FID', better: 'lower' },
  grid: { title: 'grid, stronger of the two', better: 'lower', unit: 'dB' },
  grid2: { title: 'grid of period 2', better: 'lower', unit: 'dB' },
  grid4: { title: 'grid of period 4', better: 'lower', unit: 'dB' },
  l1: { title: 'L1 to the truth', better: 'lower' },
  psnr: { title: 'PSNR', better: 'higher', unit: 'dB' },
  truthSsim: { title: 'SSIM with the truth', better: 'higher' },
  classAccuracy: { title: 'pixels of the right class', better: 'higher', unit: 'share' },
  classBalanced: { title: 'mean over classes', better: 'higher', unit: 'share' },
  classIou: { title: 'mean IoU of classes', better: 'higher', unit: 'share' },
  change: { title: 'L1 to the input' },
  light: { title: 'correlation of light' },
  variety: { title: 'variety' },
  clipped: { title: 'clipped values', unit: 'share' },
  notFinite: { title: 'images with NaN or infinite values', better: 'lower', unit: 'share' },
} as const satisfies Readonly<Record<string, MetricFacts>>;

/** `swd@128`: the distance on the pyramid's level of 128 pixels. `PLUGIN/ID`: measured by a plugin. */
export type MetricName = keyof typeof metricFacts | `swd@${number}` | PluginName;
export type Metrics = Readonly<Partial<Record<MetricName, number>>>;

/** Metrics by which a best checkpoint can be told. */
export const rankingMetrics = (Object.keys(metricFacts) as (keyof typeof metricFacts)[]).filter(
  name => factsOf(name).better !== undefined,
);

/** @param ofPlugins what is known of metrics that plugins measured */
export function factsOf(name: MetricName, ofPlugins: Readonly<Record<string, MetricFacts>> = {}): MetricFacts {
  if (name in metricFacts) return metricFacts[name as keyof typeof metricFacts];
  if (name.includes('/')) return ofPlugins[name] ?? { title: name };
  return { title: `  at ${name.slice('swd@'.length)} pixels`, better: 'lower' };
}

/**
 * Whether `value` is better than `best` by the metric `name`; any number is better than none.
 * @param better which way is, where the metric is a plugin's
 */
export function isBetter(
  name: MetricName,
  value: number,
  best: number | undefined,
  better = factsOf(name).better,
): boolean {
  if (!Number.isFinite(value)) return false;
  if (best === undefined) return true;
  return better === 'lower' ? value < best : value > best;
}

/** All metrics of an image set, beside the same of what it is to be compared with. */
export interface MetricRows {
  readonly translated: Metrics;
  /** The inputs as they are, taken for translations. */
  readonly unchanged: Metrics;
  /** Real images of the target: for measures that compare with an input, one by chance for each. */
  readonly target?: Metrics;
  /** The true counterparts. */
  readonly truth?: Metrics;
}

/**
 * Where `value` lies on the way from a random image of the target (0) to the unchanged input (1), by how well edges and
 * structure of the input are kept: the mean of two such places. At 0.5 half of the way.
 */
export function contentScore(value: Metrics, random: Metrics): number | undefined {
  const places = (['edges', 'ssim'] as const).map(name => placeBetween(random[name], 1, value[name]));
  return places.includes(undefined)
    ? undefined
    : places.reduce<number>((sum, place) => sum + place!, 0) / places.length;
}

/**
 * The geometric mean of content and style, either between 0 and 1: content as above, style as the place of the mean
 * likelihood between that of the inputs (0) and of real images of the target (1). High only where both are.
 */
export function balanceScore(value: Metrics, unchanged: Metrics, target: Metrics): number | undefined {
  const style = placeBetween(unchanged.styleLikelihood, target.styleLikelihood, value.styleLikelihood);
  if (style === undefined || value.content === undefined) return undefined;
  return Math.sqrt(between0And1(style) * between0And1(value.content));
}

function placeBetween(zero: number | undefined, one: number | undefined, value: number | undefined) {
  if (zero === undefined || one === undefined || value === undefined || !(one > zero)) return undefined;
  return (value - zero) / (one - zero);
}

function between0And1(value: number): number {
  return Math.min(1, Math.max(0, value));
}
