/** Plugins that come, change and go while the daemon runs: real folders and watches, the worker that copies texts. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DisposableStore, packageRoot } from '../../src/base/index.js';
import { configJsonSchema, type DaemonEvent, loadConfig, startDaemon } from '../../src/daemon/index.js';
import { disablePlugin, enablePlugin, loadPluginSet, stateText } from '../../src/plugin-host/index.js';
import { coded, manifest, writePlugin } from '../plugin-host/plugin-folders.js';
import { dayNight, drop, project, writeConfig } from '../support/project.js';

vi.setConfig({ testTimeout: 240_000 });

let opened: DisposableStore;
beforeEach(() => {
  opened = new DisposableStore();
});
afterEach(() => opened.dispose());

const workerEntry = join(packageRoot, 'test/fixtures/worker/worker.mjs');

async function start(root: string) {
  const configFile = join(root, 'watch-config.json');
  const events: DaemonEvent[] = [];
  let hear: (() => void) | undefined;
  const onEvent = (event: DaemonEvent) => {
    events.push(event);
    hear?.();
  };
  const daemon = opened.add(await startDaemon(await loadConfig(configFile), { configFile, workerEntry, onEvent }));
  const next = async <T extends DaemonEvent['type']>(type: T) => {
    for (;;) {
      const at = events.findIndex(event => event.type === type);
      if (at >= 0) return events.splice(at, 1)[0] as Extract<DaemonEvent, { type: T }>;
      await new Promise<void>(resolve => {
        hear = resolve;
      });
    }
  };
  const states = () => daemon.plugins.records.map(({ name, state }) => `${name} ${stateText(state)}`);
  return { daemon, events, next, states };
}

test('a plugin that comes into a folder that is watched serves its route at once, and files that waited for it', async () => {
  const root = await project();
  const plugin = join(root, 'plugins', 'day-night');
  await rename(plugin, join(root, 'elsewhere'));
  await drop(root, 'day-to-night/early.png', 'text');
  const { next } = await start(root);
  expect(await next('failed')).toMatchObject({ path: 'day-to-night/early.png', error: { code: 'PAIR_NOT_FOUND' } });
  await rename(join(root, 'elsewhere'), plugin);
  expect(await next('pluginsChanged')).toMatchObject({ added: ['day-night'], changed: [], removed: [] });
  expect(await next('done')).toMatchObject({ path: 'day-to-night/early.png' });
});

test('a plugin that goes refuses its files by name, and what was refused is done when it is back', async () => {
  const root = await project();
  const plugin = join(root, 'plugins', 'day-night');
  const { next } = await start(root);
  await rename(plugin, join(root, 'elsewhere'));
  expect(await next('pluginsChanged')).toMatchObject({ removed: ['day-night'] });
  await drop(root, 'day-to-night/a.png', 'text');
  expect(await next('failed')).toMatchObject({ path: 'day-to-night/a.png', error: { code: 'PAIR_NOT_FOUND' } });
  await rename(join(root, 'elsewhere'), plugin);
  expect(await next('done')).toMatchObject({ path: 'day-to-night/a.png' });
});

test('a plugin that breaks is named, and every other goes on', async () => {
  const root = await project();
  await writePlugin(join(root, 'plugins', 'other'), { 'package.json': manifest('other') });
  const { next, states } = await start(root);
  await writeFile(join(root, 'plugins', 'other', 'package.json'), '{ "name": "other", ');
  const { faults, removed } = await next('pluginsChanged');
  expect(removed).toEqual(['other']);
  expect(faults).toMatchObject([{ code: 'PLUGIN_INVALID', message: expect.stringMatching(/other.*not JSON/) }]);
  expect(states()).toContain('other invalid(PLUGIN_INVALID)');
  await drop(root, 'day-to-night/a.png', 'text');
  expect(await next('done')).toMatchObject({ path: 'day-to-night/a.png' });
});

test('code that changes, deep in its folder, changes its plugin alone', async () => {
  const root = await project();
  const files = { 'package.json': coded('post'), 'main.mjs': '', 'lib/deep/a.mjs': '1' };
  await writePlugin(join(root, 'plugins', 'post'), files);
  const { next, states } = await start(root);
  expect(states()).toContain('post idle');
  await writeFile(join(root, 'plugins', 'post', 'lib/deep/a.mjs'), '22');
  expect(await next('pluginsChanged')).toMatchObject({ added: [], changed: ['post'], removed: [] });
});

test('what the command line switches off and on, the running daemon follows', async () => {
  const root = await project();
  const { next, states } = await start(root);
  await disablePlugin(join(root, '.cyclebox'), 'day-night', 0);
  expect(await next('pluginsChanged')).toMatchObject({ removed: ['day-night'] });
  expect(states()).toContain('day-night disabledByUser(1970-01-01T00:00:00.000Z)');
  await enablePlugin(join(root, '.cyclebox'), 'day-night', {}, 0);
  expect(await next('pluginsChanged')).toMatchObject({ added: ['day-night'] });
});

const tinted = manifest('tint', {
  contributes: {
    configuration: {
      properties: {
        strength: { type: 'number', default: 0.5, minimum: 0, maximum: 1 },
        mode: { type: 'string', enum: ['warm', 'cold'] },
      },
    },
  },
});

test('settings of plugins are checked against what they declare, with the one that was probably meant', async () => {
  const root = await project();
  await writePlugin(join(root, 'plugins', 'tint'), { 'package.json': tinted });
  const { daemon } = await start(root);
  const faultsOf = async (settings: object) => {
    await writeConfig(root, { ...dayNight, settings });
    const outcome = await daemon.reload();
    return outcome.kind === 'refused' ? outcome.error.message : outcome.kind;
  };
  expect(await faultsOf({ tint: { strenght: 1 } })).toMatch(/settings\.tint\.strenght: .*Did you mean "strength"\?/);
  expect(await faultsOf({ tint: { strength: 2 } })).toMatch(
    /settings\.tint\.strength: must be a number from 0 up to 1, not 2/,
  );
  expect(await faultsOf({ tint: { mode: 'wram' } })).toMatch(
    /must be one of warm, cold, not "wram"\. Did you mean "warm"\?/,
  );
  expect(await faultsOf({ tnit: {} })).toMatch(/there is no plugin "tnit"\. Did you mean "tint"\?/);
  expect(await faultsOf({ 'day-night': { x: 1 } })).toMatch(/day-night has no settings/);
  const settings = { tint: { strength: 1, mode: 'warm' } };
  // The daemon follows its file, and may have been quicker.
  expect(await faultsOf(settings)).toMatch(/^(?:applied|unchanged)$/);
  expect(daemon.config.settings).toEqual(settings);
});

test('the schema for editors has the settings of the plugins that are there', async () => {
  const root = await project();
  await writePlugin(join(root, 'plugins', 'tint'), { 'package.json': tinted });
  const { properties } = configJsonSchema(await loadPluginSet({ folders: [join(root, 'plugins')] })) as {
    readonly properties: Record<string, unknown>;
  };
  expect(properties['settings']).toMatchObject({
    properties: { tint: { properties: { strength: { type: 'number', maximum: 1 } }, additionalProperties: false } },
  });
});

test('results are called as the pair’s manifest says, in the folder of their image', async () => {
  const root = await project();
  const file = join(root, 'plugins', 'day-night', 'package.json');
  const described = JSON.parse(await readFile(file, 'utf8'));
  described.contributes.domainPairs[0].output = { name: '{name} ({from} to {to})' };
  await writeFile(file, JSON.stringify(described));
  const { next } = await start(root);
  await drop(root, 'day-to-night/x/a.b.png', 'text');
  expect(await next('done')).toMatchObject({ output: 'day-to-night/x/a.b (day to night).png' });
});

test('a job that is queued when its plugin is reloaded is done', async () => {
  const root = await project();
  const { next, daemon } = await start(root);
  await daemon.service.pause();
  await drop(root, 'day-to-night/a.png', 'text');
  await next('seen');
  const file = join(root, 'plugins', 'day-night', 'package.json');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('"1.0.0"', '"1.0.1"'));
  expect(await next('pluginsChanged')).toMatchObject({ changed: ['day-night'] });
  await daemon.service.resume();
  expect(await next('done')).toMatchObject({ path: 'day-to-night/a.png' });
});
