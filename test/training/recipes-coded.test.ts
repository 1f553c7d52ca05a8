/** Recipes that are data, as plugins return them: they take the steps of those that are written here, and faults are told by name. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { packageRoot, Random } from '../../src/base/index.js';
import { type Engine, openEngine, type TensorData, type Tensors } from '../../src/engine/index.js';
import { sizeOf } from '../../src/graph/index.js';
import type { RecipeDocument, RecipeNode } from '../../src/plugin-api/index.js';
import { flatPicture, openPlugin } from '../../src/plugin-host/testing/index.js';
import {
  buildPhase,
  buildPreview,
  checkedRecipe,
  codedRecipe,
  cyclegan,
  type Recipe,
  recipeSettings,
  resolveTrainingSettings,
  type TrainingOptions,
  variablesOf,
} from '../../src/training/index.js';
import { settingsForPlugin } from '../../src/training/settings.js';
import { temporaryFolder } from '../support/pictures.js';
import { cycleganDocument } from '../support/recipe-document.js';
import { toySettings } from './toy-problem.js';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine('cpu', { threads: 1 });
});
afterAll(() => engine.dispose());

const tiny = { width: 4, discriminatorWidth: 4 } as const;

/** Losses and gradients of a phase, on images that are the same every time. */
async function outcome(recipe: Recipe, index: number, options: Partial<TrainingOptions>): Promise<Tensors> {
  const settings = toySettings({ ...tiny, ...options });
  const state = await engine.createState(variablesOf(settings));
  const phase = recipe.phases[index]!;
  const { graph, randomInputs } = buildPhase(recipe, phase, recipeSettings(settings), { inspect: true });
  const program = await engine.compile(graph, { state });
  const inputs = [...program.inputs].sort().map((name): [string, TensorData] => {
    const random = new Random(name.length);
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

const largestOf = ({ data }: TensorData) => data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

describe('a recipe as data', () => {
  it.each([
    {},
    { loss: 'hinge' },
    { loss: 'vanilla', identityWeight: 0 },
  ] as const satisfies readonly Partial<TrainingOptions>[])(
    'of CycleGAN has the losses and gradients of the one that is written here: %j',
    async options => {
      const settings = recipeSettings(toySettings({ ...tiny, ...options }));
      const coded = codedRecipe('p/cyclegan', checkedRecipe('p/cyclegan', cycleganDocument(settings), settings));
      expect(coded.networks(settings)).toEqual(cyclegan.networks(settings));
      for (const index of [0, 1]) {
        const [ours, theirs] = [await outcome(cyclegan, index, options), await outcome(coded, index, options)];
        const least = 1e-4 * Math.max(...Object.values(ours).map(largestOf));
        const names = Object.keys(theirs);
        expect(names.filter(name => name.startsWith('gradient/')).length).toBeGreaterThan(9);
        for (const name of names) {
          const [a, b] = [ours[name]!, theirs[name]!];
          const gap = a.data.reduce((most, value, at) => Math.max(most, Math.abs(value - b.data[at]!)), 0);
          expect(gap / Math.max(largestOf(a), least), name).toBeLessThan(1e-3);
        }
      }
    },
  );

  it('shows in its sheets what its directions make, there and back', () => {
    const settings = recipeSettings(toySettings(tiny));
    const coded = codedRecipe('p/cyclegan', cycleganDocument(settings));
    expect(coded.columns).toEqual(cyclegan.columns);
    expect(Object.keys(buildPreview(coded, settings).outputs).sort()).toEqual([
      'fakeA',
      'fakeB',
      'recoveredA',
      'recoveredB',
    ]);
  });

  it('takes the options that it makes use of, and refuses others', () => {
    const document = { ...cycleganDocument(recipeSettings(toySettings(tiny))), uses: ['cycleWeight'] };
    const given = { pair: 'a-b', a: 'a', b: 'b', out: 'o', recipe: 'p/mine', recipeGraph: document } as const;
    expect(resolveTrainingSettings({ ...given, cycleWeight: 3, poolSize: 7, loss: 'hinge' }).cycleWeight).toBe(3);
    expect(() => resolveTrainingSettings({ ...given, contrastWeight: 3 })).toThrow(/p\/mine does not use it/);
    expect(() => resolveTrainingSettings({ ...given, recipeGraph: undefined })).toThrow(/p\/mine is of a plugin/);
    expect(() => resolveTrainingSettings({ ...given, recipe: 'cycelgan' as never })).toThrow(
      /recipe is cycelgan; allowed: one of cyclegan, .*, or PLUGIN\/ID of a plugin/,
    );
  });
});

test('the recipe of docs/plugins.md is one, and so is its metric', async () => {
  const page = await readFile(join(packageRoot, 'docs/plugins.md'), 'utf8');
  const [, section = ''] = page.split('### Recipes and metrics\n');
  const [, code = ''] = /^```js\n([\s\S]*?)^```/m.exec(section) ?? [];
  const folder = await temporaryFolder();
  const contributes = { recipes: [{ id: 'gradient-gan' }], metrics: [{ id: 'lightness', better: 'lower' }] };
  const manifest = { name: 'edges', version: '1.0.0', engines: { cyclebox: '^1.0.0' }, main: 'index.mjs', contributes };
  await writeFile(join(folder, 'index.mjs'), code);
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  const plugin = await openPlugin({ folder });
  const { told, networks } = settingsForPlugin({ pair: 'a-b', a: 'a', b: 'b', out: 'o', size: 32, width: 4 });
  const document = await plugin.recipe('gradient-gan', told);
  expect(checkedRecipe('edges/gradient-gan', document, networks)).toEqual(document);
  expect(await plugin.measure('lightness', flatPicture(2, 2, [10, 10, 10]), flatPicture(2, 2, [14, 14, 14]))).toBe(4);
  await plugin.dispose();
});

describe('what is no recipe is refused with its place', () => {
  const settings = recipeSettings(toySettings(tiny));
  const whole = cycleganDocument(settings);
  const withNode = (name: string, node: unknown): unknown => {
    const [first, ...rest] = whole.phases;
    return { ...whole, phases: [{ ...first, nodes: { ...first!.nodes, [name]: node as RecipeNode } }, ...rest] };
  };

  it.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /the recipe: /],
    ['text', 'cyclegan', /the recipe: /],
    ['a function lost on the way', { ...whole, phases: [] }, /phases: /],
    ['an unknown operation', withNode('x', { op: 'conv', of: ['a'] }), /phases\.0\.nodes\.x\.op: /],
    ['a node that comes later', withNode('x', { op: 'neg', of: ['y'] }), /phases\.0\.nodes\.x: "y" is no earlier node/],
    ['a network that is not there', withNode('x', { op: 'apply', network: 'G_C', of: ['a'] }), /no network "G_C"/],
    ['a name that is taken', withNode('a', { op: 'neg', of: ['b'] }), /nodes\.a: this name is taken/],
    [
      'an output of nobody',
      withNode('x', { op: 'earlier', output: 'fakeB', of: ['b'] }),
      /no earlier phase hands on "fakeB"/,
    ],
    ['a pool of nothing', { ...whole, pooled: ['fakeC'] }, /pooled: no phase hands on "fakeC"/],
    ['a direction by a judge', { ...whole, directions: [{ network: 'D_A', from: 0, to: 1 }] }, /no generator "D_A"/],
    ['an option that is none', { ...whole, uses: ['cycelWeight'] }, /"cycelWeight" is no option.*cycleWeight/],
    [
      'shapes that do not fit',
      withNode('x', { op: 'concat', axis: 2, of: ['a', 'fakeJudged'] }),
      /phase generators, node x \(concat\): /,
    ],
    ['a loss of many values', withLoss('fakeB'), /phase generators, loss fakeB: it has the shape \[1, 3, 32, 32\]/],
    ['a prototype', JSON.parse('{"__proto__":{"polluted":1},"summary":"s"}'), /networks: /],
  ])('%s', (_, returned, reason) => {
    expect(() => checkedRecipe('p/mine', returned, settings)).toThrow(reason);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  function withLoss(node: string): RecipeDocument {
    const [first, ...rest] = whole.phases;
    return { ...whole, phases: [{ ...first!, losses: { ...first!.losses, mine: node } }, ...rest] };
  }
});
