import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { directionsOf, loadAvailablePairs, loadPlugins } from '../../src/catalog/index.js';
import { temporaryFolder } from '../support/pictures.js';

const builtIn = (await loadPlugins()).pairs.map(({ id }) => id);

/** A folder with one plugin of the user's, as `cyclebox train` writes one. */
async function ownPlugin(id: string): Promise<string> {
  const root = await temporaryFolder();
  await mkdir(join(root, id));
  const contributes = { domainPairs: [{ id, domains: ['mine', 'yours'] }] };
  const manifest = { name: id, version: '1.0.0', engines: { cyclebox: '^1.0.0' }, contributes };
  await writeFile(join(root, id, 'package.json'), JSON.stringify(manifest));
  return root;
}

test('pairs of one’s own join those that come with cyclebox', async () => {
  const { pairs, problems } = await loadAvailablePairs({ plugins: [await ownPlugin('cat-dog')] });
  expect(pairs.map(({ id }) => id)).toEqual(['cat-dog', ...builtIn]);
  expect(builtIn).toContain('horse-zebra');
  expect(problems).toEqual([]);
});

test('a pair trained anew takes the place of the one that comes with cyclebox, without complaint', async () => {
  const catalog = await loadAvailablePairs({ plugins: [await ownPlugin('horse-zebra')] });
  expect(catalog.pair('horse-zebra').domains).toEqual(['mine', 'yours']);
  expect(catalog.pairs).toHaveLength(builtIn.length);
  expect(catalog.problems).toEqual([]);
});

test('naming the folder of those that come with cyclebox changes nothing', async () => {
  const { pairs, problems } = await loadAvailablePairs({ plugins: [join(packageRoot, 'plugins')] });
  expect(pairs.map(({ id }) => id)).toEqual(builtIn);
  expect(problems).toEqual([]);
});

test('a pair is switched off by its name, and only by one that is there', async () => {
  const catalog = await loadAvailablePairs({ disabledPairs: ['horse-zebra', 'photo-monte'] });
  expect(catalog.pairs.map(({ id }) => id)).toEqual(builtIn.filter(id => id !== 'horse-zebra'));
  expect(() => catalog.pair('horse-zebra')).toThrow(/no pair "horse-zebra"/);
  expect(catalog.problems.map(String)).toEqual([
    expect.stringMatching(/^PAIR_NOT_FOUND: .*Did you mean "photo-monet"\?/),
  ]);
});

test('a model store of one’s own does not hide the models that come with cyclebox', async () => {
  const catalog = await loadAvailablePairs({});
  const [toMap] = await directionsOf(catalog.pair('satellite-map'), { modelStore: await temporaryFolder() });
  expect(toMap?.model?.path).toBe(join(packageRoot, 'models/satellite-map/to-map.onnx'));
});
