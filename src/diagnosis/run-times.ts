/** Times work by repeating it. It knows nothing of what is measured. */
import type { RunTimes } from './bench-report.js';

/** Fewer say nothing of how much runs differ. */
const fewestRuns = 3;
/** Work so slow that three runs take longer than this many budgets is measured by as many as fit. */
const mostBudgets = 5;

/**
 * @param run the work; what it leaves to prepare for is prepared in a first run that is told apart
 * @param budgetMs for the runs after the first
 */
export async function timeRuns(run: () => Promise<unknown>, budgetMs: number): Promise<Omit<RunTimes, 'loadMs'>> {
  const { ms: firstMs } = await timed(run);
  const times: number[] = [];
  const startMs = performance.now();
  let spentMs = 0;
  while (spentMs < budgetMs || (times.length < fewestRuns && spentMs < mostBudgets * budgetMs) || times.length === 0) {
    times.push((await timed(run)).ms);
    spentMs = performance.now() - startMs;
  }
  return { firstMs, runs: times.length, ...summary(times) };
}

export async function timed<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly ms: number }> {
  const startMs = performance.now();
  return { value: await work(), ms: performance.now() - startMs };
}

/** By rank, without interpolation: each figure is a run that happened. */
function summary(times: readonly number[]): Pick<RunTimes, 'medianMs' | 'lowMs' | 'highMs'> {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))]!;
  return { medianMs: at(0.5), lowMs: at(0.1), highMs: at(0.9) };
}
