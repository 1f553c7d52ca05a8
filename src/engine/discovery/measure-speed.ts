/**
 * How many images a second, within a time budget and on a device of which nothing is known: small images first, and
 * larger ones only where there is time for them, since a slow device must not keep anybody waiting.
 */
import type { MeasuredSpeed } from './engine-report.js';

/**
 * Of the largest of `sizes` (the first at least) whose two runs are expected to end in time. The first run of a size
 * does not count: it compiles and allocates. The runs that count are as many as the time left allows, their median.
 * @param endMs on the scale of `performance.now()`
 */
export async function measureSpeed(
  run: (size: number) => Promise<unknown>,
  sizes: readonly number[],
  endMs: number,
): Promise<MeasuredSpeed> {
  let [size, ms] = [sizes[0]!, await secondRun(run, sizes[0]!)];
  for (const next of sizes.slice(1)) {
    const expectedMs = ms * (next / size) ** 2;
    if (performance.now() + 3 * expectedMs > endMs) break;
    [size, ms] = [next, await secondRun(run, next)];
  }
  const times = [ms];
  while (performance.now() + ms < endMs) times.push(await timed(() => run(size)));
  times.sort((a, b) => a - b);
  return { size, imagesPerSecond: 1000 / times[Math.floor(times.length / 2)]! };
}

async function secondRun(run: (size: number) => Promise<unknown>, size: number): Promise<number> {
  await run(size);
  return timed(() => run(size));
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}
