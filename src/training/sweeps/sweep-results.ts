/** What came of a sweep's trainings, read from their histories, and which row did best. Plain data, as `results.json` holds it. */
import { factsOf, isBetter, type MetricName } from '../evaluation/index.js';
import { readHistory } from '../records/index.js';
import { type Spread, spreadOf } from './spread.js';
import type { SweepRow, SweepRun } from './sweep-rows.js';

export interface RunResult {
  readonly name: string;
  readonly seed: number;
  readonly state: 'finished' | 'unfinished' | 'failed';
  /** Why it failed. */
  readonly error?: { readonly code: string; readonly message: string } | undefined;
  /** Steps done. */
  readonly steps: number;
  readonly wallMs?: number | undefined;
  /** Of all threads. */
  readonly cpuMs?: number | undefined;
  /** Of the last evaluation, by `horse→zebra/style`, and its step. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly evaluatedAt?: number | undefined;
  /** Means over the last steps. */
  readonly losses: Readonly<Record<string, number>>;
}

export interface RowResult {
  readonly name: string;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly runs: readonly RunResult[];
  /** Over the seeds that were trained to the end. */
  readonly rank: Spread | undefined;
  readonly metrics: Readonly<Record<string, Spread>>;
  readonly losses: Readonly<Record<string, Spread>>;
  readonly wallMs: Spread | undefined;
  readonly cpuMs: Spread | undefined;
  readonly isBest: boolean;
}

export interface SweepResults {
  /** The metric by which the best row is told. */
  readonly best: string;
  readonly rows: readonly RowResult[];
}

/** @param out the run's folder @param error why it failed, where somebody knows */
export async function runResult(run: SweepRun, out: string, error?: RunResult['error']): Promise<RunResult> {
  const { name, seed } = run;
  const history = await readHistory(out).catch(() => undefined);
  const end = history?.end;
  const evaluation = history?.evaluations.at(-1);
  const taken = end ?? history?.checkpoints.at(-1);
  const message = end?.reason === 'failed' ? { code: 'failed', message: end.message ?? '' } : undefined;
  const why = end?.reason === 'finished' ? undefined : (error ?? message);
  return {
    ...{ name, seed, error: why },
    state: why ? 'failed' : end?.reason === 'finished' ? 'finished' : 'unfinished',
    steps: taken?.step ?? 0,
    ...{ wallMs: taken?.elapsedMs, cpuMs: taken?.cpuMs },
    ...{ metrics: evaluation?.metrics ?? {}, evaluatedAt: evaluation?.step },
    losses: history?.steps.at(-1)?.losses ?? {},
  };
}

/** @param best the metric by which the best row is told */
export function sweepResults(rows: readonly SweepRow[], runs: readonly RunResult[], best: string): SweepResults {
  const results = rows.map(row => rowResult(row, runs, best));
  const ranked = results.filter(({ rank }) => rank !== undefined);
  const winner = ranked.reduce<RowResult | undefined>(
    (before, row) => (isBetter(best as MetricName, row.rank!.mean, before?.rank?.mean) ? row : before),
    undefined,
  );
  // Which way of a plugin's metric is better, a history does not say.
  const isKnown = factsOf(best as MetricName).better !== undefined;
  return { best, rows: results.map(row => ({ ...row, isBest: isKnown && row === winner })) };
}

function rowResult({ name, settings }: SweepRow, all: readonly RunResult[], best: string): RowResult {
  const runs = all.filter(run => run.name === `${name}-s${run.seed}`);
  const finished = runs.filter(({ state }) => state === 'finished');
  const known = (values: readonly (number | undefined)[]) => spreadOf(values.filter(value => value !== undefined));
  return {
    ...{ name, settings, runs, isBest: false },
    rank: known(finished.map(({ metrics }) => rankOf(metrics, best))),
    metrics: spreads(finished.map(({ metrics }) => metrics)),
    losses: spreads(finished.map(({ losses }) => losses)),
    wallMs: known(finished.map(({ wallMs }) => wallMs)),
    cpuMs: known(finished.map(({ cpuMs }) => cpuMs)),
  };
}

/** The mean over the directions. */
function rankOf(metrics: Readonly<Record<string, number>>, best: string): number | undefined {
  const values = Object.entries(metrics).flatMap(([name, value]) =>
    name.slice(name.indexOf('/') + 1) === best ? [value] : [],
  );
  return values.length === 0 ? undefined : spreadOf(values)?.mean;
}

function spreads(each: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, Spread>> {
  const names = [...new Set(each.flatMap(values => Object.keys(values)))];
  const found = names.map(name => [name, spreadOf(each.map(values => values[name] ?? Number.NaN))] as const);
  return Object.fromEntries(found.filter((entry): entry is readonly [string, Spread] => entry[1] !== undefined));
}
