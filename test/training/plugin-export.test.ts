/** What a training exports says at which size it saw images: in its models, in its manifest, and to a translator. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { directionsOf, loadPlugins } from '../../src/catalog/index.js';
import { decodeOnnx } from '../../src/onnx/index.js';
import { Trainer } from '../../src/training/loop/trainer.js';
import { variablesOf } from '../../src/training/loop/variables.js';
import type { TrainingOptions } from '../../src/training/options.js';
import { exportPlugin } from '../../src/training/plugin-export.js';
import { resolveTrainingSettings } from '../../src/training/settings.js';
import { openTranslator } from '../../src/translate/index.js';
import { temporaryFolder, testPicture } from '../support/pictures.js';
import { tinyTraining, trainingFolder } from '../support/training-run.js';

/** The plugin of a training that has not begun. */
async function exported(options: Partial<TrainingOptions> = {}): Promise<string> {
  const settings = resolveTrainingSettings(tinyTraining(await temporaryFolder(), options));
  return exportPlugin(settings, 0, variablesOf(settings));
}

test('a training names the plugin API that it was written for, and sum and size of its models', async () => {
  const plugin = await exported();
  const manifest = JSON.parse(await readFile(join(plugin, 'package.json'), 'utf8'));
  const model = await readFile(join(plugin, 'to-blue.onnx'));
  expect(manifest.engines).toEqual({ cyclebox: '^1.0.0' });
  expect(manifest.contributes.domainPairs[0].models.blue).toMatchObject({ path: 'to-blue.onnx', size: model.length });
});

test('weights stored as float16, for files of half the size that are what the manifest says', async () => {
  const settings = resolveTrainingSettings(tinyTraining(await temporaryFolder(), { width: 16 }));
  const sizes: number[] = [];
  for (const storage of ['float32', 'float16'] as const) {
    const plugin = await exportPlugin(settings, 0, variablesOf(settings), { storage });
    const { directions, problems } = await directionsIn(plugin);
    expect(problems).toEqual([]);
    sizes.push(directions[0]!);
  }
  expect(sizes[1]! / sizes[0]!).toBeLessThan(0.6);
});

test('what the last evaluation of a training found, and at which step', async () => {
  const folder = await trainingFolder();
  const [testA, testB] = [join(folder, 'a'), join(folder, 'b')];
  const run = { testA, testB, evaluateEvery: 2, evaluateImages: 4, threads: 1 };
  const trainer = await Trainer.create(tinyTraining(folder, { steps: 3 }), run);
  onTestFinished(() => trainer.dispose());
  const models = (await loadPlugins([(await trainer.run())!])).pair('red-blue').models;
  const told = [...models].map(([to, { quality }]) => [to, quality?.on]);
  expect(told).toEqual([
    ['blue', '4 held-out images of red, at step 2'],
    ['red', '4 held-out images of blue, at step 2'],
  ]);
  for (const { quality } of models.values())
    expect(quality!.figures).toContainEqual({
      ...{ name: 'content kept', value: expect.any(Number), better: 'higher' },
      ...{ unchanged: 1, real: 0 },
    });
});

/** Sizes of the models that are found and have the sums that the manifest names, in bytes. */
async function directionsIn(plugin: string) {
  const catalog = await loadPlugins([plugin]);
  const found = await directionsOf(catalog.pair('red-blue'));
  return {
    directions: found.flatMap(({ model }) => (model ? [model.sizeBytes] : [])),
    problems: found.flatMap(({ problem }) => problem ?? []),
  };
}

async function facts(plugin: string) {
  const { metadata } = decodeOnnx(await readFile(join(plugin, 'to-blue.onnx')));
  const pair = (await loadPlugins([plugin])).pair('red-blue');
  const fits = [...pair.models.values()].map(({ fit }) => fit);
  return { trained: metadata['cyclebox.trained_size'], crop: metadata['cyclebox.crop_size'], fits };
}

test('the size that whole images were scaled to, and that of the crops', async () => {
  const fit = { trainedSize: 36, cropSize: 32 };
  expect(await facts(await exported())).toEqual({ trained: '36', crop: '32', fits: [fit, fit] });
});

test('of crops that grew, the last', async () => {
  const { trained, crop } = await facts(await exported({ sizes: [32, 64], loadSize: 72 }));
  expect([trained, crop]).toEqual(['72', '64']);
});

test.each<Partial<TrainingOptions>>([{ preprocess: 'crop' }, { loadSize: 0 }, { preprocess: 'scale-width' }])(
  'with %j, images had no one size, and none is named',
  async options => {
    const fit = { cropSize: 32 };
    expect(await facts(await exported(options))).toEqual({ trained: undefined, crop: '32', fits: [fit, fit] });
  },
);

test('is what a translator takes for "trained", from the pair and from the file alone', async () => {
  const plugin = await exported();
  for (const source of [{ pair: 'red-blue', to: 'blue', plugins: [plugin] }, { model: join(plugin, 'to-blue.onnx') }]) {
    const translator = await openTranslator({ ...source, scale: 'trained', threads: 1 });
    onTestFinished(() => translator.dispose());
    const { shownAs } = await translator.translatePicture(testPicture(180, 90));
    expect(shownAs).toEqual({ width: 72, height: 36 });
  }
});
