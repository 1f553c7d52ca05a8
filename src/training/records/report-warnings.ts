/**
 * A run's warnings as a reader needs them: each code once, with the steps over which it was seen, and those that the
 * latest evaluation still gives apart from those that have gone.
 */
import type { TrainingWarning } from './history-event.js';
import type { RunHistory } from './read-history.js';

/** A warning as it was last worded. */
export interface SeenWarning extends TrainingWarning {
  readonly first: number;
  readonly last: number;
}

export interface ReportWarnings {
  readonly current: readonly SeenWarning[];
  readonly gone: readonly SeenWarning[];
}

export function reportWarnings({ evaluations, warnings }: RunHistory): ReportWarnings {
  const judged = evaluations.flatMap(({ step, warnings: found }) => found.map(warning => ({ ...warning, step })));
  const latest = evaluations.at(-1)?.step;
  const isCurrent = ({ last }: SeenWarning) => last === latest;
  const seen = byCode(judged);
  return { current: [...seen.filter(isCurrent), ...byCode(warnings)], gone: seen.filter(one => !isCurrent(one)) };
}

function byCode(found: readonly (TrainingWarning & { readonly step: number })[]): readonly SeenWarning[] {
  const seen = new Map<string, SeenWarning>();
  for (const { code, message, advice, step } of found) {
    seen.set(code, { code, message, advice, first: seen.get(code)?.first ?? step, last: step });
  }
  return [...seen.values()];
}
