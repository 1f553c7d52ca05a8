import { execFileSync } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { encodeImage } from '../../src/image/index.js';
import { temporaryFolder, testPicture } from '../support/pictures.js';
import { writeTinyOnnx } from '../support/tiny-onnx.js';

/** Runs a script as a program that has cyclebox among its dependencies, and parses what it prints. */
async function inProject(script: string, files: Record<string, Uint8Array> = {}): Promise<unknown> {
  const lines = await linesOf(script, async folder => {
    await writeTinyOnnx(join(folder, 'negate.onnx'));
    for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  });
  return JSON.parse(lines.join('\n'));
}

/** What the script prints in a folder that `prepare` has filled. */
async function linesOf(script: string, prepare: (folder: string) => Promise<void>): Promise<readonly string[]> {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'node_modules'));
  await symlink(packageRoot, join(folder, 'node_modules', 'cyclebox'), 'junction');
  await writeFile(join(folder, 'package.json'), '{ "name": "pipeline" }');
  await writeFile(join(folder, 'main.mjs'), script);
  await prepare(folder);
  return execFileSync(process.execPath, ['main.mjs'], { cwd: folder, encoding: 'utf8' }).trim().split('\n');
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
    notes: [],
    scale: 'native',
    shownAs: { width: 30, height: 20 },
    device: 'cpu',
    precision: 'float32',
    code: 'IMAGE_UNSUPPORTED',
  });
});

test('a program trains as docs/training.md shows', async () => {
  const page = await readFile(join(packageRoot, 'docs/training.md'), 'utf8');
  const example = /^```js\n([\s\S]*?)^```/m.exec(page)![1]!;
  // The same on networks and images that take no time.
  const small = example
    .replace('size: 128', 'size: 32')
    .replace('width: 32', 'width: 4')
    .replace('blocks: 6', "blocks: 1, domains: ['cat', 'dog']")
    .replace('steps: 5000', 'steps: 2');
  const lines = await linesOf(small, async folder => {
    for (const name of ['cats', 'dogs']) {
      await mkdir(join(folder, 'photos', name), { recursive: true });
      await writeFile(join(folder, 'photos', name, '1.png'), await encodeImage(testPicture(40, 40), { format: 'png' }));
    }
  });
  expect(lines).toEqual([
    expect.stringMatching(/^training on .+/),
    expect.stringMatching(/^1\/2 \{/),
    ...lines.slice(2, -1),
    expect.stringMatching(/^the pair is in .*runs.cat-dog.plugins.cat-dog$/),
  ]);
  expect(lines.filter(line => line.startsWith('2/2 {'))).toHaveLength(1);
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

test('cyclebox/plugin says which version of the API it is', async () => {
  const script = `console.log(JSON.stringify((await import('cyclebox/plugin')).pluginApiVersion))`;
  expect(await inProject(script)).toBe('1.0.0');
});
