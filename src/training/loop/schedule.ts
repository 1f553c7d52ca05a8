/**
 * The learning rate over a run: constant for the first half, then linear to zero, as the reference does with 100 + 100
 * epochs, but per step: `1 - max(0, step - half) / (half + 1)` for steps counted from 0.
 */
export function learningRateAt(step: number, steps: number, learningRate: number): number {
  const half = steps / 2;
  return learningRate * (1 - Math.max(0, step - half) / (half + 1));
}
