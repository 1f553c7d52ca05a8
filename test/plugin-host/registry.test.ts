/** Plugins that are found, judged, enabled and looked for again: real folders, no process. */
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  disableForCrashes,
  disablePlugin,
  enablePlugin,
  forgetPlugin,
  loadPluginSet,
  PluginRegistry,
  type PluginSetOptions,
  stateText,
} from '../../src/plugin-host/index.js';
import { temporaryFolder } from '../support/pictures.js';
import { catDog, coded, manifest, pluginsFolder, writePlugin } from './plugin-folders.js';

/** `name version state` of each plugin but those that come with cyclebox. */
async function states(options: PluginSetOptions): Promise<readonly string[]> {
  const { records } = await loadPluginSet({ builtIn: false, ...options });
  return records.map(({ name, version, state }) => `${name} ${version} ${stateText(state)}`);
}

const code = 'export function activate() {}';

describe('what was found stands as its manifest, its source and the user say', () => {
  test('a declarative plugin is ready, one with code in a named folder idle', async () => {
    const root = await pluginsFolder({
      pair: { 'package.json': manifest('pair', { contributes: { domainPairs: [catDog] } }) },
      post: { 'package.json': coded('post'), 'main.mjs': code },
    });
    expect(await states({ folders: [root] })).toEqual(['pair 1.0.0 ready', 'post 1.0.0 idle']);
    expect(await states({ folders: [root], safe: true })).toEqual([
      'pair 1.0.0 ready',
      'post 1.0.0 disabledBySafeMode',
    ]);
  });

  test('one with code that was installed, or is an npm package, waits for consent and says to what', async () => {
    const permissions = { read: ['/data/luts'], net: true };
    const files = { 'package.json': coded('post', { permissions }), 'main.mjs': code };
    const installed = await pluginsFolder({ '@me/post': files });
    const packages = await pluginsFolder({
      other: { 'package.json': coded('other', { keywords: ['cyclebox-plugin'] }), 'main.mjs': code },
      'left-pad': { 'package.json': { name: 'left-pad', version: '1.0.0' } },
    });
    const state = await temporaryFolder();
    expect(await states({ installed, packages, state })).toEqual([
      'post 1.0.0 awaitingConsent(read /data/luts, net)',
      'other 1.0.0 awaitingConsent(nothing beyond its own folder)',
    ]);
    await enablePlugin(state, 'post', permissions, 0);
    expect(await states({ installed, state })).toEqual(['post 1.0.0 idle']);
    await enablePlugin(state, 'post', { read: ['/data/luts'] }, 0);
    expect(await states({ installed, state }), 'it wants more than was allowed').toEqual([
      'post 1.0.0 awaitingConsent(read /data/luts, net)',
    ]);
  });

  test('what the user switched off, and what crashed too often, says since when', async () => {
    const folders = [await pluginsFolder({ post: { 'package.json': coded('post'), 'main.mjs': code } })];
    const state = await temporaryFolder();
    await disableForCrashes(state, 'post', 3, Date.UTC(2026, 0, 2));
    expect(await states({ folders, state })).toEqual(['post 1.0.0 disabledByCrashes(3, 2026-01-02T00:00:00.000Z)']);
    await disablePlugin(state, 'post', Date.UTC(2026, 0, 3));
    expect(await states({ folders, state })).toEqual(['post 1.0.0 disabledByUser(2026-01-03T00:00:00.000Z)']);
    await enablePlugin(state, 'post', {}, 0);
    expect(await states({ folders, state })).toEqual(['post 1.0.0 idle']);
    await disablePlugin(state, 'post', 0);
    await forgetPlugin(state, 'post');
    expect(await states({ folders, state })).toEqual(['post 1.0.0 idle']);
  });

  test('decisions that cannot be read enable nothing by accident', async () => {
    const state = await temporaryFolder();
    await writeFile(join(state, 'plugins.json'), '{ "plugins": 7');
    await expect(loadPluginSet({ state })).rejects.toMatchObject({ code: 'FILE_UNREADABLE' });
  });
});

describe('engines.cyclebox', () => {
  const pairs = { domainPairs: [catDog] };
  test.each([
    ['^1.0.0', pairs, 'ready'],
    ['1.x', pairs, 'ready'],
    ['^1 || ^2', pairs, 'ready'],
    ['^0.1.0', pairs, 'ready'],
    ['^0.1.0', { ...pairs, configuration: { properties: {} } }, 'incompatible(^0.1.0, 1.0.0)'],
    ['^2', pairs, 'incompatible(^2, 1.0.0)'],
    ['^1.4.0', pairs, 'incompatible(^1.4.0, 1.0.0)'],
    ['*', pairs, 'incompatible(*, 1.0.0)'],
    ['>=1.0.0', pairs, 'incompatible(>=1.0.0, 1.0.0)'],
    ['>=0.1.0', pairs, 'incompatible(>=0.1.0, 1.0.0)'],
  ])('%s is %#', async (cyclebox, contributes, expected) => {
    const root = await pluginsFolder({ a: { 'package.json': manifest('a', { engines: { cyclebox }, contributes }) } });
    expect(await states({ folders: [root] })).toEqual([`a 1.0.0 ${expected}`]);
  });

  test('an old one loads with a word, and one that pins nothing is told to', async () => {
    const old = manifest('old', { engines: { cyclebox: '^0.1.0' }, contributes: pairs });
    const loose = manifest('loose', { engines: { cyclebox: '*' } });
    const root = await pluginsFolder({ loose: { 'package.json': loose }, old: { 'package.json': old } });
    const { records, problems } = await loadPluginSet({ folders: [root], builtIn: false });
    expect(records[1]?.plugin?.notes).toEqual([expect.stringMatching(/\^0\.1\.0.*"\^1\.0\.0"/)]);
    expect(problems.map(String)).toEqual([
      'PLUGIN_ENGINE_MISMATCH: loose 1.0.0 needs the plugin API *, this is 1.0.0. It must pin the major version: write "^1.0.0".',
    ]);
  });
});

describe('a manifest that is wrong is named with file and key', () => {
  test.each<[string, object, RegExp]>([
    ['code that is not there', coded('a', { main: 'gone.mjs' }), /main: there is no file .*gone\.mjs/],
    ['code that lies elsewhere', coded('a', { main: '../main.mjs' }), /main: must be a relative path/],
    [
      'something to do, and no code',
      manifest('a', { contributes: { routers: [{ id: 'r' }] } }),
      /contributes\.routers: needs code/,
    ],
    ['activation by everything', coded('a', { activationEvents: ['*'] }), /activationEvents\[0\]: "\*" would start it/],
    ['an event that never comes', coded('a', { activationEvents: ['onDream'] }), /onStartupFinished/],
    [
      'a misspelt point',
      manifest('a', { contributes: { domainPair: [] } }),
      /"domainPair".*Did you mean "domainPairs"\?/,
    ],
    ['a misspelt permission', coded('a', { permissions: { reed: ['/'] } }), /"reed".*Did you mean "read"\?/],
    [
      'a permission for a relative path',
      coded('a', { permissions: { read: ['../x'] } }),
      /permissions\.read\[0\]: must be an absolute/,
    ],
    ['a permission that climbs', coded('a', { permissions: { read: ['/tmp/../etc'] } }), /permissions\.read\[0\]/],
    [
      'a setting of no type',
      manifest('a', { contributes: { configuration: { properties: { x: { type: 'date' } } } } }),
      /contributes\.configuration\.properties\.x/,
    ],
    [
      'a setting that is called like what objects inherit',
      manifest('a', { contributes: { configuration: { properties: { constructor: { type: 'string' } } } } }),
      /constructor: is a word that JavaScript needs/,
    ],
  ])('%s', async (_, content, words) => {
    const root = await pluginsFolder({ a: { 'package.json': content, 'main.mjs': code } });
    const { problems, records } = await loadPluginSet({ folders: [root], builtIn: false });
    expect(problems).toMatchObject([{ code: 'PLUGIN_INVALID', message: expect.stringMatching(words) }]);
    expect(records.map(({ name, state }) => `${name} ${stateText(state)}`)).toEqual(['a invalid(PLUGIN_INVALID)']);
  });

  test('a manifest that would change what all objects inherit is refused, and changes nothing', async () => {
    const text = '{ "name": "a", "version": "1.0.0", "__proto__": { "polluted": true }, "contributes": {} }';
    const root = await pluginsFolder({ a: { 'package.json': text } });
    const { problems } = await loadPluginSet({ folders: [root], builtIn: false });
    expect(problems.map(String)).toEqual([expect.stringMatching(/a key "__proto__"/)]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('where plugins are found', () => {
  test('a folder that is named twice, and a link to it, count once', async () => {
    const root = await pluginsFolder({ a: { 'package.json': manifest('a') } });
    const links = await temporaryFolder();
    await symlink(join(root, 'a'), join(links, 'b'), 'junction');
    const { records, problems } = await loadPluginSet({ folders: [root, join(root, 'a'), links], builtIn: false });
    expect(problems).toEqual([]);
    expect(records.map(({ name }) => name)).toEqual(['a']);
  });

  test('of two versions of one plugin that of the named folder is in force, and the other is named', async () => {
    const named = await pluginsFolder({ a: { 'package.json': manifest('a', { version: '1.0.0' }) } });
    const installed = await pluginsFolder({ a: { 'package.json': manifest('a', { version: '2.0.0' }) } });
    expect(await states({ folders: [named], installed })).toEqual([
      'a 1.0.0 ready',
      `a 2.0.0 superseded(1.0.0, ${join(named, 'a')})`,
    ]);
    const { problems } = await loadPluginSet({ folders: [named], installed, builtIn: false });
    expect(problems).toMatchObject([{ code: 'PLUGIN_DUPLICATE', message: expect.stringMatching(/1\.0\.0.*2\.0\.0/) }]);
  });

  test('those that come with cyclebox stay when others are named', async () => {
    const root = await pluginsFolder({ a: { 'package.json': manifest('a') } });
    const { records } = await loadPluginSet({ folders: [root] });
    expect(records.map(({ name, source }) => `${name} ${source}`)).toEqual(
      expect.arrayContaining(['a folder', 'horse-zebra built-in', 'satellite-map built-in']),
    );
  });
});

describe('a registry tells what came, changed and went, and leaves the rest as it was', () => {
  async function opened() {
    const root = await pluginsFolder({
      pair: { 'package.json': manifest('pair', { contributes: { domainPairs: [catDog] } }) },
      post: { 'package.json': coded('post'), 'main.mjs': code },
    });
    const state = await temporaryFolder();
    const options = { folders: [root], builtIn: false, state };
    const registry = await PluginRegistry.open(options);
    const heard: string[] = [];
    registry.onChange(({ added, changed, removed }) => {
      for (const [what, plugins] of Object.entries({ added, changed, removed }))
        for (const { name, version } of plugins) heard.push(`${what} ${name} ${version}`);
    });
    return { root, state, registry, heard, refresh: () => registry.refresh(options) };
  }

  test('nothing changed: nothing is told, and every plugin is the same object', async () => {
    const { registry, heard, refresh } = await opened();
    const before = registry.set.records.map(({ plugin }) => plugin);
    await refresh();
    expect(heard).toEqual([]);
    expect(registry.set.records.every(({ plugin }, i) => plugin === before[i])).toBe(true);
  });

  test('code that changes changes its plugin only', async () => {
    const { root, registry, heard, refresh } = await opened();
    const pair = registry.find('pair')?.plugin;
    await writeFile(join(root, 'post', 'main.mjs'), `${code} // and more`);
    await refresh();
    expect(heard).toEqual(['changed post 1.0.0']);
    expect(registry.find('pair')?.plugin).toBe(pair);
  });

  test('a plugin that comes, one that is switched off, and one that goes', async () => {
    const { root, state, registry, heard, refresh } = await opened();
    const deltas: string[] = [];
    registry.onContributions('postprocessors')(({ added, removed }) => {
      deltas.push(`+${added.map(({ value }) => value.id)} -${removed.map(({ value }) => value.id)}`);
    });
    await writePlugin(join(root, 'new'), { 'package.json': coded('new'), 'main.mjs': code });
    await refresh();
    await disablePlugin(state, 'post', 0);
    await refresh();
    await rm(join(root, 'new'), { recursive: true });
    await refresh();
    expect(heard).toEqual(['added new 1.0.0', 'removed post 1.0.0', 'removed new 1.0.0']);
    expect(deltas).toEqual(['+new -', '+ -post', '+ -new']);
    expect(registry.contributions('domainPairs').map(({ value }) => value.id)).toEqual(['cat-dog']);
  });

  test('when the plugin goes that had an id first, the next one has it', async () => {
    const { root, registry, refresh } = await opened();
    const second = manifest('second', { contributes: { domainPairs: [catDog] } });
    await writePlugin(join(root, 'second'), { 'package.json': second });
    await refresh();
    expect(registry.contributions('domainPairs').map(({ plugin }) => plugin.name)).toEqual(['pair']);
    await rm(join(root, 'pair'), { recursive: true });
    await mkdir(join(root, '.hidden'));
    await refresh();
    expect(registry.contributions('domainPairs').map(({ plugin }) => plugin.name)).toEqual(['second']);
  });
});

test('what a plugin contributes implies what activates it', async () => {
  const contributes = {
    domainPairs: [catDog],
    preprocessors: [{ id: 'pre' }],
    routers: [{ id: 'by-season' }],
    recipes: [{ id: 'hinge' }],
    commands: [{ command: 'a.explain', title: 'Explain' }],
  };
  const files = {
    'package.json': coded('a', { contributes, activationEvents: ['onStartupFinished'] }),
    'main.mjs': code,
  };
  const { records } = await loadPluginSet({ folders: [await pluginsFolder({ a: files })], builtIn: false });
  expect(records[0]?.plugin?.activationEvents).toEqual([
    'onTranslate:pre',
    'onTranslate:by-season',
    'onTrain:hinge',
    'onCommand:a.explain',
    'onStartupFinished',
  ]);
});
