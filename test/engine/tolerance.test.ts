/** The tolerances must let good float32 code pass and catch the mistakes they were made for. */
import { describe, expect, it } from 'vitest';
import type { OperationCase } from '../graph/operation-cases.js';
import { offsetPlanes, randomValues, seededRandom } from '../graph/random-values.js';
import { exactResult, tolerances } from './tolerance.js';

const float = Math.fround;

describe('instance norm in float32 at a mean of 100 deviations', () => {
  const shape = [1, 1, 31, 33];
  const values = randomValues(seededRandom(1), shape, offsetPlanes(100, 1, 31 * 33));
  const operation: OperationCase = { op: 'instanceNorm', title: '', shapes: [shape], attributes: { epsilon: 1e-5 } };
  const inputs = [{ shape, data: Float64Array.from(values) }];
  const exact = exactResult(operation, inputs);
  const permitted = tolerances(operation, inputs, exact);

  const normalise = (variance: number, mean: number) =>
    values.map(value => float(float(value - mean) / float(Math.sqrt(float(variance + 1e-5)))));
  const worst = (actual: Float32Array) =>
    actual.reduce((most, value, at) => Math.max(most, Math.abs(value - exact.data[at]!) / permitted[at]!), 0);
  const mean = meanOf(values);

  it('passes when the variance is the mean of squared differences', () => {
    expect(worst(normalise(meanOf(values.map(value => float(float(value - mean) ** 2))), mean))).toBeLessThan(1);
  });

  it('fails when the variance is the mean of squares less the squared mean', () => {
    const squares = meanOf(values.map(value => float(value * value)));
    expect(worst(normalise(float(squares - float(mean * mean)), mean))).toBeGreaterThan(1);
  });
});

/** Pairwise, as vectorised sums round. */
function meanOf(values: Float32Array): number {
  const sum = (start: number, stop: number): number => {
    if (stop - start === 1) return values[start]!;
    const middle = (start + stop) >> 1;
    return float(sum(start, middle) + sum(middle, stop));
  };
  return float(sum(0, values.length) / values.length);
}
