import { describe, expect, test } from 'vitest';
import {
  erlangC,
  meanWaitExponential,
  meanWaitFixed,
  simulate,
  simulateStages,
} from '../../tools/capacity/queueing.mjs';

const common = { serviceSeconds: 0.1, jobs: 400_000, seed: 7 };

describe('tools/capacity', () => {
  test('has Erlang’s formula: one worker waits as often as it is busy, and published values of several', () => {
    expect(erlangC(1, 0.8)).toBeCloseTo(0.8, 12);
    // 2 workers: C = 2 load² / (1 + load).
    expect(erlangC(2, 0.75)).toBeCloseTo((2 * 0.75 ** 2) / 1.75, 12);
    expect(meanWaitExponential(1, 0.5, 2)).toBeCloseTo(2, 12);
    expect(meanWaitFixed(1, 0.5, 2)).toBeCloseTo(1, 12);
  });

  test.each([
    [1, 0.5],
    [1, 0.8],
    [4, 0.8],
    [16, 0.9],
  ])('simulates %i workers at a load of %f as the formulas say, within a twentieth', (workers, load) => {
    const exponential = simulate({ ...common, workers, load, kind: 'exponential' }).mean;
    expect(Math.abs(exponential / meanWaitExponential(workers, load, 0.1) - 1)).toBeLessThan(0.05);
    const fixed = simulate({ ...common, workers, load, kind: 'fixed' }).mean;
    expect(Math.abs(fixed / meanWaitFixed(workers, load, 0.1) - 1)).toBeLessThan(0.05);
  });

  test('simulates stages as if each waited alone, within a twentieth (Burke’s theorem)', () => {
    const stages = [
      { workers: 3, serviceSeconds: 0.2 },
      { workers: 1, serviceSeconds: 0.07 },
    ];
    const alone = stages.reduce(
      (sum, { workers, serviceSeconds }) =>
        sum + meanWaitExponential(workers, (10 * serviceSeconds) / workers, serviceSeconds),
      0,
    );
    const { mean } = simulateStages({ stages, perSecond: 10, kind: 'exponential', jobs: 400_000, seed: 7 });
    expect(Math.abs(mean / alone - 1)).toBeLessThan(0.05);
  });
});
