import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { closestTo } from '../../src/base/index.js';
import { directionsOf, loadPlugins } from '../../src/catalog/index.js';
import { temporaryFolder } from '../support/pictures.js';

const pair = { id: 'cat-dog', domains: ['cat', 'dog'], models: { dog: { path: 'to-dog.onnx' } } };
const manifest = (more: object = {}, contribution: object = pair) => ({
  name: 'cat-dog',
  version: '1.2.3',
  engines: { cyclebox: '^1.0.0' },
  contributes: { domainPairs: [contribution] },
  ...more,
});

const withFit = (fit: object) => manifest({}, { ...pair, models: { dog: { path: 'a.onnx', fit } } });

/** A folder of plugin folders; a manifest that is a string is written as it is. */
async function pluginsWith(manifests: Record<string, unknown>): Promise<string> {
  const root = await temporaryFolder();
  for (const [name, content] of Object.entries(manifests)) {
    await mkdir(join(root, name));
    const text = typeof content === 'string' ? content : JSON.stringify(content);
    if (content !== undefined) await writeFile(join(root, name, 'package.json'), text);
  }
  return root;
}

test('the plugins that come with cyclebox load without a problem', async () => {
  const catalog = await loadPlugins();
  expect(catalog.problems).toEqual([]);
  expect(catalog.pairs.map(({ id, domains }) => [id, ...domains])).toEqual([
    ['horse-zebra', 'horse', 'zebra'],
    ['photo-monet', 'photo', 'monet'],
    ['satellite-map', 'satellite', 'map'],
    ['winter-summer', 'winter', 'summer'],
  ]);
  for (const known of catalog.pairs) expect([...known.models.keys()].sort()).toEqual([...known.domains].sort());
});

test('a pair is what its manifest says, with a title made from its domains when there is none', async () => {
  const root = await pluginsWith({ 'cat-dog': manifest() });
  const catalog = await loadPlugins([root]);
  expect(catalog.pair('cat-dog')).toEqual({
    id: 'cat-dog',
    title: 'cat ⇄ dog',
    description: '',
    domains: ['cat', 'dog'],
    plugin: { name: 'cat-dog', version: '1.2.3', folder: join(root, 'cat-dog') },
    models: new Map([['dog', { path: 'to-dog.onnx' }]]),
  });
});

test('a model says at which scale it should see images', async () => {
  const fit = { trainedSize: 144, cropSize: 128, scale: 'trained' };
  const catalog = await loadPlugins([await pluginsWith({ 'cat-dog': withFit(fit) })]);
  expect([...catalog.pair('cat-dog').models]).toEqual([['dog', { path: 'a.onnx', fit }]]);
});

test('what a manifest says of the worth of a model, and of its licence, is kept as it is', async () => {
  const figures = [{ name: 'called a dog', value: 71.5, unit: '%', better: 'higher', unchanged: 0, real: 90 }];
  const quality = { on: '120 photos', figures };
  const licence = { weights: 'MIT', data: 'photos of the neighbours, who agreed' };
  const root = await pluginsWith({
    'cat-dog': manifest({}, { ...pair, models: { dog: { path: 'to-dog.onnx', quality, licence } } }),
  });
  const { problems, pairs } = await loadPlugins([root]);
  expect(problems).toEqual([]);
  expect(pairs[0]!.models).toEqual(new Map([['dog', { path: 'to-dog.onnx', quality, licence }]]));
});

test('a model that comes with cyclebox says how good it is and under which licences it and its images are', async () => {
  const { pairs } = await loadPlugins();
  const directions = (await Promise.all(pairs.map(async pair => [pair, await directionsOf(pair)] as const))).flatMap(
    ([{ models }, all]) => all.filter(({ model }) => model).map(({ to }) => models.get(to)!),
  );
  expect(directions.length).toBeGreaterThan(0);
  for (const { path, quality, licence, sha256 } of directions) {
    expect(quality?.figures.length, path).toBeGreaterThan(0);
    expect(licence?.data, path).toBeDefined();
    expect(sha256, path).toBeDefined();
  }
});

test('a folder may also be a plugin itself, may be listed twice, and plugins may be links', async () => {
  const root = await pluginsWith({ 'cat-dog': manifest() });
  const other = await temporaryFolder();
  await symlink(join(root, 'cat-dog'), join(other, 'linked'), 'junction');
  expect((await loadPlugins([join(root, 'cat-dog'), root, root])).problems).toEqual([]);
  expect((await loadPlugins([other])).pairs).toHaveLength(1);
});

test('hidden folders, node_modules and loose files are passed over', async () => {
  const root = await pluginsWith({ '.git': undefined, node_modules: undefined, 'cat-dog': manifest() });
  await writeFile(join(root, 'README.md'), 'plugins');
  expect(await loadPlugins([root])).toMatchObject({ problems: [], pairs: [{ id: 'cat-dog' }] });
});

describe('a faulty plugin is a problem that names file and key, and the others stay', () => {
  test.each<[string, unknown, RegExp]>([
    ['no manifest', undefined, /package\.json: it does not exist/],
    ['no JSON', '{', /not JSON/],
    ['no engines', manifest({ engines: {} }), /engines\.cyclebox/],
    ['an engine range that is none', manifest({ engines: { cyclebox: 'new' } }), /semver range/],
    ['no contributes', manifest({ contributes: undefined }), /contributes/],
    ['a misspelt key', manifest({}, { ...pair, model: {} }), /domainPairs\[0\].*"model".*Did you mean "models"\?/],
    ['an id that is no id', manifest({}, { ...pair, id: 'Cat Dog' }), /lower-case/],
    ['the same domain twice', manifest({}, { ...pair, domains: ['dog', 'dog'] }), /"dog" twice/],
    ['one domain', manifest({}, { ...pair, domains: ['cat'] }), /domains/],
    [
      'a figure without a way to read it',
      manifest(
        {},
        { ...pair, models: { dog: { path: 'a.onnx', quality: { on: 'x', figures: [{ name: 'x', value: 1 }] } } } },
      ),
      /models\.dog\.quality\.figures\[0\]\.better/,
    ],
    [
      'a quality without a figure',
      manifest({}, { ...pair, models: { dog: { path: 'a.onnx', quality: { on: 'x', figures: [] } } } }),
      /models\.dog\.quality\.figures: must have at least one/,
    ],
    [
      'a licence of the weights only',
      manifest({}, { ...pair, models: { dog: { path: 'a.onnx', licence: { weights: 'MIT', dta: 'x' } } } }),
      /models\.dog\.licence.*"dta".*Did you mean "data"\?/,
    ],
    [
      'a model to nowhere',
      manifest({}, { ...pair, models: { dgo: { path: 'a.onnx' } } }),
      /"dgo".*Did you mean "dog"\?/,
    ],
    ['a path that climbs', manifest({}, { ...pair, models: { dog: { path: '../a.onnx' } } }), /stays inside/],
    ['an absolute path', manifest({}, { ...pair, models: { dog: { path: '/a.onnx' } } }), /stays inside/],
    ['a Windows path', manifest({}, { ...pair, models: { dog: { path: 'C:\\a.onnx' } } }), /stays inside/],
    [
      'a model that is nothing but a folder up',
      manifest({}, { ...pair, models: { dog: { path: '..' } } }),
      /stays inside/,
    ],
    ['a scale that is none', withFit({ scale: 'half' }), /fit\.scale: must be "native", "trained", or a whole number/],
    ['a scale of too few pixels', withFit({ scale: 8 }), /fit\.scale: .*from 16 to 16384/],
    ['a size that is no number', withFit({ trainedSize: '144' }), /fit\.trainedSize: must be a whole number of pixels/],
    ['a misspelt fit', withFit({ trainedsize: 144 }), /"trainedsize".*Did you mean "trainedSize"\?/],
    ['a short hash', manifest({}, { ...pair, models: { dog: { path: 'a.onnx', sha256: 'ab' } } }), /64/],
  ])('%s', async (_, content, words) => {
    const root = await pluginsWith({ faulty: content, sound: manifest({ name: 'sound' }, { ...pair, id: 'sound' }) });
    const { pairs, problems } = await loadPlugins([root]);
    expect(pairs.map(({ id }) => id)).toEqual(['sound']);
    expect(problems).toMatchObject([{ code: 'PLUGIN_INVALID', message: expect.stringMatching(words) }]);
    expect(problems[0]?.message).toContain(join(root, 'faulty', 'package.json'));
    expect(problems[0]?.subject.plugin).toBe('faulty');
  });

  test('a plugin for another version is told apart, in a sentence with both versions', async () => {
    const root = await pluginsWith({ 'cat-dog': manifest({ engines: { cyclebox: '^99.0.0' } }) });
    const { problems } = await loadPlugins([root]);
    expect(problems[0]?.toString()).toBe(
      'PLUGIN_ENGINE_MISMATCH: cat-dog 1.2.3 needs the plugin API ^99.0.0, this is 1.0.0. ' +
        'Update cyclebox, or install a version of it that was made for this API.',
    );
  });

  test('of two plugins with the same pair the first counts and the second is named', async () => {
    const root = await pluginsWith({ a: manifest({ name: 'first' }), b: manifest({ name: 'second' }) });
    const catalog = await loadPlugins([root]);
    expect(catalog.pair('cat-dog').plugin.name).toBe('first');
    expect(catalog.problems).toMatchObject([
      {
        code: 'PLUGIN_DUPLICATE',
        subject: { plugin: 'second', pair: 'cat-dog' },
        message: expect.stringMatching(/second.*first/),
      },
    ]);
  });

  test('a plugin folder that does not exist', async () => {
    const { problems } = await loadPlugins([join(await temporaryFolder(), 'none')]);
    expect(problems).toMatchObject([{ code: 'FILE_NOT_FOUND' }]);
  });
});

test('an unknown pair is answered with the one that was probably meant', async () => {
  const catalog = await loadPlugins();
  expect(() => catalog.pair('sattelite-map')).toThrow(/known pairs are horse-zebra.*Did you mean "satellite-map"\?/);
  expect(() => catalog.pair('xyz')).toThrow(expect.objectContaining({ code: 'PAIR_NOT_FOUND' }));
  const refused = await loadPlugins([await pluginsWith({ 'cat-dog': '{' })]);
  expect(() => refused.pair('cat-dog')).toThrow(/no plugin registers any pair.*A plugin was left out: .*not JSON/);
});

test('a word is only taken for another when it is close', () => {
  expect(closestTo('inbx', ['inbox', 'outbox'])).toBe('inbox');
  expect(closestTo('pligins', ['plugins'])).toBe('plugins');
  expect(closestTo('ma', ['map'])).toBe('map');
  expect(closestTo('whatever', ['map', 'inbox'])).toBeUndefined();
});
