/**
 * A translation whose right answer is known: images of A show two rectangles in warm colours, those of B in cold ones, and to
 * translate is to exchange red and blue. Small networks learn it through the step runner, as in a training. Green is the same
 * in both domains: it tells whether the rectangles are still where they were.
 */
import { Random } from '../../src/base/index.js';
import type { Engine, State, TensorData, Tensors } from '../../src/engine/index.js';
import {
  buildTranslation,
  recipeOf,
  recipeSettings,
  resolveTrainingSettings,
  StepRunner,
  type TrainingOptions,
  type TrainingSettings,
  variablesOf,
} from '../../src/training/index.js';
import { ExponentialMovingAverage, emaPrefix } from '../../src/training/loop/exponential-moving-average.js';
import { emptyPools } from '../../src/training/loop/training-parts.js';
import { generatorParameters } from '../../src/training/trained-networks.js';

export const side = 32;
const area = side * side;
const warm = { ground: [0.3, -0.3, -0.7], shape: [0.8, 0.3, -0.6] } as const;
/** Of B. */
const palette = [warm.ground, warm.shape].map(([red, green, blue]) => [blue, green, red] as const);

/** A recipe on tiny networks. Weights are averaged over some twenty steps, so that single steps do not decide. */
export function toySettings(options: Partial<TrainingOptions> = {}): TrainingSettings {
  const { discriminator, recipe } = options;
  return resolveTrainingSettings({
    pair: 'warm-cold',
    a: 'a',
    b: 'b',
    out: 'out',
    size: side,
    loadSize: side,
    width: 8,
    ...(options.generator !== 'unet' && { blocks: 1 }),
    ...(recipe !== 'autoencoder' && { discriminatorWidth: 8 }),
    ...(recipe !== 'autoencoder' && discriminator !== 'pixel' && { discriminatorLayers: 1 }),
    learningRate: 2e-3,
    ema: 0.95,
    ...options,
  });
}

/** Two rectangles in warm colours, `[3, side, side]`. */
export function warmImage(random: Random): Float32Array {
  const image = new Float32Array(3 * area);
  warm.ground.forEach((value, channel) => {
    image.fill(value, channel * area, (channel + 1) * area);
  });
  for (let rectangle = 0; rectangle < 2; rectangle++) {
    const [width, height] = [6 + random.integer(11), 6 + random.integer(11)];
    const [left, top] = [random.integer(side - width + 1), random.integer(side - height + 1)];
    warm.shape.forEach((value, channel) => {
      for (let y = top; y < top + height; y++) {
        const start = channel * area + y * side + left;
        image.fill(value, start, start + width);
      }
    });
  }
  return image;
}

/** The right translation: red and blue exchanged. */
export function cooled(image: Float32Array): Float32Array {
  const channel = (index: number) => image.subarray(index * area, (index + 1) * area);
  return Float32Array.from([...channel(2), ...channel(1), ...channel(0)]);
}

export function imageTensor(...images: readonly Float32Array[]): TensorData {
  const data = new Float32Array(images.length * 3 * area);
  images.forEach((image, index) => {
    data.set(image, index * 3 * area);
  });
  return { shape: [images.length, 3, side, side], data };
}

/** On images that were never shown; of untouched ones: error 0.73, style 0.69, content 1. */
export interface Outcome {
  /** Mean absolute distance to the right translation. */
  readonly error: number;
  /** Mean absolute distance of pixels to the nearer of B's two colours. */
  readonly style: number;
  /** Correlation of green with that of the image: 1 where the rectangles are what and where they were. */
  readonly content: number;
  /** By name, of every step. */
  readonly losses: Readonly<Record<string, readonly number[]>>;
}

/** Takes so many steps and says what `G_A` makes of images. */
export async function learnToy(engine: Engine, options: Partial<TrainingOptions>, steps: number): Promise<Outcome> {
  const settings = toySettings(options);
  const state = await engine.createState(variablesOf(settings));
  const losses = await takeSteps(engine, state, settings, steps);
  const graph = buildTranslation(recipeOf(settings), recipeSettings(settings), 'G_A', emaPrefix);
  const program = await engine.compile(graph, { state });
  const outcomes: Omit<Outcome, 'losses'>[] = [];
  const random = new Random(99);
  for (let image = 0; image < 8; image++) {
    const shown = warmImage(random);
    const { translated } = await program.run({ image: imageTensor(shown) });
    outcomes.push(compare(translated!.data, cooled(shown)));
  }
  await program.dispose();
  await state.dispose();
  const average = (name: 'error' | 'style' | 'content') => mean(outcomes.map(outcome => outcome[name]));
  return { error: average('error'), style: average('style'), content: average('content'), losses };
}

async function takeSteps(engine: Engine, state: State, settings: TrainingSettings, steps: number) {
  const recipe = recipeOf(settings);
  const runner = await toyRunner(engine, state, settings);
  const averaging = await ExponentialMovingAverage.compile(engine, state, generatorParameters(settings), settings.ema);
  const random = new Random(settings.seed + 6);
  const losses: Record<string, number[]> = {};
  for (let step = 1; step <= steps; step++) {
    const a = warmImage(random);
    const batch: Tensors = { A: imageTensor(a), B: imageTensor(cooled(recipe.paired ? a : warmImage(random))) };
    const rates = { generator: settings.learningRate, discriminator: settings.discriminatorRate };
    for (const [name, value] of Object.entries(await runner.take([batch], step, rates))) {
      losses[name] = [...(losses[name] ?? []), value];
    }
    await averaging.update(step);
  }
  await runner.dispose();
  return losses;
}

/** With chance of its own, from the seed. */
export function toyRunner(engine: Engine, state: State, settings: TrainingSettings): Promise<StepRunner> {
  const { seed, accumulate } = settings;
  const randomness = {
    pools: emptyPools(settings),
    poolRandom: new Random(seed + 4),
    drawRandom: new Random(seed + 5),
  };
  return StepRunner.compile(engine, state, recipeOf(settings), recipeSettings(settings), accumulate, randomness);
}

function compare(made: Float32Array, truth: Float32Array): Omit<Outcome, 'losses'> {
  const pixels = Array.from({ length: area }, (_, at) => [0, 1, 2].map(channel => made[channel * area + at]!));
  const apart = (pixel: readonly number[], colour: readonly number[]) =>
    mean(pixel.map((value, channel) => Math.abs(value - colour[channel]!)));
  return {
    error: mean([...made].map((value, at) => Math.abs(value - truth[at]!))),
    style: mean(pixels.map(pixel => Math.min(...palette.map(colour => apart(pixel, colour))))),
    content: correlation(made.subarray(area, 2 * area), truth.subarray(area, 2 * area)),
  };
}

/** Of 1 and -1 at most; 0 for a flat image. */
function correlation(a: Float32Array, b: Float32Array): number {
  const [ofA, ofB] = [mean([...a]), mean([...b])];
  const product = (x: Float32Array, ofX: number, y: Float32Array, ofY: number) =>
    x.reduce((sum, value, at) => sum + (value - ofX) * (y[at]! - ofY), 0);
  return product(a, ofA, b, ofB) / Math.sqrt(product(a, ofA, a, ofA) * product(b, ofB, b, ofB) + 1e-12);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
