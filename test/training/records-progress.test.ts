import { describe, expect, it } from 'vitest';
import { formatDuration } from '../../src/base/index.js';
import { formatProgress, ProgressMeter, type StepProgress } from '../../src/training/records/index.js';
import { stepValues } from './recorded-run.js';

function run(meter: ProgressMeter, from: number, to: number, ms: (step: number) => number): StepProgress {
  let last: StepProgress | undefined;
  for (let step = from; step <= to; step++) last = meter.add({ ...stepValues(step), ms: ms(step) });
  return last!;
}

describe('the progress of a training', () => {
  it('says images a second and the time left, from what steps take', () => {
    expect(run(new ProgressMeter(1000), 1, 200, () => 50)).toMatchObject({
      step: 200,
      steps: 1000,
      imagesPerSecond: 40,
      remainingMs: 800 * 50,
    });
  });

  it('is not moved by a slow first step, nor by a pause of an hour', () => {
    expect(run(new ProgressMeter(1000), 1, 2, step => (step === 1 ? 5000 : 50)).remainingMs).toBe(998 * 50);
    const paused = run(new ProgressMeter(1000), 1, 200, step => (step === 190 ? 3_600_000 : 50));
    expect(paused).toMatchObject({ imagesPerSecond: 40, remainingMs: 800 * 50 });
  });

  it('follows a lasting change within a hundred steps', () => {
    const meter = new ProgressMeter(1000);
    run(meter, 1, 100, () => 50);
    expect(run(meter, 101, 200, () => 100)).toMatchObject({ imagesPerSecond: 20, remainingMs: 800 * 100 });
  });

  it('counts the time that evaluations and checkpoints will take', () => {
    const meter = new ProgressMeter(1000);
    run(meter, 1, 99, () => 50);
    meter.addBetween(1000);
    expect(run(meter, 100, 100, () => 50).remainingMs).toBeCloseTo(900 * 60, 6);
  });

  it('reads what is asked for most first, and tells of waiting only when it is worth a word', () => {
    const progress = {
      step: 1200,
      steps: 8000,
      epoch: 0.9,
      losses: { G_A: 0.41234, cycle_A: 1.5 },
      imagesPerSecond: 12.345,
      dataWaitShare: 0.02,
      remainingMs: 7_505_000,
    };
    expect(formatProgress(progress)).toBe('step 1200/8000  2 h 5 min left  12.3 images/s  G_A 0.412  cycle_A 1.500');
    expect(formatProgress({ ...progress, dataWaitShare: 0.084 })).toContain('images/s  waiting for data 8 %  G_A');
    expect(formatProgress({ ...progress, step: 8000, remainingMs: 0 })).not.toContain('left');
  });

  it.each([
    [400, '0 s'],
    [59_400, '59 s'],
    [185_000, '3 min 5 s'],
    [7_505_000, '2 h 5 min'],
    [400_000_000, '4 d 15 h'],
  ])('writes %i ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});
