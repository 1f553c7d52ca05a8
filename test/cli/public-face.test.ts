import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { encodeImage } from '../../src/image/index.js';
import { temporaryFolder, testPicture } from '../support/pictures.js';
import { writeTinyOnnx } from '../support/tiny-onnx.js';

/** Runs a script as a program that has cyclebox among its dependencies, and parses what it prints. */
async function inProject(script: string, files: Record<string, Uint8Array> = {}): Promise<unknown> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'node_modules'));
  await symlink(packageRoot, join(folder, 'node_modules', 'cyclebox'), 'junction');
  await writeTinyOnnx(join(folder, 'negate.onnx'));
  await writeFile(join(folder, 'package.json'), '{ "name": "pipeline" }');
  await writeFile(join(folder, 'main.mjs'), script);
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  return JSON.parse(execFileSync(process.execPath, ['main.mjs'], { cwd: folder, encoding: 'utf8' }));
}

test('a pipeline imports openTranslator: bytes in, bytes out, and the process ends by itself', async () => {
  const script = `
    import { readFile } from 'node:fs/promises';
    import { openTranslator } from 'cyclebox';
    const translator = await openTranslator({ model: 'negate.onnx', engine: 'cpu' });
    const image = await translator.translate(await readFile('in.png'));
    const failure = await translator.translate(Buffer.from('no image')).catch(error => error);
    await translator.dispose();
    console.log(JSON.stringify({ ...image, data: Buffer.isBuffer(image.data), code: failure.code }));`;
  const files = { 'in.png': await encodeImage(testPicture(30, 20), { format: 'png' }) };
  expect(await inProject(script, files)).toEqual({
    data: true,
    width: 30,
    height: 20,
    format: 'png',
    tiles: 1,
    device: 'cpu',
    precision: 'float32',
    code: 'IMAGE_UNSUPPORTED',
  });
});

test('importing cyclebox leaves sharp as it was: the program’s own SVGs still load', async () => {
  const script = `
    import { createRequire } from 'node:module';
    import { openTranslator } from 'cyclebox';
    const sharp = createRequire(import.meta.resolve('cyclebox'))('sharp');
    await (await openTranslator({ model: 'negate.onnx' })).dispose();
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
    console.log(JSON.stringify((await sharp(Buffer.from(svg)).metadata()).format));`;
  expect(await inProject(script)).toBe('svg');
});

test('cyclebox/plugin is types only', async () => {
  expect(await inProject(`console.log(JSON.stringify(Object.keys(await import('cyclebox/plugin'))))`)).toEqual([]);
});
