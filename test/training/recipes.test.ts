/** Each recipe learns a problem with a known answer on tiny networks, through the step runner, as a training does. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/base/index.js';
import { type Engine, evaluate, openEngine, type TensorData, type Tensors } from '../../src/engine/index.js';
import {
  type AdversarialLoss,
  buildPhase,
  buildTranslation,
  cyclegan,
  momentNames,
  type Recipe,
  type RecipeId,
  recipeOf,
  recipeSettings,
  resolveTrainingSettings,
  StepRunner,
  type TrainingOptions,
  trainedParameters,
  variablesOf,
} from '../../src/training/index.js';
import { emptyPools } from '../../src/training/loop/training-parts.js';

const size = 32;
const area = size * size;

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine('cpu', { threads: 1 });
});
afterAll(() => engine.dispose());

const settingsOf = (more: Partial<TrainingOptions>) =>
  resolveTrainingSettings({
    pair: 'dark-light',
    a: 'a',
    b: 'b',
    out: 'out',
    size,
    loadSize: size,
    width: 8,
    blocks: 1,
    discriminatorWidth: 8,
    discriminatorLayers: 1,
    steps: 1000,
    learningRate: 2e-3,
    schedule: 'constant',
    ema: 0,
    ...more,
  });

/** A rectangle somewhere: of `inside` on `outside`, each a grey between -1 and 1. */
function scene(random: Random, inside: number, outside: number): Float32Array {
  const [left, top] = [random.integer(size / 2), random.integer(size / 2)];
  const [width, height] = [8 + random.integer(8), 8 + random.integer(8)];
  const image = new Float32Array(3 * area).fill(outside);
  for (let channel = 0; channel < 3; channel++) {
    for (let y = top; y < top + height; y++) {
      const start = channel * area + y * size + left;
      image.fill(inside, start, start + width);
    }
  }
  return image;
}

const tensor = (data: Float32Array): TensorData => ({ shape: [1, 3, size, size], data });

/** A: bright rectangles on dark. B: dark ones on bright. The right translation exchanges the two. */
const inA = (random: Random) => scene(random, 0.7, -0.7);
const exchanged = (image: Float32Array) => image.map(value => -value);

interface Trained {
  readonly translate: (image: Float32Array) => Promise<Float32Array>;
  readonly losses: Readonly<Record<string, number>>;
}

async function train(options: Partial<TrainingOptions>, steps: number, paired: boolean): Promise<Trained> {
  const settings = settingsOf(options);
  const recipe = recipeOf(settings);
  const state = await engine.createState(variablesOf(settings));
  const randomness = { pools: emptyPools(settings), poolRandom: new Random(5), drawRandom: new Random(6) };
  const runner = await StepRunner.compile(engine, state, recipe, recipeSettings(settings), 1, randomness);
  const random = new Random(7);
  const rates = { generator: settings.learningRate, discriminator: settings.discriminatorRate };
  let losses = {};
  for (let step = 1; step <= steps; step++) {
    const a = inA(random);
    const b = exchanged(paired ? a : inA(random));
    losses = await runner.take([{ A: tensor(a), B: tensor(b) }], step, rates);
  }
  await runner.dispose();
  const program = await engine.compile(buildTranslation(recipe, recipeSettings(settings), 'G_A'), { state });
  const translate = async (image: Float32Array) => (await program.run({ image: tensor(image) }))['translated']!.data;
  return { translate, losses };
}

/** Mean absolute error on images that were never shown. */
async function errorOf({ translate }: Trained, images = 8): Promise<number> {
  const random = new Random(99);
  let sum = 0;
  for (let index = 0; index < images; index++) {
    const image = inA(random);
    const [made, truth] = [await translate(image), exchanged(image)];
    sum += made.reduce((total, value, at) => total + Math.abs(value - truth[at]!), 0) / made.length;
  }
  return sum / images;
}

/** Of the untouched input: 1.4 everywhere. */
const unchanged = 1.4;

describe('paired recipes come to the truth', () => {
  it.each(['pix2pix', 'autoencoder'] as const)('%s', async recipe => {
    const trained = await train({ recipe }, 120, true);
    expect(await errorOf(trained)).toBeLessThan(0.1 * unchanged);
  });
});

describe('unpaired recipes take on the other domain', () => {
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

  it.each(['cyclegan', 'gan', 'cut'] as const)('%s makes dark scenes bright', async recipe => {
    const { translate } = await train({ recipe, ...(recipe === 'cyclegan' && { identityWeight: 0 }) }, 200, false);
    const image = inA(new Random(99));
    expect(mean(image)).toBeLessThan(-0.3);
    expect(mean(await translate(image))).toBeGreaterThan(0.3);
  });

  it.each([
    ['vanilla', 200],
    ['hinge', 200],
    ['wgan-gp', 400],
  ] as const)('with the loss %s', async (loss, steps) => {
    const { translate, losses } = await train({ recipe: 'gan', loss }, steps, false);
    expect(mean(await translate(inA(new Random(99))))).toBeGreaterThan(0.2);
    if (loss === 'wgan-gp') expect(losses['penalty_D_A']).toBeLessThan(2);
  });

  it.each([
    { discriminator: 'image', discriminatorLayers: 3 },
    { discriminator: 'pixel' },
    { discriminatorDownsample: 'blur' },
    { generator: 'unet', width: 4 },
    { norm: 'group' },
    { norm: 'batch', batch: 1 },
    { augment: ['color', 'translation', 'cutout'] },
  ] as const satisfies readonly Partial<TrainingOptions>[])('with %j', async options => {
    const { losses } = await train({ recipe: 'gan', ...options }, 12, false);
    expect(Object.values(losses).every(Number.isFinite)).toBe(true);
    expect(Object.keys(losses).sort()).toEqual(['D_A', 'D_B', 'G_A', 'G_B']);
  });
});

describe('a step', () => {
  const tiny = { width: 4, blocks: 1, discriminatorWidth: 4, size: 32, loadSize: 32 };
  const images = () => {
    const random = new Random(3);
    return [0, 1].map(() => ({ A: tensor(inA(random)), B: tensor(exchanged(inA(random))) }));
  };
  const stacked = (batches: readonly Tensors[], name: string): TensorData => ({
    shape: [2, 3, size, size],
    data: Float32Array.from(batches.flatMap(batch => [...batch[name]!.data])),
  });
  const run = async (options: Partial<TrainingOptions>, batches: readonly Tensors[]) => {
    const settings = settingsOf({ ...tiny, poolSize: 0, ...options });
    const state = await engine.createState(variablesOf(settings));
    const randomness = { pools: emptyPools(settings), poolRandom: new Random(5), drawRandom: new Random(6) };
    const runner = await StepRunner.compile(
      engine,
      state,
      recipeOf(settings),
      recipeSettings(settings),
      settings.accumulate,
      randomness,
    );
    const losses = await runner.take(batches, 1, { generator: 1e-3, discriminator: 1e-3 });
    await runner.dispose();
    return { losses, variables: await state.read() };
  };

  it('on two gathered batches is one on both images together', async () => {
    const batches = images();
    const gathered = await run({ accumulate: 2 }, batches);
    const together = await run({ batch: 2 }, [{ A: stacked(batches, 'A'), B: stacked(batches, 'B') }]);
    for (const [name, value] of Object.entries(together.losses)) {
      expect(gathered.losses[name], name).toBeCloseTo(value, 4);
    }
    for (const [name, { data }] of Object.entries(together.variables)) {
      if (!name.startsWith('m/')) continue; // A tenth of the gradient; the weight itself moves by its sign alone.
      const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const other = gathered.variables[name]!.data;
      const apart = data.reduce((most, value, at) => Math.max(most, Math.abs(value - other[at]!)), 0);
      expect(apart, name).toBeLessThanOrEqual(2e-3 * largest + 1e-9);
    }
    for (const [name, { data }] of Object.entries(gathered.variables)) {
      if (name.startsWith('gathered/')) expect(Math.max(...data.map(Math.abs)), name).toBe(0);
    }
  });

  it('moves running statistics of batch normalisation, and no optimiser does', async () => {
    const { variables } = await run({ norm: 'batch', batch: 1 }, [images()[0]!]);
    const statistics = Object.keys(variables).filter(name => /^G_A\..*running_mean$/.test(name));
    expect(statistics.length).toBeGreaterThan(3);
    for (const name of statistics) {
      expect(
        variables[name]!.data.some(value => value !== 0),
        name,
      ).toBe(true);
      for (const moment of momentNames(name)) expect(variables).not.toHaveProperty([moment]);
    }
  });
});

describe('the gradient penalty', () => {
  it('has the gradient that differences of its value show', async () => {
    const settings = settingsOf({
      recipe: 'gan',
      loss: 'wgan-gp',
      width: 2,
      discriminatorWidth: 2,
      discriminatorNorm: 'instance',
    });
    const recipe: Recipe = recipeOf(settings);
    const phase = recipe.phases.find(({ name }) => name === 'discriminators')!;
    const { graph, draws } = buildPhase(recipe, phase, recipeSettings(settings), { inspect: true });
    const random = new Random(11);
    const noise = (shape: readonly number[]) => ({
      shape,
      data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal() / 2),
    });
    const inputs = Object.fromEntries(
      Object.entries(graph.inputs).map(([name, id]) => [name, noise(graph.nodes[id]!.shape as readonly number[])]),
    );
    for (const name of draws.keys()) inputs[name] = { shape: [1, 1, 1, 1], data: Float64Array.of(0.3) };
    const variables = Object.fromEntries(
      Object.entries(variablesOf(settings)).map(([name, { shape, data }]) => [
        name,
        { shape, data: Float64Array.from(data, value => 10 * value) },
      ]),
    );
    const name = trainedParameters(recipe.networks(recipeSettings(settings))).find(each =>
      each.name.startsWith('D_A'),
    )!.name;
    const lossAt = (at: number, by: number) => {
      const moved = { ...variables[name]!, data: variables[name]!.data.slice() };
      moved.data[at]! += by;
      const { outputs } = evaluate(graph, { inputs, variables: { ...variables, [name]: moved } });
      return ['D_A', 'penalty_D_A'].reduce((sum, loss) => sum + outputs[`loss/${loss}`]!.data[0]!, 0);
    };
    const { outputs } = evaluate(graph, { inputs, variables });
    const gradient = outputs[`gradient/${name}`]!.data;
    expect(outputs['loss/penalty_D_A']!.data[0]).toBeGreaterThan(0.01);
    for (const at of [0, 17, 41, 70]) {
      const difference = (lossAt(at, 1e-5) - lossAt(at, -1e-5)) / 2e-5;
      expect(gradient[at], `${name} ${at}`).toBeCloseTo(difference, 4);
    }
  });
});

describe('options of recipes', () => {
  it.each([
    [{ recipe: 'gan', cycleWeight: 5 }, /cycleWeight is 5; allowed: with other recipes; gan does not use it/],
    [{ recipe: 'autoencoder', loss: 'hinge' }, /loss is hinge/],
    [{ penaltyWeight: 3 }, /penaltyWeight is 3; allowed: with the loss wgan-gp/],
    [{ generator: 'unet', size: 36, loadSize: 36 }, /size is 36; allowed: a multiple of 32/],
  ] as const)('%j is refused', (options, message) => {
    const resolve = () => settingsOf(options as Partial<TrainingOptions>);
    expect(resolve).toThrow(expect.objectContaining({ code: 'USAGE' }));
    expect(resolve).toThrow(message);
  });

  it('every recipe has a title for every image that it shows', async () => {
    const ids: readonly RecipeId[] = ['cyclegan', 'cut', 'gan', 'pix2pix', 'autoencoder'];
    for (const recipe of ids) {
      const { preview, columns } = recipeOf({ recipe });
      expect(typeof preview).toBe('function');
      expect(new Set(columns.map(({ key }) => key)).size).toBe(columns.length);
    }
    const losses: readonly AdversarialLoss[] = ['lsgan', 'vanilla', 'hinge', 'wgan-gp'];
    for (const loss of losses) expect(settingsOf({ loss }).loss).toBe(loss);
    expect(cyclegan.pooled).toEqual(['fakeB', 'fakeA']);
  });
});
