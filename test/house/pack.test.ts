/**
 * The package as others get it: packed, installed into an empty folder as README says, and used from there. The models
 * are those that are packed. Installing takes a while and asks the registry for what npm's cache does not hold.
 */
import { execFile } from 'node:child_process';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { packageRoot, packageVersion } from '../../src/base/index.js';
import { decodeImage } from '../../src/image/index.js';
import { sharedFolder } from '../support/pictures.js';

const sample = join(packageRoot, 'samples', 'satellite-to-map', 'sri-lanka.jpg');
let folder: string;

/** This test runs under npm, whose variables would lead another npm back here. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) =>
      !/^(?:init_cwd|npm_(?:package|lifecycle|command|node_execpath|execpath|config_(?:local_)?prefix|config_onnx))/i.test(
        name,
      ),
  ),
);

function run(command: string, args: readonly string[], cwd = folder): Promise<string> {
  const shell = process.platform === 'win32';
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd, env: environment, shell }, (error, out, err) => {
      if (error) reject(new Error(`${command} ${args.join(' ')}: ${error.message}\n${out}\n${err}`));
      else resolve(out);
    });
  });
}

const shared = sharedFolder();
beforeAll(async () => {
  folder = shared.path;
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], packageRoot);
  await run('npm', ['init', '-y']);
  await writeFile(join(folder, '.npmrc'), 'onnxruntime-node-install=skip\n');
  await run('npm', ['install', '--prefer-offline', `./cyclebox-${packageVersion()}.tgz`]);
}, 300_000);

describe('the packed package, installed into an empty folder', () => {
  test('translates a sample with npx cyclebox translate', async () => {
    const out = await run('npx', ['cyclebox', 'translate', sample, '--pair', 'satellite-map', '--to', 'map']);
    expect(out).toMatch(/sri-lanka\.jpg → .*sri-lanka\.jpg \(256 × 256, \d+ ms\)/);
    const [before, after] = await Promise.all([
      decodeImage(sample),
      decodeImage(join(folder, 'translated', 'sri-lanka.jpg')),
    ]);
    expect([after.width, after.height]).toEqual([before.width, before.height]);
    expect(Buffer.compare(after.rgb, before.rgb)).not.toBe(0);
  });

  test("runs README's example of the interface", async () => {
    const example = /^```js\n([\s\S]*?)^```/m.exec(await readFile(join(packageRoot, 'README.md'), 'utf8'))?.[1];
    await writeFile(join(folder, 'example.mjs'), example!);
    await copyFile(sample, join(folder, 'coast.jpg'));
    expect(await run(process.execPath, ['example.mjs'])).toBe('256 × 256\n');
    expect((await decodeImage(join(folder, 'coast-map.jpg'))).format).toBe('jpeg');
  });

  test('holds what the commands need, and no sources, tests or tools', async () => {
    const listed = await run('npm', ['pack', '--ignore-scripts', '--dry-run', '--json'], packageRoot);
    const paths: string[] = JSON.parse(listed)[0].files.map(({ path }: { path: string }) => path);
    const schemas = ['watch-config.schema.json', 'train.schema.json', 'sweep.schema.json', 'plugin.schema.json'];
    for (const path of ['LICENSE', 'README.md', 'watch-config.json', ...schemas, 'docs/errors.md'])
      expect(paths).toContain(path);
    expect(
      paths.filter(path => /^(?:src|test|tools|bench|inbox|outbox)\//.test(path) || path.endsWith('.map')),
    ).toEqual([]);
  });
});
