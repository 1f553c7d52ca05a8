/**
 * How much of what was seen ranges are to hold: all images or nearly all, and how much more. Wider ranges have coarser steps,
 * narrower ones cut values off, and which costs more depends on the network, so that it is tried.
 */
import type { Extent, ObservedModelRanges, ObservedRanges } from './observed-ranges.js';
import { type Rounding, rangesWith, roundingsOf, type Trial, toldDistance } from './trial.js';

const shares = [1, 0.97, 0.9, 0.75] as const;
const margins = [0.25, 0.1] as const;

const extents: readonly Extent[] = margins.flatMap(margin => shares.map(share => ({ share, margin })));

/**
 * Inputs' by runs in which nobody rounds results, for what rounding costs would hide it; then results' by runs in which they are rounded. Of
 * convolutions that may have whole sums, where there are any: others, such as the last layer, harm so much more that nothing else is seen.
 */
export async function nearestRanges(
  trial: Trial,
  observed: ObservedRanges,
  onProgress: (line: string) => void,
): Promise<ObservedModelRanges> {
  const nearest = async (what: string, rounding: Rounding, rangesOf: (extent: Extent) => ObservedModelRanges) => {
    let best: { readonly extent: Extent; readonly strain: number } | undefined;
    for (const extent of extents) {
      const ranges = rangesOf(extent);
      const distance = await trial.distance(rangesWith(ranges, alike(ranges, rounding)));
      const strain = trial.strainOf(distance);
      const { share, margin } = extent;
      onProgress(
        `ranges of ${what} of ${100 * share} % of the images and ${100 * margin} % more: ${toldDistance(distance)}`,
      );
      if (!best || strain < best.strain) best = { extent, strain };
    }
    return best!.extent;
  };
  const into = await nearest('inputs', 'sums', extent => observed.rangesFor({ into: extent, outOf: extents[0]! }));
  const outOf = await nearest('results', 'bytes', extent => observed.rangesFor({ into, outOf: extent }));
  return observed.rangesFor({ into, outOf });
}

function alike(ranges: ObservedModelRanges, rounding: Rounding): ReadonlyMap<string, Rounding> {
  const all = Object.entries(ranges).map(([name, each]) => ({ name, may: roundingsOf(each) }));
  const haveSums = all.filter(({ may }) => may.includes('sums'));
  if (haveSums.length > 0) return new Map(haveSums.map(({ name }) => [name, rounding]));
  return new Map(all.map(({ name }) => [name, 'bytes']));
}
