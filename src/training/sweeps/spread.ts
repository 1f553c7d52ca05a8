/** Several measurements of one thing: their mean, and how far they lie apart. */
export interface Spread {
  readonly mean: number;
  /** Standard deviation of a sample; undefined of a single value. */
  readonly deviation: number | undefined;
  readonly count: number;
}

/** Undefined where there is no value. Values that are no finite numbers count as none. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const known = values.filter(Number.isFinite);
  const count = known.length;
  if (count === 0) return undefined;
  const mean = known.reduce((sum, value) => sum + value, 0) / count;
  if (count === 1) return { mean, deviation: undefined, count };
  const variance = known.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  return { mean, deviation: Math.sqrt(variance), count };
}

/** `0.52 ± 0.03`; without a deviation the mean alone, and nothing of nothing. @param factor of both, for percents */
export function spreadText(spread: Spread | undefined, digits: number, factor = 1): string {
  if (!spread) return '';
  const mean = (factor * spread.mean).toFixed(digits);
  return spread.deviation === undefined ? mean : `${mean} ± ${(factor * spread.deviation).toFixed(digits)}`;
}
