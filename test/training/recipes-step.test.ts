/** What is the same for all recipes: passes taken together, gathered gradients, running statistics, repeated chance. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/base/index.js';
import { type Engine, openEngine, type TensorData, type Tensors } from '../../src/engine/index.js';
import { sizeOf } from '../../src/graph/index.js';
import {
  buildPhase,
  momentNames,
  type Phase,
  type Recipe,
  recipeOf,
  recipeSettings,
  type TrainingOptions,
  variablesOf,
} from '../../src/training/index.js';
import { cooled, imageTensor, side, toyRunner, toySettings, warmImage } from './toy-problem.js';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine('cpu', { threads: 1 });
});
afterAll(() => engine.dispose());

const tiny = { width: 4, discriminatorWidth: 4 } as const;

function images(count: number): readonly Tensors[] {
  const random = new Random(3);
  return Array.from({ length: count }, () => ({
    A: imageTensor(warmImage(random)),
    B: imageTensor(cooled(warmImage(random))),
  }));
}

function stacked(batches: readonly Tensors[]): Tensors {
  const all = (name: string): TensorData => ({
    shape: [batches.length, 3, side, side],
    data: Float32Array.from(batches.flatMap(batch => [...batch[name]!.data])),
  });
  return { A: all('A'), B: all('B') };
}

const largestOf = ({ data }: TensorData) => data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** The largest difference, as a share of the largest value, or of `least` where that is more. */
function gap(one: TensorData, other: TensorData, least = 1e-9): number {
  const largest = Math.max(largestOf(one), least);
  return one.data.reduce((most, value, at) => Math.max(most, Math.abs(value - other.data[at]!)), 0) / largest;
}

describe('batches that go through a network together', () => {
  /** The same phase with a pass for every batch. */
  const separate = (phase: Phase): Phase => ({
    ...phase,
    build: context =>
      phase.build({
        ...context,
        applyTogether: (network, ...xs) => xs.map(x => context.apply(network, x)),
        applyEncoder: (network, layers, ...xs) => xs.flatMap(x => context.applyEncoder(network, layers, x)),
      }),
  });

  async function outcome(recipe: Recipe, phase: Phase, options: Partial<TrainingOptions>): Promise<Tensors> {
    const settings = toySettings({ ...tiny, ...options });
    const state = await engine.createState(variablesOf(settings));
    const { graph, randomInputs } = buildPhase(recipe, phase, recipeSettings(settings), { inspect: true });
    const program = await engine.compile(graph, { state });
    const random = new Random(4);
    const inputs = program.inputs.map((name): [string, TensorData] => {
      const shape = graph.nodes[graph.inputs[name]!]!.shape as readonly number[];
      const data = new Float32Array(sizeOf(shape));
      const drawn = randomInputs.get(name);
      if (drawn) drawn.fill(random, data);
      else for (let at = 0; at < data.length; at++) data[at] = random.normal() / 2;
      return [name, { shape, data }];
    });
    const results = await program.run(Object.fromEntries(inputs));
    await program.dispose();
    await state.dispose();
    return results;
  }

  it.each([
    { recipe: 'cyclegan' },
    { recipe: 'cyclegan', norm: 'group', loss: 'wgan-gp', batch: 2 },
    { recipe: 'cut', augment: ['translation'] },
    { recipe: 'pix2pix', generator: 'unet' },
  ] as const satisfies readonly Partial<TrainingOptions>[])(
    'come to the same losses and gradients: %j',
    async options => {
      const recipe = recipeOf(options);
      let compared = 0;
      for (const phase of recipe.phases) {
        const [together, apart] = [
          await outcome(recipe, phase, options),
          await outcome(recipe, separate(phase), options),
        ];
        expect(Object.keys(apart).sort()).toEqual(Object.keys(together).sort());
        // Gradients that cancel, such as that of a critic's last bias, are rounding alone.
        const least = 1e-5 * Math.max(...Object.values(together).map(largestOf));
        for (const [name, value] of Object.entries(together)) {
          expect(gap(value, apart[name]!, least), `${phase.name} ${name}`).toBeLessThan(1e-3);
          if (name.startsWith('gradient/')) compared += 1;
        }
      }
      expect(compared).toBeGreaterThan(10);
    },
  );

  it('do not where a layer mixes images', () => {
    const graphs = (options: Partial<TrainingOptions>) => {
      const settings = recipeSettings(toySettings({ ...tiny, ...options }));
      const recipe = recipeOf({ recipe: 'cyclegan' });
      const [making, judging] = recipe.phases as readonly [Phase, Phase];
      return [making, separate(making), judging, separate(judging)].map(
        phase => buildPhase(recipe, phase, settings).graph,
      );
    };
    const [making, makingApart, judging, judgingApart] = graphs({ norm: 'batch' });
    expect(making).toEqual(makingApart);
    expect(judging).not.toEqual(judgingApart);
    const [, , judgingInBatches, judgingInBatchesApart] = graphs({ discriminatorNorm: 'batch' });
    expect(judgingInBatches).toEqual(judgingInBatchesApart);
  });
});

describe('a step', () => {
  async function takeOne(options: Partial<TrainingOptions>, batches: readonly Tensors[]) {
    const settings = toySettings({ ...tiny, ...options });
    const state = await engine.createState(variablesOf(settings));
    const runner = await toyRunner(engine, state, settings);
    const losses = await runner.take(batches, 1, { generator: 1e-3, discriminator: 1e-3 });
    await runner.dispose();
    const variables = await state.read();
    await state.dispose();
    return { losses, variables };
  }

  it.each(['cyclegan', 'pix2pix', 'autoencoder'] as const)(
    'of %s on three gathered batches is one on their images together',
    async recipe => {
      const options = {
        recipe,
        ...(recipe === 'cyclegan' && { poolSize: 0 }),
        ...(recipe === 'autoencoder' && { discriminatorWidth: undefined }),
      };
      const batches = images(3);
      const gathered = await takeOne({ ...options, accumulate: 3 }, batches);
      const together = await takeOne({ ...options, batch: 3 }, [stacked(batches)]);
      for (const [name, value] of Object.entries(together.losses)) {
        expect(gathered.losses[name], name).toBeCloseTo(value, 4);
      }
      // Half of the gradient; the weights themselves move by its sign alone.
      const moments = Object.keys(together.variables).filter(name => name.startsWith('m/'));
      expect(moments.length).toBeGreaterThan(5);
      for (const name of moments) {
        expect(gap(together.variables[name]!, gathered.variables[name]!), name).toBeLessThan(3e-3);
      }
      for (const [name, { data }] of Object.entries(gathered.variables)) {
        if (name.startsWith('gathered/')) expect(Math.max(...data.map(Math.abs)), name).toBe(0);
      }
    },
  );

  it('moves running statistics of batch normalisation, and no optimiser does', async () => {
    const { variables } = await takeOne({ norm: 'batch' }, images(1));
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

  it.each([
    { recipe: 'cut', augment: ['color', 'translation', 'cutout'] },
    { recipe: 'gan', loss: 'wgan-gp', accumulate: 2 },
  ] as const satisfies readonly Partial<TrainingOptions>[])('is the same by the same chance: %j', async options => {
    const batches = images('accumulate' in options ? 2 : 1);
    const [first, second] = [await takeOne(options, batches), await takeOne(options, batches)];
    const other = await takeOne({ ...options, seed: 2 }, batches);
    expect(second).toEqual(first);
    expect(other.losses).not.toEqual(first.losses);
  });
});
