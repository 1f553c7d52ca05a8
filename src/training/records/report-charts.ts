/**
 * The history as curves: which charts there are, which series are in one, and few enough points to draw. What varies
 * together stands together: the losses of both directions, a metric of both directions. Plain data for the page's script.
 */
import type { EventOf } from './history-event.js';
import type { RunHistory } from './read-history.js';

/** `[step, mean, lowest, highest]` over some neighbouring lines of the history. */
export type ChartPoint = readonly [step: number, mean: number, low: number, high: number];

export interface ChartSeries {
  readonly name: string;
  readonly points: readonly ChartPoint[];
}

export interface Chart {
  readonly title: string;
  /** How values are written: as they are, or a share of 1 in per cent. */
  readonly format: 'number' | 'share';
  /** Whether the switch for a logarithmic scale is for it. */
  readonly canLog: boolean;
  /** Whether single values are noise, so that curves are smoothed. */
  readonly canSmooth: boolean;
  /** Whether the vertical axis begins at 0, however small the changes. */
  readonly fromZero: boolean;
  readonly series: readonly ChartSeries[];
  /** Levels to compare with. */
  readonly references: readonly { readonly title: string; readonly series: string; readonly value: number }[];
}

export interface ChartGroup {
  readonly title: string;
  readonly charts: readonly Chart[];
}

type Values = Readonly<Record<string, number>>;
type Line = readonly [step: number, value: number];

const mostPoints = 400;
/** What the losses of the usual recipes are called in a title; others stand under their own name. */
const lossTitles: Readonly<Record<string, string>> = {
  G: 'Adversarial, generator',
  D: 'Adversarial, discriminator',
  cycle: 'Cycle',
  idt: 'Identity',
  NCE: 'PatchNCE',
};

/** Groups without any curve are left out. */
export function chartGroups(history: RunHistory): readonly ChartGroup[] {
  const groups = [
    { title: 'Metrics', charts: metricCharts(history) },
    { title: 'Losses', charts: lossCharts(history.steps) },
    { title: 'Rates and speed', charts: [...rateCharts(history.steps), ...speedCharts(history.steps)] },
  ];
  return groups.filter(({ charts }) => charts.length > 0);
}

function lossCharts(steps: RunHistory['steps']): readonly Chart[] {
  const names = namesOf(steps.map(({ losses }) => losses));
  const stems = groupBy(names, name => name.replace(/_[^_]*$/, ''));
  return [...stems].map(([stem, members]) => ({
    ...blank(lossTitles[stem] ?? stem),
    canLog: true,
    canSmooth: true,
    series: members.map(name =>
      series(
        name,
        linesOf(steps, event => event.losses[name]),
      ),
    ),
  }));
}

function rateCharts(steps: RunHistory['steps']): readonly Chart[] {
  const names = namesOf(steps.map(({ rates }) => rates));
  if (names.length === 0) return [];
  const curves = names.map(name =>
    series(
      name,
      linesOf(steps, event => event.rates[name]),
    ),
  );
  return [{ ...blank('Learning rate'), canLog: true, series: curves }];
}

function speedCharts(steps: RunHistory['steps']): readonly Chart[] {
  if (steps.length === 0) return [];
  const images = series(
    'images/s',
    linesOf(steps, event => event.imagesPerSecond),
  );
  const wait = series(
    'share of the time',
    linesOf(steps, event => event.dataWaitShare),
  );
  return [
    { ...blank('Images per second'), canSmooth: true, fromZero: true, series: [images] },
    { ...blank('Waiting for data'), format: 'share', canSmooth: true, fromZero: true, series: [wait] },
  ];
}

/** A chart for each metric, a series for each group that has it. */
function metricCharts({ evaluations }: RunHistory): readonly Chart[] {
  const names = namesOf(evaluations.map(({ metrics }) => metrics));
  const metrics = groupBy(names, name => splitMetric(name)[1]);
  const references = evaluations.at(-1)?.references ?? [];
  return [...metrics].map(([metric, members]) => ({
    ...blank(metric),
    series: members.map(name =>
      series(
        seriesName(name),
        linesOf(evaluations, event => event.metrics[name]),
      ),
    ),
    references: references.flatMap(reference =>
      members
        .filter(name => Number.isFinite(reference.metrics[name]))
        .map(name => ({ title: reference.title, series: seriesName(name), value: reference.metrics[name]! })),
    ),
  }));
}

/**
 * Group and name of a metric: `horse→zebra/style` ↦ `['horse→zebra', 'style']`; the group may be empty. Names of plugins' metrics
 * have slashes of their own.
 */
export function splitMetric(name: string): readonly [group: string, metric: string] {
  const at = name.indexOf('/');
  return [name.slice(0, Math.max(0, at)), name.slice(at + 1)];
}

function seriesName(name: string): string {
  const [group, metric] = splitMetric(name);
  return group || metric;
}

const blank = (title: string): Omit<Chart, 'series'> => ({
  title,
  format: 'number',
  canLog: false,
  canSmooth: false,
  fromZero: false,
  references: [],
});

function namesOf(records: readonly Values[]): readonly string[] {
  return [...new Set(records.flatMap(record => Object.keys(record)))];
}

function groupBy(names: readonly string[], keyOf: (name: string) => string): ReadonlyMap<string, readonly string[]> {
  const groups = new Map<string, string[]>();
  for (const name of names) groups.set(keyOf(name), [...(groups.get(keyOf(name)) ?? []), name]);
  return groups;
}

function linesOf<Event extends EventOf<'step' | 'evaluation'>>(
  events: readonly Event[],
  pick: (event: Event) => number | undefined,
): readonly Line[] {
  return events.flatMap(event => {
    const value = pick(event);
    return value !== undefined && Number.isFinite(value) ? [[event.step, value] as const] : [];
  });
}

const series = (name: string, lines: readonly Line[]): ChartSeries => ({ name, points: thinOut(lines) });

/** Neighbours are put together until there are no more than `mostPoints`. */
function thinOut(lines: readonly Line[]): readonly ChartPoint[] {
  const together = Math.ceil(lines.length / mostPoints);
  const points: ChartPoint[] = [];
  for (let at = 0; at < lines.length; at += together) points.push(pointOf(lines.slice(at, at + together)));
  return points;
}

function pointOf(lines: readonly Line[]): ChartPoint {
  const values = lines.map(([, value]) => value);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return [lines.at(-1)![0], digits(mean), digits(Math.min(...values)), digits(Math.max(...values))];
}

/** Five digits are more than a screen shows. */
const digits = (value: number): number => Number(value.toPrecision(5));
