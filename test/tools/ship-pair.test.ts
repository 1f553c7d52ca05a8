/**
 * A trained pair on its way into the repository: a copy of a plugin and an empty store get the models of a tiny training and
 * the figures of two measurements. What comes out must load, and the card must name what the models say of themselves.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, vi } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { directionsOf, loadPlugins } from '../../src/catalog/index.js';
import { writeSafetensorsFile } from '../../src/nets/index.js';
import { variablesOf } from '../../src/training/loop/variables.js';
import { exportPlugin } from '../../src/training/plugin-export.js';
import { resolveTrainingSettings } from '../../src/training/settings.js';
import { temporaryFolder } from '../support/pictures.js';

vi.setConfig({ testTimeout: 240_000 });

function toySettings(root: string) {
  return resolveTrainingSettings({
    ...{ pair: 'horse-zebra', a: root, b: root, out: join(root, 'run') },
    ...{ size: 32, loadSize: 40, width: 16, blocks: 2, flip: false, steps: 6, identityWeight: 2 },
  });
}

/** A repository with the pair's plugin alone, and what a training of it left. */
async function toyRepository() {
  const root = await temporaryFolder();
  await cp(join(packageRoot, 'plugins/horse-zebra'), join(root, 'plugins/horse-zebra'), { recursive: true });
  const settings = toySettings(root);
  return { root, plugin: await exportPlugin(settings, 4, variablesOf(settings)) };
}

async function writeMeasured(root: string): Promise<string> {
  const judged = join(root, 'judged');
  const shares = { 'real horses': 0, 'real zebras': 0.886, 'horse → zebra': 0.6583, 'zebra → horse': 0.2 };
  const rows = {
    translated: { style: 0.8, content: 0.71234 },
    unchanged: { style: 0.1, content: 1 },
    target: { style: 0.9 },
  };
  await mkdir(join(judged, 'to-zebra'), { recursive: true });
  await writeFile(
    join(judged, 'classified.json'),
    JSON.stringify(Object.entries(shares).map(([what, zebra]) => ({ what, zebra }))),
  );
  await writeFile(join(judged, 'to-zebra/evaluation.json'), JSON.stringify({ images: 120, rows, warnings: [] }));
  return judged;
}

async function ship(root: string, ...more: readonly string[]): Promise<string> {
  const tool = join(packageRoot, 'tools/ship-pair/main.mjs');
  const args = [tool, '--root', root, '--pair', 'horse-zebra', ...more];
  return (await promisify(execFile)(process.execPath, args, { cwd: root })).stdout;
}

it('a trained pair gets into the store, the manifest and the card, and its figures later', async () => {
  const { root, plugin } = await toyRepository();
  expect(await ship(root, '--plugin', plugin, '--scale', 'trained')).toMatch(
    /as float16, pixels .* move by [01] at most/,
  );
  await ship(root, '--judged', await writeMeasured(root));

  const pair = (await loadPlugins([join(root, 'plugins/horse-zebra')])).pair('horse-zebra');
  const directions = await directionsOf(pair, { modelStore: join(root, 'models') });
  expect(directions.map(({ problem }) => problem)).toEqual([undefined, undefined]);
  const zebra = pair.models.get(directions.find(({ to }) => to === 'zebra')!.to)!;
  expect(zebra).toMatchObject({
    fit: { trainedSize: 40, cropSize: 32, scale: 'trained' },
    quality: {
      on: '120 photographs of horses',
      figures: [
        { name: 'called a zebra', value: 65.8, unit: '%', better: 'higher', unchanged: 0, real: 88.6 },
        { name: 'taken for the target', value: 80, unchanged: 10, real: 90 },
        { name: 'content kept', value: 0.71, unchanged: 1 },
      ],
    },
    licence: { weights: 'MIT', data: expect.stringContaining('ImageNet') },
  });

  const card = await readFile(join(root, 'plugins/horse-zebra/README.md'), 'utf8');
  const options = '--size 32 --load-size 40 --no-flip --width 16 --blocks 2 --identity 2 --steps 6 --weights float16';
  expect(card.replaceAll(/ \\\n +/g, ' ')).toContain(
    `--a datasets/horse2zebra/trainA --b datasets/horse2zebra/trainB --out runs/horse-zebra ${options}`,
  );
  expect(card).toContain('stored as float16');
  expect(card).toContain('The weights are those of step 4.');
  expect(card).toContain('| this model | 65.8 % | 80 % | 0.71 |');
});

it('what people wrote into the card stays, and the same again changes nothing', async () => {
  const { root, plugin } = await toyRepository();
  await ship(root, '--plugin', plugin);
  const file = join(root, 'plugins/horse-zebra/README.md');
  await writeFile(file, `${await readFile(file, 'utf8')}\n**What it gets wrong.** Riders get stripes, too.\n`);
  await ship(root);
  const card = await readFile(file, 'utf8');
  expect(card).toMatch(/^# horse-zebra\n/);
  expect(card.match(/\*\*From data set to model/g)).toHaveLength(1);
  expect(card).toMatch(/Riders get stripes, too\.\n$/);
  await ship(root);
  expect(await readFile(file, 'utf8')).toBe(card);
});

it('one direction is taken alone, and what int8 costs stays with the file that it was measured of', async () => {
  const { root, plugin } = await toyRepository();
  await ship(root, '--plugin', plugin);
  const file = join(root, 'plugins/horse-zebra/package.json');
  const manifest = JSON.parse(await readFile(file, 'utf8'));
  const { models } = manifest.contributes.domainPairs[0];
  const precisions = { int8: { psnr: 40, lowest: 36, images: 12 } };
  for (const to of ['zebra', 'horse']) models[to].precisions = precisions;
  models.zebra.sha256 = '0'.repeat(64); // Of another file.
  await writeFile(file, JSON.stringify(manifest));
  const horse = join(root, 'models/horse-zebra/to-horse.onnx');
  await writeFile(horse, await readFile(join(root, 'models/horse-zebra/to-zebra.onnx')));
  const other = await readFile(horse);

  await ship(root, '--plugin', plugin, '--to', 'zebra');
  expect(await readFile(horse)).toEqual(other);
  await ship(root, '--plugin', plugin, '--to', 'horse');
  expect(await readFile(horse)).not.toEqual(other);
  await ship(root);
  const [pair] = JSON.parse(await readFile(file, 'utf8')).contributes.domainPairs;
  expect(pair.models.zebra.precisions).toBeUndefined();
  await expect(ship(root, '--plugin', plugin, '--to', 'cow')).rejects.toThrow(
    /--to is cow; it must be one of horse and zebra/,
  );

  pair.models.horse.precisions = precisions;
  await writeFile(file, JSON.stringify({ ...manifest, contributes: { ...manifest.contributes, domainPairs: [pair] } }));
  await ship(root);
  const kept = JSON.parse(await readFile(file, 'utf8')).contributes.domainPairs[0].models;
  expect([kept.horse.precisions, kept.zebra.precisions]).toEqual([precisions, undefined]);
});

it('weights alone become the models that the training would have written', async () => {
  const { root, plugin } = await toyRepository();
  const options = { size: 32, loadSize: 40, width: 16, blocks: 2, flip: false, steps: 6, identityWeight: 2, step: 4 };
  const [weights, folder] = [variablesOf(toySettings(root)), join(root, 'weights')];
  await mkdir(folder);
  for (const [network, to] of Object.entries({ G_A: 'zebra', G_B: 'horse' })) {
    const own = Object.entries(weights).filter(([name]) => name.startsWith(`${network}.`));
    const tensors = Object.fromEntries(own.map(([name, tensor]) => [name.slice(network.length + 1), tensor]));
    await writeSafetensorsFile(join(folder, `to-${to}.safetensors`), tensors);
  }
  await writeFile(join(folder, 'training.json'), JSON.stringify(options));
  await ship(root, '--plugin', folder);
  const [made, trained] = [join(root, 'weights/exported/plugins/horse-zebra'), plugin];
  for (const name of ['to-zebra.onnx', 'to-horse.onnx'])
    expect((await readFile(join(made, name))).equals(await readFile(join(trained, name)))).toBe(true);
});

it('says which pairs there are', async () => {
  await expect(ship(await temporaryFolder(), '--pair', 'cat-dog')).rejects.toThrow(
    '--pair is cat-dog; it must be one of horse-zebra, photo-monet, winter-summer, satellite-map.',
  );
});
