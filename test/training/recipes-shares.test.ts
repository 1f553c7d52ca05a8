/** Phases in shares: all losses, each once, and gradients that add up to those of the whole. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CycleboxError, Random } from '../../src/base/index.js';
import { type Engine, openEngine, type TensorData, type Tensors } from '../../src/engine/index.js';
import { type Graph, sizeOf } from '../../src/graph/index.js';
import {
  buildPhase,
  buildShares,
  compilePhase,
  type Phase,
  type RecipeId,
  recipeIds,
  recipeOf,
  recipeSettings,
  type TrainingOptions,
  variablesOf,
} from '../../src/training/index.js';
import { toySettings } from './toy-problem.js';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine('cpu', { threads: 1 });
});
afterAll(() => engine.dispose());

const tiny = { width: 4, discriminatorWidth: 4 } as const;
const settingsOf = (options: Partial<TrainingOptions>) =>
  toySettings({ ...tiny, ...(options.recipe === 'autoencoder' && { discriminatorWidth: undefined }), ...options });

/** What a graph gives for values that follow from the inputs' names. */
async function outcome(graph: Graph, options: Partial<TrainingOptions>): Promise<Tensors> {
  const state = await engine.createState(variablesOf(settingsOf(options)));
  const program = await engine.compile(graph, { state });
  const inputs = program.inputs.map((name): [string, TensorData] => {
    const shape = graph.nodes[graph.inputs[name]!]!.shape as readonly number[];
    const random = new Random([...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 1e6);
    // Between 0 and 1: good for images, places to look at and noise alike.
    return [name, { shape, data: Float32Array.from({ length: sizeOf(shape) }, () => random.uniform()) }];
  });
  const results = await program.run(Object.fromEntries(inputs));
  await program.dispose();
  await state.dispose();
  return results;
}

const largest = ({ data }: TensorData) => data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

function added(one: TensorData | undefined, { shape, data }: TensorData): TensorData {
  return one ? { shape, data: data.map((value, at) => value + one.data[at]!) } : { shape, data };
}

async function expectTheSame(phase: Phase, options: Options): Promise<number> {
  const [recipe, spec] = [recipeOf(options), recipeSettings(settingsOf(options))];
  const { shares, losses, trained } = buildShares(recipe, phase, spec, 2);
  const whole = buildPhase(recipe, phase, spec, { inspect: true });
  const expected = await outcome(whole.graph, options);
  const sums: Record<string, TensorData> = {};
  for (const share of shares) {
    for (const [name, value] of Object.entries(await outcome(share, options))) {
      if (!name.startsWith('gradient/')) expect(sums, name).not.toHaveProperty([name]);
      sums[name] = added(sums[name], value);
    }
  }
  expect(losses).toEqual(whole.losses);
  const gradients = trained.map(({ name }) => `gradient/${name}`);
  expect(Object.keys(sums)).toEqual(expect.arrayContaining([...losses.map(name => `loss/${name}`), ...gradients]));
  const most = Math.max(...gradients.map(name => largest(expected[name]!)));
  for (const [name, value] of Object.entries(sums)) {
    const difference = value.data.reduce((sum, one, at) => Math.max(sum, Math.abs(one - expected[name]!.data[at]!)), 0);
    expect(difference / Math.max(largest(expected[name]!), 1e-5 * most), `${phase.name} ${name}`).toBeLessThan(1e-3);
  }
  return shares.length;
}

type Options = Partial<TrainingOptions> & { readonly recipe: RecipeId };

const cases: readonly (Options & { readonly shares: readonly number[] })[] = [
  { recipe: 'cyclegan', shares: [2, 2] },
  { recipe: 'cyclegan', identityWeight: 0, loss: 'wgan-gp', augment: ['color', 'cutout'], shares: [2, 2] },
  { recipe: 'cyclegan', upsample: 'resize', norm: 'group', shares: [2, 2] },
  { recipe: 'gan', shares: [2, 2] },
  { recipe: 'cut', shares: [1, 1] },
  { recipe: 'pix2pix', shares: [1, 1] },
  { recipe: 'autoencoder', shares: [1] },
  { recipe: 'cyclegan', norm: 'batch', shares: [1, 2] },
];

it.each(cases)('%j', async ({ shares, ...options }) => {
  const counts: number[] = [];
  for (const phase of recipeOf(options).phases) counts.push(await expectTheSame(phase, options));
  expect(counts).toEqual(shares);
});

it('every recipe is among them', () => {
  expect([...new Set(cases.map(({ recipe }) => recipe))].sort()).toEqual([...recipeIds].sort());
});

it('share as much work as there is', () => {
  const spec = recipeSettings(settingsOf({ recipe: 'cyclegan' }));
  for (const phase of recipeOf({ recipe: 'cyclegan' }).phases) {
    const counts = buildShares(recipeOf({ recipe: 'cyclegan' }), phase, spec, 2).shares.map(
      ({ nodes }) => nodes.length,
    );
    expect(Math.max(...counts) / Math.min(...counts), phase.name).toBeLessThan(1.05);
    expect(buildShares(recipeOf({ recipe: 'cyclegan' }), phase, spec, 1).shares).toHaveLength(1);
  }
});

it('a phase is one graph where the engine has no memory for shares', async () => {
  const refused: string[] = [];
  const compile = () => {
    refused.push('asked');
    return Promise.reject(new CycleboxError('OUT_OF_MEMORY', 'No address space.'));
  };
  const settings = settingsOf({ recipe: 'cyclegan' });
  const [state, recipe, spec] = [
    await engine.createState(variablesOf(settings)),
    recipeOf(settings),
    recipeSettings(settings),
  ];
  const narrow: Engine = {
    id: engine.id,
    device: engine.device,
    descent: { lanes: 2, compile },
    createState: initial => engine.createState(initial),
    compile: (graph, how) => engine.compile(graph, how),
    load: (model, how) => engine.load(model, how),
    releaseCaches: () => engine.releaseCaches(),
    dispose: async () => {},
  };
  const phase = recipe.phases[0]!;
  const [plain, inShares] = [
    await compilePhase(narrow, state, recipe, phase, spec),
    await compilePhase(engine, state, recipe, phase, spec),
  ];
  expect(refused).toEqual(['asked']);
  expect([...plain.program.outputs].sort()).toEqual([...inShares.program.outputs].sort());
  await Promise.all([plain.program.dispose(), inShares.program.dispose()]);
});
