/**
 * Exponential moving average of the generators (Karras et al. 2018; Yazıcı et al. 2019): single steps of an adversarial
 * training swing around what they agree on, and the average is what pictures are best made with. It is kept beside the
 * weights, on the same device, and moved every few steps: `decay` counts per step all the same.
 */
import type { Engine, Program, State, TensorData } from '../../engine/index.js';
import { add, GraphBuilder, mul, sub } from '../../graph/index.js';
import type { TrainedParameter } from '../recipes/index.js';

/** Before a weight's name: its average. */
export const emaPrefix = 'ema/';
/** Steps between two moves of the average. */
const updateInterval = 10;
const shareInput = 'ema-share';

export class ExponentialMovingAverage {
  readonly #program: Program;
  readonly #decay: number;

  private constructor(program: Program, decay: number) {
    this.#program = program;
    this.#decay = decay;
  }

  /** @param decay per step, in (0, 1) */
  static async compile(
    engine: Engine,
    state: State,
    parameters: readonly TrainedParameter[],
    decay: number,
  ): Promise<ExponentialMovingAverage> {
    const builder = new GraphBuilder();
    const share = builder.input(shareInput, []);
    for (const { name, shape } of parameters) {
      const average = builder.variable(emaPrefix + name, shape);
      builder.update(average, add(average, mul(share, sub(builder.variable(name, shape), average))));
    }
    return new ExponentialMovingAverage(await engine.compile(builder.build(), { state }), decay);
  }

  /**
   * After step `step`, counted from 1. In the first steps the average moves each time, and forgets faster:
   * `(1 + t) / (10 + t)`.
   */
  async update(step: number): Promise<void> {
    if (step > updateInterval && step % updateInterval !== 0) return;
    const span = step > updateInterval ? updateInterval : 1;
    const decay = Math.min(this.#decay, (1 + step) / (10 + step)) ** span;
    const share: TensorData = { shape: [], data: Float32Array.of(1 - decay) };
    await this.#program.run({ [shareInput]: share });
  }
}
