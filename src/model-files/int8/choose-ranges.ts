/**
 * How many of the images that were seen ranges are to hold: all or nearly all. Wider ranges have coarser steps; of images that go beyond
 * narrower ones some results are cut off, and all steps coarser. Which costs more depends on the network, so that it is tried.
 */
import type { ObservedModelRanges, ObservedRanges } from './observed-ranges.js';
import { type Rounding, rangesWith, roundingsOf, type Trial, toldDistance } from './trial.js';

/** The widest first: others' images go further. */
const shares = [1, 0.97, 0.9, 0.75] as const;

/** Narrower ranges are to be nearer by so much, half a decibel: among few images less may be chance. */
const worthwhile = 0.9;

/**
 * Inputs' by runs in which nobody rounds results, for what rounding costs would hide it; then results' by runs in which they are rounded. Of
 * convolutions that may have whole sums, where there are any: others, such as the last layer, harm so much more that nothing else is seen.
 */
export async function nearestRanges(
  trial: Trial,
  observed: ObservedRanges,
  onProgress: (line: string) => void,
): Promise<ObservedModelRanges> {
  const nearest = async (what: string, rounding: Rounding, rangesFor: (share: number) => ObservedModelRanges) => {
    let best: { readonly share: number; readonly strain: number } | undefined;
    for (const share of shares) {
      const ranges = rangesFor(share);
      const distance = await trial.distance(rangesWith(ranges, alike(ranges, rounding)));
      const strain = trial.strainOf(distance);
      onProgress(`ranges of ${what} of ${100 * share} % of the images: ${toldDistance(distance)}`);
      if (!best || strain < worthwhile * best.strain) best = { share, strain };
    }
    return best!.share;
  };
  const into = await nearest('inputs', 'sums', share => observed.rangesFor({ into: share, outOf: 1 }));
  const outOf = await nearest('results', 'bytes', share => observed.rangesFor({ into, outOf: share }));
  return observed.rangesFor({ into, outOf });
}

function alike(ranges: ObservedModelRanges, rounding: Rounding): ReadonlyMap<string, Rounding> {
  const all = Object.entries(ranges).map(([name, each]) => ({ name, may: roundingsOf([each]) }));
  const haveSums = all.filter(({ may }) => may.includes('sums'));
  if (haveSums.length > 0) return new Map(haveSums.map(({ name }) => [name, rounding]));
  return new Map(all.map(({ name }) => [name, 'bytes']));
}
