/**
 * Takes the steps of a recipe on an engine: runs its phases in order, hands on what they make, through pools of earlier
 * images where the recipe says so, and draws what they want drawn. With accumulation a step is several runs of each phase,
 * of which the last one updates the weights. It knows nothing of files, schedules or checkpoints.
 */
import { CycleboxError, type Disposable, type Random } from '../../base/index.js';
import type { Engine, State, TensorData, Tensors } from '../../engine/index.js';
import {
  adamInputs,
  adamScalars,
  lossName,
  type PhaseGraph,
  type Recipe,
  type RecipeSettings,
} from '../recipes/index.js';
import { type CompiledPhase, compilePhase } from './compile-phase.js';
import type { ImagePool } from './image-pool.js';

export type Losses = Readonly<Record<string, number>>;

/** Learning rates of one step. */
export interface Rates {
  readonly generator: number;
  readonly discriminator: number;
}

/** What of a step must be saved for it to be repeated. */
export interface StepRandomness {
  /** By the names that the recipe's phases hand on. */
  readonly pools: ReadonlyMap<string, ImagePool>;
  readonly poolRandom: Random;
  readonly drawRandom: Random;
}

export class StepRunner implements Disposable {
  readonly #recipe: Recipe;
  readonly #settings: RecipeSettings;
  readonly #accumulating: readonly CompiledPhase[];
  readonly #applying: readonly CompiledPhase[];
  readonly #randomness: StepRandomness;

  private constructor(
    recipe: Recipe,
    settings: RecipeSettings,
    phases: { readonly accumulating: readonly CompiledPhase[]; readonly applying: readonly CompiledPhase[] },
    randomness: StepRandomness,
  ) {
    this.#recipe = recipe;
    this.#settings = settings;
    this.#accumulating = phases.accumulating;
    this.#applying = phases.applying;
    this.#randomness = randomness;
  }

  /** @param accumulate runs in a step, ≥ 1 */
  static async compile(
    engine: Engine,
    state: State,
    recipe: Recipe,
    settings: RecipeSettings,
    accumulate: number,
    randomness: StepRandomness,
  ): Promise<StepRunner> {
    const compile = async (part: 'accumulate' | 'apply'): Promise<CompiledPhase[]> => {
      const compiled: CompiledPhase[] = [];
      for (const phase of recipe.phases) {
        compiled.push(await compilePhase(engine, state, recipe, phase, settings, { accumulate, part }));
      }
      return compiled;
    };
    const accumulating = accumulate > 1 ? await compile('accumulate') : [];
    return new StepRunner(recipe, settings, { accumulating, applying: await compile('apply') }, randomness);
  }

  /**
   * One step on as many batches as it accumulates. Returns the losses, means over the batches.
   * @param step counted from 1
   * @throws TRAINING_DIVERGED
   */
  async take(batches: readonly Tensors[], step: number, rates: Rates): Promise<Losses> {
    const sums: Record<string, number> = {};
    for (const [index, batch] of batches.entries()) {
      const last = index === batches.length - 1;
      const losses = await this.#run(last ? this.#applying : this.#accumulating, batch, step, rates);
      for (const [name, value] of Object.entries(losses)) sums[name] = (sums[name] ?? 0) + value / batches.length;
    }
    return sums;
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.#accumulating, ...this.#applying].map(({ program }) => program.dispose()));
  }

  async #run(phases: readonly CompiledPhase[], batch: Tensors, step: number, rates: Rates): Promise<Losses> {
    const known: Record<string, TensorData> = { ...batch };
    const losses: Record<string, number> = {};
    for (const { phase, program, losses: names, randomInputs } of phases) {
      const drawn = this.#randomInputs(randomInputs);
      const adam = this.#adam(rates[phase.optimiser], step);
      const available: Tensors = { ...known, ...drawn, ...adam };
      const results = await program.run(Object.fromEntries(program.inputs.map(name => [name, available[name]!])));
      Object.assign(losses, readLosses(results, names, step));
      Object.assign(known, this.#phaseOutputs(results));
    }
    return losses;
  }

  #phaseOutputs(results: Tensors): Tensors {
    const { pools, poolRandom } = this.#randomness;
    const own = Object.entries(results).filter(([name]) => !name.startsWith(lossName('')));
    const order = (name: string) => this.#recipe.pooled.indexOf(name);
    own.sort(([left], [right]) => order(left) - order(right));
    return Object.fromEntries(
      own.map(([name, value]) => {
        const pool = pools.get(name);
        if (!pool) return [name, value];
        return [name, { shape: value.shape, data: pool.queryBatch(value.data, this.#settings.batch, poolRandom) }];
      }),
    );
  }

  #randomInputs(inputs: PhaseGraph['randomInputs']): Tensors {
    return Object.fromEntries(
      [...inputs].map(([name, { shape, fill }]) => {
        const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
        fill(this.#randomness.drawRandom, data);
        return [name, { shape, data }];
      }),
    );
  }

  #adam(learningRate: number, step: number): Tensors {
    const { stepSize, epsilon } = adamScalars(this.#settings.adam, learningRate, step);
    const scalar = (value: number): TensorData => ({ shape: [], data: Float32Array.of(value) });
    return { [adamInputs.stepSize]: scalar(stepSize), [adamInputs.epsilon]: scalar(epsilon) };
  }
}

function readLosses(outputs: Tensors, names: readonly string[], step: number): Losses {
  const losses = names.map(name => [name, outputs[lossName(name)]!.data[0]!] as const);
  const bad = losses.find(([, value]) => !Number.isFinite(value));
  if (!bad) return Object.fromEntries(losses);
  const message = `Loss ${bad[0]} is ${bad[1]} at step ${step}. Lower the learning rate, then start again or resume.`;
  throw new CycleboxError('TRAINING_DIVERGED', message);
}
