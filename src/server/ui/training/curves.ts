/** Curves of a run as numbers: which there are, smoothed, and side by side with those of another run. Knows no page. */
import type { TrainingDetail } from '../contract.js';

export interface Curve {
  /** `losses/cycleA`. */
  readonly key: string;
  readonly title: string;
  readonly steps: readonly number[];
  readonly values: readonly (number | null)[];
  /** Levels to compare with: `title`, value. */
  readonly references: readonly (readonly [string, number])[];
}

/** Losses first, then evaluations, then rates and speed. */
export function curvesOf({ curve, evaluations }: TrainingDetail): readonly Curve[] {
  return [
    ...columns('losses', curve, point => point.values),
    ...columns('evaluation', evaluations, point => point.values).map(one => ({
      ...one,
      references: (evaluations.at(-1)?.references ?? []).flatMap(({ title, values }) => {
        const level = values[one.title];
        return typeof level === 'number' ? [[title, level] as const] : [];
      }),
    })),
    ...columns('rates', curve, point => point.rates).map(one => ({ ...one, title: `learning rate, ${one.title}` })),
    ...columns('speed', curve, point => ({ 'images a second': point.imagesPerSecond })),
  ];
}

function columns<Point extends { readonly step: number }>(
  group: string,
  points: readonly Point[],
  valuesOf: (point: Point) => Readonly<Record<string, number | null>>,
): readonly Curve[] {
  const names = [...new Set(points.flatMap(point => Object.keys(valuesOf(point))))];
  const steps = points.map(({ step }) => step);
  return names.map(title => ({
    ...{ key: `${group}/${title}`, title, steps, references: [] },
    values: points.map(point => valuesOf(point)[title] ?? null),
  }));
}

/** With fewer points than this every one is an event of its own, and nothing is smoothed; the report does the same. */
const fewPoints = 30;

/** Exponential moving average, its start corrected as in Adam (Kingma & Ba 2015, section 3). @param weight of what was before, [0, 1) */
export function smooth(values: readonly (number | null)[], weight: number): readonly (number | null)[] {
  if (values.length < fewPoints) return values;
  let [sum, count] = [0, 0];
  return values.map(value => {
    if (value === null || weight === 0) return value;
    sum = weight * sum + (1 - weight) * value;
    count++;
    return sum / (1 - weight ** count);
  });
}

/** One axis of steps for both: `[steps, values, other's values]`; gaps are null where only the other one has the step. */
export function beside(one: Curve, other: Curve | undefined, weight: number) {
  const mine = new Map(pair(one.steps, smooth(one.values, weight)));
  const theirs = other && new Map(pair(other.steps, smooth(other.values, weight)));
  const steps = [...new Set([...mine.keys(), ...(theirs?.keys() ?? [])])].sort((a, b) => a - b);
  return [
    steps,
    steps.map(step => mine.get(step) ?? null),
    ...(theirs ? [steps.map(step => theirs.get(step) ?? null)] : []),
  ] as const;
}

function pair(steps: readonly number[], values: readonly (number | null)[]): [number, number | null][] {
  return steps.map((step, at) => [step, values[at] ?? null]);
}
