import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import sharp from 'sharp';
import { describe, expect, onTestFinished, test } from 'vitest';
import { packageRoot, packageVersion } from '../../src/base/index.js';
import { loadPlugins } from '../../src/catalog/index.js';
import { samplesFolder } from '../../src/cli/demo/demo-plan.js';
import { decodeImage } from '../../src/image/index.js';
import { maxDifference, temporaryFolder } from '../support/pictures.js';
import { writeTinyOnnx } from '../support/tiny-onnx.js';

const entry = join(packageRoot, 'dist', 'cli', 'main.js');

function demo(...args: string[]): Promise<{ code: number; lines: string[]; err: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, [entry, 'demo', ...args], (error, out, err) => {
      const lines = out.trimEnd().split('\n');
      const folder = lines[0]!.split(': ').at(-1)!;
      if (folder.includes('cyclebox-demo-')) onTestFinished(() => rm(folder, { recursive: true, force: true }));
      resolve({ code: error ? Number(error.code) : 0, lines, err });
    });
  });
}

/** A plugin with a network that negates; `models` says which directions have theirs. */
async function pluginFolder(models: readonly string[], domains = ['satellite', 'map']): Promise<string> {
  const folder = await temporaryFolder();
  const id = domains.join('-');
  await mkdir(join(folder, id));
  for (const to of models) await writeTinyOnnx(join(folder, id, `to-${to}.onnx`));
  const references = Object.fromEntries(domains.map(to => [to, { path: `to-${to}.onnx` }]));
  const pair = { id, domains, models: references };
  const manifest = {
    name: id,
    version: '1.0.0',
    engines: { cyclebox: `^${packageVersion()}` },
    contributes: { domainPairs: [pair] },
  };
  await writeFile(join(folder, id, 'package.json'), JSON.stringify(manifest));
  return folder;
}

describe('cyclebox demo', () => {
  test('translates every sample through a daemon, and ends with the path of the contact sheet', async () => {
    const { code, lines, err } = await demo('--plugins', await pluginFolder(['map', 'satellite']));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const samples = await readdir(join(packageRoot, 'samples', 'satellite-to-map'));
    for (const sample of samples)
      expect(lines.filter(line => line.startsWith(`satellite-to-map/${sample} `))).toEqual([
        expect.stringMatching(/satellite-map: satellite → map +\d+×\d+ +\d+$/),
      ]);
    const sheet = lines.at(-1)!;
    expect(isAbsolute(sheet)).toBe(true);
    const { format, width, height } = await sharp(sheet).metadata();
    expect({ format, width }).toEqual({ format: 'png', width: 1096 });
    expect(height).toBeGreaterThan(1000);
    const outbox = join(dirname(sheet), 'outbox', 'satellite-to-map');
    expect((await readdir(outbox)).sort()).toEqual(samples.sort());
    const before = await decodeImage(join(packageRoot, 'samples', 'satellite-to-map', 'ganges-delta.png'));
    const after = await decodeImage(join(outbox, 'ganges-delta.png'));
    expect(
      maxDifference(
        after.rgb,
        before.rgb.map(value => 255 - value),
      ),
    ).toBe(0);
  });

  test('names a model that cannot be used, shows what works, and exits with 1', async () => {
    const plugins = await pluginFolder(['map', 'satellite']);
    await writeFile(join(plugins, 'satellite-map', 'to-satellite.onnx'), 'no network');
    const { code, lines, err } = await demo('--plugins', plugins);
    expect(code).toBe(1);
    expect(lines).toContain('7 done, 0 failed');
    expect(err).toMatch(/^MODEL_INVALID: .*to-satellite\.onnx is no model file/);
    expect(lines.join('\n')).not.toContain('map-to-satellite/');
    expect(lines.at(-1)).toMatch(/contact-sheet\.png$/);
  });

  test('leaves out what has no model, and says so', async () => {
    const { code, lines, err } = await demo('--plugins', await pluginFolder(['map']));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(lines).toContain('7 done, 0 failed');
    expect(lines).toContain('satellite-map: map → satellite is not shown: no model yet.');
    expect(await demo('--plugins', await pluginFolder([]))).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^MODEL_MISSING: There is nothing to show/),
    });
  });

  test('shows a direction without samples on what the direction back has made, and says so', async () => {
    const plugins = await pluginFolder(['zebra', 'horse'], ['horse', 'zebra']);
    const { code, lines, err } = await demo('--plugins', relative(process.cwd(), plugins));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const samples = await readdir(join(packageRoot, 'samples', 'horse-to-zebra'));
    expect(lines).toContain(`${2 * samples.length} done, 0 failed`);
    expect(lines).toContain(
      'horse-zebra: zebra → horse is shown on the outputs of horse-to-zebra: samples/ has none of its own.',
    );
    const outbox = join(dirname(lines.at(-1)!), 'outbox');
    const [before, after] = await Promise.all([
      decodeImage(join(outbox, 'horse-to-zebra', samples[0]!)),
      decodeImage(join(outbox, 'zebra-to-horse', samples[0]!)),
    ]);
    // Two negatives, and JPEG twice.
    expect(maxDifference(mean(after.rgb), mean(before.rgb.map(value => 255 - value)))).toBeLessThan(3);
  });
});

/** One number in a list, for `maxDifference`. */
const mean = (bytes: Uint8Array) => [bytes.reduce((sum, value) => sum + value, 0) / bytes.length];

test('every folder of samples belongs to a direction of a pair that comes along; its images are small and named in README', async () => {
  const folders = (await readdir(samplesFolder, { withFileTypes: true })).filter(each => each.isDirectory());
  const { pairs } = await loadPlugins();
  const directions = pairs.flatMap(({ domains: [a, b] }) => [`${a}-to-${b}`, `${b}-to-${a}`]);
  const readme = await readFile(join(samplesFolder, 'README.md'), 'utf8');
  expect(folders.length).toBeGreaterThan(0);
  for (const { name } of folders) {
    expect(directions).toContain(name);
    expect(readme).toContain(`\`${name}/`);
    for (const file of await readdir(join(samplesFolder, name)))
      expect((await stat(join(samplesFolder, name, file))).size, file).toBeLessThan(300_000);
  }
});
