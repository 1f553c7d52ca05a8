import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, onTestFinished, test } from 'vitest';
import { packageRoot, packageVersion } from '../../src/base/index.js';
import { decodeImage } from '../../src/image/index.js';
import { maxDifference, temporaryFolder } from '../support/pictures.js';
import { writeTinyOnnx } from '../support/tiny-onnx.js';

const entry = join(packageRoot, 'dist', 'cli', 'main.js');

function demo(...args: string[]): Promise<{ code: number; lines: string[]; err: string }> {
  return new Promise(resolve => {
    execFile(process.execPath, [entry, 'demo', ...args], (error, out, err) => {
      const lines = out.trimEnd().split('\n');
      const folder = lines[0]!.split(': ').at(-1)!;
      onTestFinished(() => rm(folder, { recursive: true, force: true }));
      resolve({ code: error ? Number(error.code) : 0, lines, err });
    });
  });
}

/** A satellite-map plugin with a network that negates; `models` says which directions have theirs. */
async function pluginFolder(models: readonly ('map' | 'satellite')[]): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'satellite-map'));
  for (const to of models) await writeTinyOnnx(join(folder, 'satellite-map', `to-${to}.onnx`));
  const references = { map: { path: 'to-map.onnx' }, satellite: { path: 'to-satellite.onnx' } };
  const pair = { id: 'satellite-map', domains: ['satellite', 'map'], models: references };
  const manifest = {
    name: 'satellite-map',
    version: '1.0.0',
    engines: { cyclebox: `^${packageVersion()}` },
    contributes: { domainPairs: [pair] },
  };
  await writeFile(join(folder, 'satellite-map', 'package.json'), JSON.stringify(manifest));
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

  test('names the samples that fail, shows the others, and exits with 1', async () => {
    const { code, lines, err } = await demo('--plugins', await pluginFolder(['map']));
    expect(code).toBe(1);
    expect(lines).toContain('7 done, 4 failed');
    expect(err).toContain('MODEL_MISSING');
    expect(err).toContain('map-to-satellite/himalaya.png');
    expect(lines.at(-1)).toMatch(/contact-sheet\.png$/);
  });
});
