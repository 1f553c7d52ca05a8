import { execFileSync } from 'node:child_process';
import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { archive } from '../../tools/bundle/archive.mjs';
import { carriedFiles } from '../../tools/bundle/carried-files.mjs';
import { productionPackages } from '../../tools/bundle/production-packages.mjs';
import { temporaryFolder } from '../support/pictures.js';

const platform = { os: 'linux', cpu: 'x64', libc: 'glibc' };

async function write(folder: string, paths: readonly string[], text = 'x'): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

const manifest = (folder: string, fields: object) => writeManifest(join(folder, 'package.json'), fields);
async function writeManifest(file: string, fields: object): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify({ version: '1.0.0', license: 'MIT', ...fields }));
}

test.skipIf(process.platform !== 'linux')(
  'the same files give the same archive, whenever they were written',
  async () => {
    const [first, second] = [await temporaryFolder(), await temporaryFolder()];
    await write(join(first, 'box'), ['a', 'b/c']);
    await write(join(second, 'box'), ['b/c', 'a']);
    await utimes(join(second, 'box', 'a'), 1, 1);
    archive(join(first, 'box'), join(first, 'box.tar.xz'), 1);
    archive(join(second, 'box'), join(second, 'box.tar.xz'), 1);
    const bytes = await readFile(join(first, 'box.tar.xz'));
    expect(bytes.equals(await readFile(join(second, 'box.tar.xz')))).toBe(true);
    expect(execFileSync('tar', ['-tJf', join(first, 'box.tar.xz')], { encoding: 'utf8' })).toBe(
      'box/\nbox/a\nbox/b/\nbox/b/c\n',
    );
  },
);

test('of a package are carried its code, its data, its licence and the binaries for one platform', async () => {
  const folder = await temporaryFolder();
  const carried = ['LICENSE.md', 'bin/napi-v6/linux/x64/a.node', 'dist/index.js', 'lib/data.json', 'package.json'];
  const left = [
    'README.md',
    'bin/napi-v6/linux/arm64/a.node',
    'bin/napi-v6/darwin/arm64/a.node',
    'bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so',
    'prebuilds/win32-x64/a.node',
    'dist/index.js.map',
    'dist/index.d.ts',
    'docs/page.js',
    'test/one.js',
    'node_modules/other/index.js',
  ];
  await write(folder, [...carried, ...left]);
  expect(carriedFiles(folder, platform)).toEqual(carried);
});

test('a package without a licence text keeps its README, which says whose it is', async () => {
  const folder = await temporaryFolder();
  await write(folder, ['README.md', 'index.js']);
  expect(carriedFiles(folder, platform)).toEqual(['README.md', 'index.js']);
});

test('packages are found as Node finds them, without those of development, peers and other platforms', async () => {
  const root = await temporaryFolder();
  await manifest(root, {
    name: 'root',
    dependencies: { a: '*', native: '*' },
    devDependencies: { tool: '*' },
    peerDependencies: { peer: '*' },
  });
  const modules = join(root, 'node_modules');
  await manifest(join(modules, 'a'), { name: 'a', dependencies: { b: '*' } });
  await manifest(join(modules, 'b'), { name: 'b', version: '1.0.0' });
  await manifest(join(modules, 'a', 'node_modules', 'b'), { name: 'b', version: '2.0.0' });
  const optionalDependencies = { 'native-glibc': '*', 'native-mac': '*', 'native-musl': '*', absent: '*' };
  await manifest(join(modules, 'native'), { name: 'native', optionalDependencies });
  await manifest(join(modules, 'native-glibc'), { name: 'native-glibc', os: ['linux'], cpu: ['x64'], libc: ['glibc'] });
  await manifest(join(modules, 'native-mac'), { name: 'native-mac', os: ['darwin'] });
  await manifest(join(modules, 'native-musl'), { name: 'native-musl', os: ['linux'], cpu: ['x64'] });
  for (const name of ['tool', 'peer']) await manifest(join(modules, name), { name });
  const found = productionPackages(root, platform).map(
    ({ folder, version }) => `${folder.slice(modules.length + 1)} ${version}`,
  );
  expect(found).toEqual(['a 1.0.0', 'a/node_modules/b 2.0.0', 'native 1.0.0', 'native-glibc 1.0.0']);
});

test('a dependency that is not installed is named, with what to do', async () => {
  const root = await temporaryFolder();
  await manifest(root, { name: 'root', dependencies: { missing: '*' } });
  expect(() => productionPackages(root, platform)).toThrow(
    'missing, which root needs, is not installed: run "npm ci".',
  );
});
