/** The best evaluation of a run so far, and how long ago it was: for the checkpoint that is kept and for early stopping. */
import { isBetter, type MetricName } from '../evaluation/index.js';

/** Plain JSON, for checkpoints. */
export interface BestSoFar {
  readonly metric: MetricName;
  /** Of the best evaluation. */
  readonly step: number;
  readonly value: number;
  /** Evaluations since without a better one. */
  readonly worseSince: number;
}

/**
 * @param value of this evaluation; undefined where the metric could not be measured
 * @param better which way is, where the metric is a plugin's
 */
export function updateBest(
  before: BestSoFar | undefined,
  metric: MetricName,
  step: number,
  value: number | undefined,
  better?: 'higher' | 'lower',
): BestSoFar | undefined {
  const best = before?.metric === metric ? before : undefined;
  if (value !== undefined && isBetter(metric, value, best?.value, better))
    return { metric, step, value, worseSince: 0 };
  return best && { ...best, worseSince: best.worseSince + 1 };
}
