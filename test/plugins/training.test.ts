/** Recipes and metrics of plugins in trainings and evaluations, on the command line and from a program. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { train } from '../../src/training/index.js';
import { scenes, striped, writeImages } from '../support/made-images.js';
import { cyclebox } from '../support/project.js';
import { cycleganDocument } from '../support/recipe-document.js';
import { writeTinyOnnx } from '../support/tiny-onnx.js';
import { startTraining, tinyArguments, tinyTraining, trainingFolder } from '../support/training-run.js';

const place = ['--engine', 'cpu', '--threads', '1'];

/** A plugin `studio` with a recipe and a metric, in `plugins` of the folder. */
async function withStudio(folder: string, { recipe = '', metric = '' } = {}): Promise<void> {
  const plugin = join(folder, 'plugins', 'studio');
  await mkdir(plugin, { recursive: true });
  const document = JSON.stringify(cycleganDocument({ cycleWeight: 4, identityWeight: 0 }));
  await writeFile(
    join(plugin, 'index.mjs'),
    `let asked = 0;
    export function activate(context) {
      context.registerRecipe('plain-cycle', ({ settings }) => {
        context.log.info('asked ' + ++asked + ' times, for crops of ' + settings.size + ', folder ' + settings.a);
        ${recipe || `return ${document};`}
      });
      context.registerMetric('redder', ({ input, output }) => {
        ${
          metric ||
          `const red = ({ rgb }) => rgb.filter((_, i) => i % 3 === 0).reduce((a, b) => a + b, 0) / (rgb.length / 3);
        return red(output) - red(input);`
        }
      });
    }`,
  );
  const contributes = {
    recipes: [{ id: 'plain-cycle' }],
    metrics: [{ id: 'redder', title: 'more red', better: 'lower', unit: 'levels' }],
  };
  const manifest = {
    name: 'studio',
    version: '1.0.0',
    engines: { cyclebox: '^1.0.0' },
    main: 'index.mjs',
    contributes,
  };
  await writeFile(join(plugin, 'package.json'), JSON.stringify(manifest));
}

const withRecipe = [...tinyArguments, '--recipe', 'studio/plain-cycle', '--out', 'run', ...place];

describe("a plugin's recipe", () => {
  test('is asked once, trains, is exported, and is gone on with when the plugin is there no more', async () => {
    const folder = await trainingFolder();
    await withStudio(folder);
    const first = startTraining(folder, [...withRecipe, '--plugins', 'plugins', '--steps', '4', '--stop-at', '2']);
    const { code, err } = await first.ended;
    expect({ code, err }).toEqual({ code: 0, err: 'studio: asked 1 times, for crops of 32, folder undefined\n' });
    const progress = first.events.filter(event => event.kind === 'progress').at(-1)!;
    expect(Object.keys(progress.losses).sort()).toEqual(['D_A', 'D_B', 'G_A', 'G_B', 'cycle_A', 'cycle_B']);
    expect(Object.values(progress.losses).every(value => Number.isFinite(value) && value !== 0)).toBe(true);
    await rm(join(folder, 'plugins'), { recursive: true });
    const second = startTraining(folder, ['--resume', '--out', 'run']);
    expect(await second.ended).toEqual({ code: 0, err: '' });
    expect(second.events.at(-1)).toMatchObject({ kind: 'ended', ended: 'finished', step: 4 });
    const exported = JSON.parse(await readFile(join(folder, 'run/plugins/red-blue/package.json'), 'utf8'));
    expect(Object.keys(exported.contributes.domainPairs[0].models).sort()).toEqual(['blue', 'red']);
  });

  test.each([
    [
      'one that is not there',
      'studio/plain',
      '',
      /PLUGIN_UNAVAILABLE: There is no recipe "plain"; known are studio\/plain-cycle/,
    ],
    [
      'an error',
      'studio/plain-cycle',
      `throw new Error('no idea')`,
      /PLUGIN_FAILED: studio 1\.0\.0 failed as recipe "plain-cycle": no idea \(at index\.mjs:5/,
    ],
  ])('that is %s is refused by name, before anything is written', async (_, recipe, body, reason) => {
    const folder = await trainingFolder();
    await withStudio(folder, { recipe: body });
    const args = [...tinyArguments, '--recipe', recipe, '--out', 'run', '--plugins', 'plugins', ...place];
    const { code, err } = await cyclebox(folder, 'train', ...args).ended;
    expect(err).toMatch(reason);
    expect(code).not.toBe(0);
    await expect(readFile(join(folder, 'run/history.jsonl'))).rejects.toThrow(/ENOENT/);
  });
});

describe("a plugin's metric", () => {
  const judged = (folder: string) => ({ testA: join(folder, 'a'), testB: join(folder, 'b'), evaluateEvery: 2 });

  test('is measured by the evaluations of a training, and tells its best checkpoint', async () => {
    const folder = await trainingFolder();
    await withStudio(folder);
    const run = train(
      { ...tinyTraining(folder), steps: 4 },
      { ...judged(folder), best: 'studio/redder', plugins: [join(folder, 'plugins')], engine: 'cpu', threads: 1 },
    );
    const evaluations: Readonly<Record<string, number>>[] = [];
    run.onEvaluation(({ metrics }) => void evaluations.push(metrics));
    expect(await run.result).toMatchObject({ ended: 'finished' });
    expect(evaluations).toHaveLength(2);
    for (const metrics of evaluations) {
      expect(metrics['red→blue/studio/redder']).toBeLessThan(0);
      expect(metrics['blue→red/studio/redder']).toBeGreaterThan(0);
    }
    const history = await readFile(join(folder, 'run/history.jsonl'), 'utf8');
    expect(history).toMatch(/"best":\{"metric":"studio\/redder","value":-?\d/);
  });

  test('that fails costs its figure and not the training, which says so', async () => {
    const folder = await trainingFolder();
    await withStudio(folder, { metric: `throw new Error('colour-blind')` });
    const run = train(
      { ...tinyTraining(folder), steps: 2 },
      { ...judged(folder), metrics: ['studio/redder'], plugins: [join(folder, 'plugins')], engine: 'cpu', threads: 1 },
    );
    const warnings: string[] = [];
    run.onWarning(({ message }) => void warnings.push(message));
    const { ended, metrics } = await run.result;
    expect(ended).toBe('finished');
    expect(Object.keys(metrics)).toContain('red→blue/swd');
    expect(Object.keys(metrics).filter(name => name.includes('redder'))).toEqual([]);
    expect(warnings.join('\n')).toMatch(
      /studio\/redder could not be measured: studio 1\.0\.0 failed as metric "redder": colour-blind/,
    );
  });

  test('stands in the table and the document of cyclebox evaluate, beside its references', async () => {
    const folder = await trainingFolder();
    await withStudio(folder);
    await writeImages(join(folder, 'before'), scenes(6, 1));
    await writeImages(join(folder, 'after'), scenes(6, 1).map(striped));
    await writeTinyOnnx(join(folder, 'negate.onnx'), {
      metadata: { 'cyclebox.from': 'plain', 'cyclebox.to': 'striped' },
    });
    const args = ['evaluate', '--model', 'negate.onnx', '--a', 'before', '--b', 'after', '--cache', 'cache', ...place];
    const asked = [...args, '--plugins', 'plugins', '--metric', 'studio/redder'];
    const [table, json] = await Promise.all([asked, [...asked, '--json']].map(each => cyclebox(folder, ...each).ended));
    expect(table).toMatchObject({ code: 0, err: '' });
    expect(table!.out).toMatch(/^more red +-?\d+\.\d+ levels +0\.000 levels +-?\d+\.\d+ levels$/m);
    const { rows, each, metrics } = JSON.parse(json!.out);
    expect(metrics).toEqual({ 'studio/redder': { title: 'more red', better: 'lower', unit: 'levels' } });
    const means = each.map((one: { metrics: Record<string, number> }) => one.metrics['studio/redder']);
    expect(rows.translated['studio/redder']).toBeCloseTo(means.reduce((a: number, b: number) => a + b, 0) / 6, 6);
  });
});
