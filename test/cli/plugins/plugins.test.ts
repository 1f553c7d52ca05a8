/** `cyclebox plugins …` as people type it: real processes in a project of their own. */
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { packageRoot } from '../../../src/base/index.js';
import { coded, manifest, writePlugin } from '../../plugin-host/plugin-folders.js';
import { temporaryFolder } from '../../support/pictures.js';
import { cyclebox, dayNight, project, writeConfig } from '../../support/project.js';
import { runNode } from '../../support/run-node.js';

vi.setConfig({ testTimeout: 240_000 });

const run = async (cwd: string, ...args: string[]) => await cyclebox(cwd, 'plugins', ...args).ended;

const json = async (cwd: string, ...args: string[]) => JSON.parse((await run(cwd, ...args, '--json')).out);

describe('list and info', () => {
  test('say of each plugin where it comes from, how it stands and what it brings', async () => {
    const root = await project();
    await writePlugin(join(root, 'plugins', 'broken'), { 'package.json': '{' });
    const { code, out, err } = await run(root, 'list');
    expect(code).toBe(1);
    expect(out).toMatch(/^day-night +1\.0\.0 +folder +ready +domainPairs: day-night$/m);
    expect(out).toMatch(/^broken +\? +folder +invalid\(PLUGIN_INVALID\)$/m);
    expect(out).toMatch(/^horse-zebra +.*built-in +ready/m);
    expect(err).toMatch(/^PLUGIN_INVALID: .*broken/);
    const { plugins, problems } = await json(root, 'list');
    expect(plugins).toContainEqual(
      expect.objectContaining({ name: 'day-night', coded: false, state: { kind: 'ready', text: 'ready' } }),
    );
    expect(problems).toMatchObject([{ code: 'PLUGIN_INVALID' }]);
  });

  test('need no configuration, and know what was probably meant', async () => {
    const root = await temporaryFolder();
    expect((await run(root, 'info', 'horse-zebra')).out).toMatch(/^code: +none: nothing of it is ever run$/m);
    const coded = (await run(root, 'info', 'capture-router')).out;
    const networkIsGuarded = Number(process.versions.node.split('.')[0]) >= 25;
    expect(/^may: .*\n +Node \S+ cannot keep it from the network/m.test(coded)).toBe(!networkIsGuarded);
    const { code, err } = await run(root, 'info', 'horse-zebre');
    expect([code, err]).toEqual([2, expect.stringMatching(/^PLUGIN_NOT_FOUND: .*Did you mean "horse-zebra"\?/)]);
    expect((await run(root, 'list', '-c', 'other.json')).code).toBe(78);
  });
});

describe('enable and disable', () => {
  test('switch a plugin with all that it brings', async () => {
    const root = await project();
    expect((await run(root, 'disable', 'day-night')).out).toMatch(/^day-night is disabled: disabledByUser\(20.*\)$/m);
    expect((await cyclebox(root, 'config', 'validate').ended).err).toMatch(/no pair "day-night"/);
    expect((await run(root, 'enable', 'day-night')).out).toBe('day-night is enabled: ready\n');
    expect((await cyclebox(root, 'config', 'validate').ended).code).toBe(0);
  });

  test('what reaches beyond the plugin’s own folder is shown, and allowed by nobody who was not asked', async () => {
    const root = await project();
    const permissions = { read: ['/data/luts'], net: true };
    const source = await writePlugin(join(root, 'source'), {
      'package.json': coded('post', { permissions }),
      'main.mjs': '',
    });
    const installed = await run(root, 'install', source);
    expect(installed.out.split('\n')).toEqual([
      'post 1.0.0 runs code, which may: read /data/luts, net.',
      'post 1.0.0 is installed: awaitingConsent(read /data/luts, net)',
      'to run it: cyclebox plugins enable post',
      '',
    ]);
    const refused = await run(root, 'enable', 'post');
    expect([refused.code, refused.err]).toEqual([2, expect.stringMatching(/^USAGE: .*read \/data\/luts, net.*--yes/)]);
    expect((await json(root, 'info', 'post')).state.kind).toBe('awaitingConsent');
    expect((await run(root, 'enable', 'post', '--yes')).out).toMatch(
      /may: read \/data\/luts, net\.\npost is enabled: idle\n/,
    );
    expect((await run(root, 'uninstall', 'post')).out).toBe('post is uninstalled\n');
    expect((await run(root, 'uninstall', 'day-night')).err).toMatch(/^USAGE: .*lies in .*plugins disable day-night/);
  });
});

test('a plugin among the packages of npm is found by its keyword, and waits', async () => {
  const root = await project();
  await writePlugin(join(root, 'node_modules', '@me', 'post'), {
    'package.json': coded('@me/post', {
      keywords: ['cyclebox-plugin'],
      contributes: { postprocessors: [{ id: 'post' }] },
    }),
    'main.mjs': '',
  });
  await writePlugin(join(root, 'node_modules', 'other'), { 'package.json': { name: 'other', version: '1.0.0' } });
  const { plugins } = await json(root, 'list');
  const found = (plugins as { name: string; source: string; state: { kind: string } }[]).filter(
    ({ source }) => source === 'package',
  );
  expect(found).toMatchObject([{ name: '@me/post', state: { kind: 'awaitingConsent' } }]);
});

test('settings of plugins are checked in the configuration, and stand in its schema', async () => {
  const root = await project();
  const properties = { strength: { type: 'number', minimum: 0, maximum: 1 } };
  const tint = manifest('tint', { contributes: { configuration: { properties } } });
  await writePlugin(join(root, 'plugins', 'tint'), { 'package.json': tint });
  await writeConfig(root, { ...dayNight, settings: { tint: { strenght: 1 } } });
  const { code, err } = await cyclebox(root, 'config', 'validate').ended;
  expect([code, err]).toEqual([78, expect.stringMatching(/settings\.tint\.strenght: .*Did you mean "strength"\?/)]);
  const schema = JSON.parse((await cyclebox(root, 'config', 'schema').ended).out);
  expect(schema.properties.settings.properties.tint.properties).toEqual(properties);
});

describe('validate explains each finding', () => {
  test('of a plugin that does not work', async () => {
    const root = await temporaryFolder();
    await writePlugin(root, { 'package.json': coded('post'), 'other.mjs': '' });
    const { code, out } = await run(root, 'validate');
    expect(code).toBe(1);
    expect(out).toMatch(/^error +PLUGIN_INVALID: .*main: there is no file.*\n +Without a sound manifest/m);
  });

  test('of one that works, and that others will have trouble with', async () => {
    const root = await temporaryFolder();
    const model = { path: 'to-dog.onnx' };
    await writePlugin(root, {
      'package.json': coded('post', {
        activationEvents: ['onTranslate:post'],
        scripts: { postinstall: 'x' },
        contributes: {
          postprocessors: [{ id: 'post' }],
          domainPairs: [{ id: 'cat-dog', domains: ['cat', 'dog'], models: { dog: model } }],
        },
      }),
      'main.mjs': '',
      'lib/native.node': '',
    });
    const { valid, findings } = await json(root, 'validate');
    expect(valid).toBe(true);
    const said = (findings as { severity: string; message: string }[]).map(each => `${each.severity}: ${each.message}`);
    expect(said).toEqual([
      'warning: The manifest names no "publisher".',
      'hint: "cyclebox-plugin" is not among its keywords.',
      'hint: The manifest has no "description".',
      'warning: scripts.postinstall will not run.',
      'hint: activationEvents: "onTranslate:post" follows from "contributes".',
      expect.stringMatching(/^warning: cat-dog\/dog: The model to-dog\.onnx is not there/),
      'warning: cat-dog/dog: no "sha256".',
      'hint: cat-dog/dog: no "size".',
      'warning: cat-dog/dog: no "licence".',
      'hint: There is no README.md.',
      `warning: ${join('lib', 'native.node')} is native code.`,
    ]);
  });

  test('of a folder that is not there', async () => {
    expect((await run(await temporaryFolder(), 'validate', 'none')).out).toMatch(/PLUGIN_INVALID: .*none/);
  });
});

const typescript = dirname(createRequire(import.meta.url).resolve('typescript/package.json'));

test.each(['pair', 'processor', 'full'])('new --kind %s in JavaScript is valid, and its test passes', async kind => {
  const root = await temporaryFolder();
  expect((await run(root, 'new', 'cat-dog', '--kind', kind, '--language', 'js')).code).toBe(0);
  expect(await json(root, 'validate', 'cat-dog')).toMatchObject({ valid: true, findings: [] });
  const [file] = await readdir(join(root, 'cat-dog', 'test'));
  expect((await runNode(join(root, 'cat-dog'), '--test', '--test-reporter=tap', `test/${file}`)).out).toMatch(
    /^# pass [1-9]/m,
  );
});

test.each(['pair', 'processor', 'full'])(
  'new --kind %s in TypeScript compiles, is then valid, and its test passes',
  async kind => {
    const root = await temporaryFolder();
    await mkdir(join(root, 'node_modules', '@types'), { recursive: true });
    await symlink(packageRoot, join(root, 'node_modules', 'cyclebox'), 'junction');
    await symlink(join(packageRoot, 'node_modules/@types/node'), join(root, 'node_modules/@types/node'), 'junction');
    await run(root, 'new', 'cat-dog', '--kind', kind);
    const folder = join(root, 'cat-dog');
    expect(await runNode(folder, join(typescript, 'bin', 'tsc'))).toMatchObject({ code: 0, out: '' });
    expect(await json(root, 'validate', 'cat-dog')).toMatchObject({ valid: true, findings: [] });
    const [file] = (await readdir(join(folder, 'dist', 'test'))).filter(name => name.endsWith('.js'));
    expect((await runNode(folder, '--test', '--test-reporter=tap', `dist/test/${file}`)).out).toMatch(/^# pass [1-9]/m);
  },
);

test('new writes over nothing, and takes names only that a pair can have', async () => {
  const root = await temporaryFolder();
  await mkdir(join(root, 'cat-dog'));
  await writeFile(join(root, 'cat-dog', 'mine.txt'), 'mine');
  expect((await run(root, 'new', 'cat-dog')).err).toMatch(/^FILE_EXISTS: /);
  expect((await run(root, 'new', '../evil')).err).toMatch(/^USAGE: .*lower-case words/);
  expect((await readdir(root)).sort()).toEqual(['cat-dog']);
});

test('a pair that new made translates at once', async () => {
  const root = await temporaryFolder();
  await run(root, 'new', 'cat-dog', '--language', 'js');
  const picture = join(packageRoot, 'samples', 'satellite-to-map', 'sri-lanka.jpg');
  const { code, out } = await cyclebox(
    root,
    'translate',
    picture,
    '--pair',
    'cat-dog',
    '--to',
    'dog',
    '--plugins',
    'cat-dog',
  ).ended;
  expect([code, out]).toEqual([0, expect.stringMatching(/sri-lanka\.jpg → .*256 × 256/)]);
});
