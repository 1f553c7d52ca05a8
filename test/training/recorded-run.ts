/** A training run told to a recorder, without a training: plain values that follow from the step alone. */
import { ManualClock } from '../../src/base/index.js';
import type { TensorData } from '../../src/engine/index.js';
import {
  type RunDescription,
  RunRecorder,
  type RunRecorderOptions,
  type SampleGrid,
  type StepValues,
} from '../../src/training/records/index.js';

export const description: RunDescription = {
  pair: 'red-blue',
  domains: ['red', 'blue'],
  steps: 60,
  settings: { learningRate: 2e-4, seed: 1 },
  parameters: { G_A: 1200, D_A: 34 },
  device: { id: 'cpu', name: 'a CPU' },
  data: { red: { images: 5 }, blue: { images: 4 } },
};

export const stepMs = 100;

export function stepValues(step: number): StepValues {
  return {
    step,
    epoch: step / 5,
    losses: { G_A: Math.sin(step) + 2, D_A: 1 / step },
    rates: { generator: 2e-4, discriminator: 1e-4 },
    images: 2,
    ms: stepMs,
    waitMs: step % 4,
  };
}

/** A recorder whose clock the steps move on, on two threads. */
export function openRecorder(
  out: string,
  options: RunRecorderOptions = {},
): { recorder: RunRecorder; clock: ManualClock } {
  const clock = new ManualClock(Date.UTC(2026, 0, 2, 3, 4, 5));
  const cpuMs = () => 2 * clock.monotonicMs();
  return { recorder: new RunRecorder(out, { clock, cpuMs, report: false, tensorboard: false, ...options }), clock };
}

/** Steps from `from` to `to`, with a checkpoint at every multiple of 25 and an evaluation at every multiple of 20. */
export async function takeSteps(recorder: RunRecorder, clock: ManualClock, from: number, to: number): Promise<void> {
  for (let step = from; step <= to; step++) {
    clock.advance(stepMs);
    await recorder.step(stepValues(step));
    if (step % 20 === 0) recorder.evaluation(step, { metrics: { style: step / 100 } });
    if (step % 25 === 0) await recorder.checkpoint(step);
  }
}

/** An image of one colour, components in [0, 255]. */
export function plainImage(rgb: readonly [number, number, number], width = 8, height = width): TensorData {
  const pixels = width * height;
  const data = Float32Array.from({ length: 3 * pixels }, (_, at) => rgb[Math.floor(at / pixels)]! / 127.5 - 1);
  return { shape: [1, 3, height, width], data };
}

export const cutColumns: SampleGrid['columns'] = [
  { key: 'A', title: 'red' },
  { key: 'fakeB', title: 'red → blue' },
  { key: 'identityB', title: 'blue as it is' },
];

/** Two rows of three colours that follow from the step. */
export function colourGrid(step: number, side = 8): SampleGrid {
  const row = (shade: number) => ({
    A: plainImage([255, shade, 0], side),
    fakeB: plainImage([0, shade, step % 256], side),
    identityB: plainImage([shade, 0, 255], side),
  });
  return { columns: cutColumns, rows: [row(10), row(200)] };
}
