/** `cyclebox models export`, `compare`, `info` and `verify`: a model taken out in every format is the model still. */
import { copyFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/pictures.js';
import { cyclebox } from '../../support/project.js';
import { tinyOnnx } from '../../support/tiny-onnx.js';

const golden = fileURLToPath(new URL('../../fixtures/golden/resnet6_ngf8_legacy_48x80.pth', import.meta.url));

async function workplace() {
  const folder = await temporaryFolder();
  await copyFile(golden, join(folder, 'net.pth'));
  const run = (...args: string[]) => cyclebox(folder, 'models', ...args).ended;
  return { folder, run };
}

test('what is exported gives the same, but for what fewer bits cost', async () => {
  const { folder, run } = await workplace();
  for (const out of ['net.onnx', 'again.pth', 'net.safetensors'])
    expect(await run('export', 'net.pth', '--out', out)).toMatchObject({ code: 0, err: '' });
  expect((await run('export', 'net.pth', '--out', 'web', '--as', 'tensorflow-js')).code).toBe(0);
  expect(await readdir(join(folder, 'web'))).toContain('model.json');
  expect((await run('export', 'net.onnx', '--out', 'back.pth')).code).toBe(0);
  expect((await run('export', 'net.onnx', '--out', 'half.onnx', '--weights', 'float16')).code).toBe(0);
  for (const same of ['again.pth', 'net.safetensors', 'back.pth'])
    expect((await run('compare', 'net.onnx', same)).out).toBe('a drawn picture: the same, to the byte\n');
  expect((await run('compare', 'net.onnx', 'web', '--at-least', '70')).code).toBe(0);
  const half = JSON.parse((await run('compare', 'net.onnx', 'half.onnx', '--json')).out).compared[0];
  expect(half.psnr).toBeGreaterThan(45);
  expect(half.largest).toBeGreaterThan(0);
});

test('int8 is said to be storage, and compare can be held to a limit', async () => {
  const { run } = await workplace();
  const { out } = await run('export', 'net.pth', '--out', 'small.onnx', '--weights', 'int8');
  expect(out).toContain('Kernels are stored as int8; what is calculated with them is float32.');
  expect((await run('compare', 'net.pth', 'small.onnx', '--at-least', '20')).code).toBe(0);
  expect((await run('compare', 'net.pth', 'small.onnx', '--at-least', '90')).code).toBe(1);
});

test('no file is written over, and a format that cannot hold a model says so', async () => {
  const { folder, run } = await workplace();
  await writeFile(join(folder, 'foreign.onnx'), tinyOnnx());
  expect((await run('export', 'net.pth', '--out', 'foreign.onnx')).err).toContain('FILE_EXISTS');
  expect((await run('export', 'foreign.onnx', '--out', 'a.pth')).err).toContain('can be exported as ONNX only');
  expect((await run('export', 'net.pth', '--out', 'a.pth', '--weights', 'int8')).err).toContain('in ONNX files only');
  expect(await run('export', 'net.pth', '--out', 'somewhere')).toMatchObject({ code: 2 });
});

test('info says what a model is, and verify whether it is what it should be', async () => {
  const { run } = await workplace();
  const info = JSON.parse((await run('info', 'net.pth', '--json')).out);
  expect(info).toMatchObject({ kind: 'pytorch', network: 'resnet_6blocks, width 8, 3 → 3 channels', runs: true });
  expect((await run('info', 'net.pth')).out).toContain('  sides are multiples of 4 (known of it)\n');
  expect((await run('verify', 'net.pth', '--sha256', info.sha256)).code).toBe(0);
  const wrong = await run('verify', 'net.pth', '--sha256', '0'.repeat(64));
  expect(wrong).toMatchObject({ code: 1, out: expect.stringContaining('MODEL_HASH_MISMATCH') });
  expect((await run('verify')).out).toMatch(/^satellite-map\/map: as it should be \(SHA-256 [0-9a-f]{12}…\)/m);
});
