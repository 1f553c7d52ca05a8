/** Plugins that are installed from folders, files and a registry: whole or not at all, and nothing of them is run. */
import { access, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { enablePlugin, installPlugin, loadPluginSet, stateText, uninstallPlugin } from '../../src/plugin-host/index.js';
import { npmRegistry } from '../support/npm-registry.js';
import { temporaryFolder } from '../support/pictures.js';
import { type TarEntry, tarball } from '../support/tar-bytes.js';
import { coded, manifest, writePlugin } from './plugin-folders.js';

const agree = () => true;

async function archive(entries: readonly TarEntry[], name = 'plugin.tgz'): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, tarball(entries));
  return path;
}

const post = (more: object = {}) => JSON.stringify(coded('post', { publisher: 'me', ...more }));

const files = (more: object = {}): readonly TarEntry[] => [
  { path: 'package/package.json', content: post(more) },
  { path: 'package/main.mjs', content: 'export function activate() {}' },
];

async function installedIn(state: string): Promise<readonly string[]> {
  const { records } = await loadPluginSet({ installed: join(state, 'plugins'), state, builtIn: false });
  return records.map(({ name, version, state: how }) => `${name} ${version} ${stateText(how)}`);
}

test.each(['plugin.tgz', 'plugin.cbx', 'plugin.tar.gz'])(
  '%s is unpacked, and its code waits for consent',
  async name => {
    const state = await temporaryFolder();
    const installed = await installPlugin(state, await archive(files(), name), agree);
    expect(installed?.plugin.folder).toBe(join(state, 'plugins', 'post'));
    expect(await installedIn(state)).toEqual(['post 1.0.0 awaitingConsent(nothing beyond its own folder)']);
    expect(await readdir(join(state, 'plugins'))).toEqual(['post']);
  },
);

test('a folder is copied, without what git keeps, and needs no publisher', async () => {
  const state = await temporaryFolder();
  const source = await writePlugin(await temporaryFolder(), {
    'package.json': manifest('pair'),
    '.git/config': 'x',
    'docs/a.md': 'x',
  });
  await installPlugin(state, source, agree);
  expect((await readdir(join(state, 'plugins', 'pair'))).sort()).toEqual(['docs', 'package.json']);
});

test('a newer version takes the place of the older, with the consent that it had', async () => {
  const state = await temporaryFolder();
  await installPlugin(state, await archive(files()), agree);
  await enablePlugin(state, 'post', {}, 0);
  const { replaced } = (await installPlugin(state, await archive(files({ version: '2.0.0' })), agree))!;
  expect(replaced).toBe('1.0.0');
  expect(await installedIn(state)).toEqual(['post 2.0.0 idle']);
  await installPlugin(state, await archive(files({ version: '3.0.0', permissions: { net: true } })), agree);
  expect(await installedIn(state), 'it wants more than it was allowed').toEqual(['post 3.0.0 awaitingConsent(net)']);
});

test('whoever says no keeps what was there', async () => {
  const state = await temporaryFolder();
  expect(await installPlugin(state, await archive(files()), () => false)).toBeUndefined();
  expect(await readdir(join(state, 'plugins'))).toEqual([]);
});

test('one that is uninstalled is gone, with what was decided of it', async () => {
  const state = await temporaryFolder();
  await installPlugin(state, await archive(files()), agree);
  await enablePlugin(state, 'post', {}, 0);
  expect(await uninstallPlugin(state, 'post')).toBe(true);
  expect(await uninstallPlugin(state, 'post')).toBe(false);
  await installPlugin(state, await archive(files()), agree);
  expect(await installedIn(state)).toEqual(['post 1.0.0 awaitingConsent(nothing beyond its own folder)']);
});

describe('an archive that no author makes is refused as a whole', () => {
  test.each<[string, readonly TarEntry[], string, RegExp]>([
    ['a name that climbs', [...files(), { path: 'package/../../evil', content: 'x' }], 'ARCHIVE_UNSAFE', /leads out/],
    ['an absolute name', [...files(), { path: '/tmp/evil', content: 'x' }], 'ARCHIVE_UNSAFE', /leads out/],
    ['a link', [...files(), { path: 'package/l', type: '2', link: '/etc/passwd' }], 'ARCHIVE_UNSAFE', /no plain file/],
    ['a hard link', [...files(), { path: 'package/l', type: '1', link: '/etc/passwd' }], 'ARCHIVE_UNSAFE', /no plain/],
    ['a device', [...files(), { path: 'package/d', type: '3' }], 'ARCHIVE_UNSAFE', /no plain file/],
    ['one name twice', [...files(), { path: 'package/MAIN.mjs', content: 'x' }], 'ARCHIVE_UNSAFE', /two files named/],
    ['no manifest', [{ path: 'package/main.mjs', content: 'x' }], 'PLUGIN_INVALID', /it does not exist/],
    [
      'no publisher',
      [{ path: 'package/package.json', content: JSON.stringify(manifest('a')) }],
      'PLUGIN_INVALID',
      /publisher/,
    ],
    ['a name that climbs as a plugin’s', files({ name: '../../evil' }), 'PLUGIN_INVALID', /no name for a plugin/],
    ['another API', files({ engines: { cyclebox: '^9' } }), 'PLUGIN_ENGINE_MISMATCH', /\^9, this is 1\.0\.0/],
  ])('%s', async (_, entries, code, words) => {
    const state = await temporaryFolder();
    const installing = installPlugin(state, await archive(entries), agree);
    await expect(installing).rejects.toMatchObject({ code, message: expect.stringMatching(words) });
    expect(await readdir(join(state, 'plugins'))).toEqual([]);
    await expect(access(join(state, 'evil'))).rejects.toThrow();
  });

  test('half of one, and what is none', async () => {
    const state = await temporaryFolder();
    const whole = await archive(files());
    const half = join(await temporaryFolder(), 'half.tgz');
    await writeFile(half, (await readFile(whole)).subarray(0, 90));
    await expect(installPlugin(state, half, agree)).rejects.toMatchObject({ code: 'ARCHIVE_UNREADABLE' });
    const text = join(await temporaryFolder(), 'text.cbx');
    await writeFile(text, 'no archive');
    await expect(installPlugin(state, text, agree)).rejects.toMatchObject({ code: 'ARCHIVE_UNREADABLE' });
    await expect(installPlugin(state, 'nothing.tgz', agree)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await expect(installPlugin(state, './no/where', agree)).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});

test('a folder that is a link is installed as what it leads to', async () => {
  const state = await temporaryFolder();
  const source = await writePlugin(await temporaryFolder(), { 'package.json': manifest('pair') });
  const link = join(await temporaryFolder(), 'link');
  await symlink(source, link, 'junction');
  await installPlugin(state, link, agree);
  expect(await installedIn(state)).toEqual(['pair 1.0.0 ready']);
});

describe('a package of a registry', () => {
  const season = (version: string, more: object = {}) => ({
    name: 'season-router',
    version,
    manifest: { ...coded('season-router', { publisher: 'me' }), version, ...more },
    files: { 'main.mjs': 'export function activate() {}' },
  });
  const runs = {
    scripts: { preinstall: 'touch ran', install: 'touch ran', postinstall: 'touch ran', prepare: 'touch ran' },
  };

  test('is fetched by its name, with what it depends on, and no script of either runs', async () => {
    const state = await temporaryFolder();
    const dependency = {
      name: 'calendar',
      version: '1.4.0',
      manifest: { main: 'index.js', ...runs },
      files: { 'index.js': '' },
    };
    const { asked } = await npmRegistry([
      season('1.0.0'),
      season('2.0.0', { dependencies: { calendar: '^1.0.0' }, ...runs }),
      dependency,
    ]);
    const installed = await installPlugin(state, 'season-router', agree);
    expect(installed).toMatchObject({ plugin: { name: 'season-router', version: '2.0.0' }, replaced: undefined });
    expect(asked).toContain('/season-router/-/2.0.0.tgz');
    expect(await installedIn(state)).toEqual(['season-router 2.0.0 awaitingConsent(nothing beyond its own folder)']);
    const files = await readdir(join(state, 'plugins'), { recursive: true });
    expect(files).toContain(join('season-router', 'node_modules', 'calendar', 'index.js'));
    expect(files.filter(file => file.endsWith('ran'))).toEqual([]);
  }, 120_000);

  test('is fetched in the version that is asked for; one that is not there is told, and changes nothing', async () => {
    const state = await temporaryFolder();
    await npmRegistry([season('1.0.0'), season('2.0.0')]);
    await installPlugin(state, 'season-router@1.0.0', agree);
    const before = await installedIn(state);
    expect(before).toEqual(['season-router 1.0.0 awaitingConsent(nothing beyond its own folder)']);
    for (const source of ['season-router@3.0.0', 'season-ruoter'])
      await expect(installPlugin(state, source, agree)).rejects.toMatchObject({
        code: 'DOWNLOAD_FAILED',
        message: expect.stringMatching(/npm pack .* failed: /),
      });
    expect(await installedIn(state)).toEqual(before);
  }, 120_000);
});
