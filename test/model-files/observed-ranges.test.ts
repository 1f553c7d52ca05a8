/** How far values go, as a calibration has it: of all images, or of nearly all, and a tenth more. */
import { describe, expect, it } from 'vitest';
import { ObservedRanges } from '../../src/model-files/int8/observed-ranges.js';

/** Two channels of 2 × 2: the first reaches from `low` to `high`, the second from 0 to 1. */
const valuesTo = (low: number, high: number) => ({
  shape: [1, 2, 2, 2],
  data: Float32Array.of(low, 0, high / 2, high, 0, 0.25, 0.5, 1),
});

function observedOf(extremes: readonly (readonly [number, number])[]): ObservedRanges {
  const observed = new ObservedRanges([{ input: 'x', output: 'y', kernel: [2, 2, 3, 3] }]);
  for (const [low, high] of extremes) observed.add({ x: valuesTo(low, high), y: valuesTo(2 * low, 2 * high) });
  return observed;
}

const rangesOf = (observed: ObservedRanges, share: number) => observed.rangesFor({ into: share, outOf: share })['y']!;

/** Within what sums of tenths are off by. */
const near = (values: readonly number[]) => values.map(value => expect.closeTo(value, 9));
const reach = (least: readonly number[], most: readonly number[]) => ({ least: near(least), most: near(most) });

const ordinary = Array.from({ length: 19 }, () => [-1, 3] as const);

describe('the ranges of images', () => {
  it('hold all of them, and a tenth of the width more; what is never negative stays so', () => {
    const observed = observedOf([
      [-1, 1],
      [0, 3],
    ]);
    const { into, outOf } = rangesOf(observed, 1);
    expect(into).toEqual(reach([-1.4, 0], [3.4, 1.1]));
    expect(outOf).toEqual(reach([-2.8, 0], [6.8, 1.1]));
  });

  it('leave out the image that goes far beyond all others, where not all are to be held', () => {
    const observed = observedOf([...ordinary, [-100, 300]]);
    expect(rangesOf(observed, 1).into).toEqual(reach([-140, 0], [340, 1.1]));
    expect(rangesOf(observed, 0.95).into).toEqual(reach([-1.4, 0], [3.4, 1.1]));
  });

  it('hold more of inputs than of results, where that is asked for', () => {
    const found = observedOf([...ordinary, [-100, 300]]).rangesFor({ into: 1, outOf: 0.95 })['y']!;
    expect(found.into).toEqual(reach([-140, 0], [340, 1.1]));
    expect(found.outOf).toEqual(reach([-2.8, 0], [6.8, 1.1]));
  });

  it('are of layers, which are convolutions that read the same', () => {
    const kernel = [2, 2, 2, 2];
    const watched = ['a', 'b', 'a', 'c'].map((input, at) => ({ input, output: `y${at}`, kernel }));
    expect(new ObservedRanges(watched).layers()).toEqual([['y0', 'y2'], ['y1'], ['y3']]);
  });

  it('are of the products of a convolution, too', () => {
    expect(observedOf([[-1, 1]]).workOf('y')).toBe(2 * 2 * 9 * 4);
  });
});
