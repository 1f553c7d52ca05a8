/**
 * An evaluation in the few figures that lists of models show: how much a translation is of the target, and what is left of
 * the input, beside the same of the unchanged input and of real images. What was not measured is absent.
 */
import type { ModelQuality, QualityFigure } from '../../plugin-api/index.js';
import type { Evaluation } from './evaluation.js';
import { factsOf, type MetricName } from './metrics.js';

/** The most telling first; decimals that are shown of each. */
const toldFigures = { style: 1, content: 2, classAccuracy: 1, l1: 4 } as const satisfies Partial<
  Record<MetricName, number>
>;

/**
 * Undefined where none of them could be measured.
 * @param step of the training: weights go on changing after an evaluation
 */
export function qualityOf(
  evaluation: Pick<Evaluation, 'from' | 'images' | 'rows'>,
  step: number,
): ModelQuality | undefined {
  const names = Object.keys(toldFigures) as (keyof typeof toldFigures)[];
  const figures = names.flatMap(name => figureOf(evaluation, name) ?? []);
  if (figures.length === 0) return undefined;
  return { on: `${evaluation.images} held-out images of ${evaluation.from}, at step ${step}`, figures };
}

function figureOf({ rows }: Pick<Evaluation, 'rows'>, name: keyof typeof toldFigures): QualityFigure | undefined {
  const { title, better, unit } = factsOf(name);
  const [value, unchanged, real] = [rows.translated, rows.unchanged, rows.target].map(row => row?.[name]);
  if (value === undefined) return undefined;
  const shown = (share: number) => Number((unit === 'share' ? 100 * share : share).toFixed(toldFigures[name]));
  return {
    name: title,
    value: shown(value),
    ...(unit === 'share' && { unit: '%' }),
    better: better ?? 'higher',
    ...(unchanged !== undefined && { unchanged: shown(unchanged) }),
    ...(real !== undefined && { real: shown(real) }),
  };
}
