/** Every program in `examples/` is run as its own head says, on the package's own samples, only smaller. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { expect, it, vi } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { temporaryFolder } from '../support/pictures.js';

vi.setConfig({ testTimeout: 240_000 });

const examples = join(packageRoot, 'examples');
const samples = join(packageRoot, 'samples');

async function run(name: string, ...args: string[]): Promise<string> {
  const command = name.endsWith('.sh') ? 'sh' : process.execPath;
  const { stdout } = await promisify(execFile)(command, [join(examples, name), ...args], { encoding: 'utf8' });
  return stdout;
}

const tried = ['train-pair.mjs', 'translate-folder.mjs', 'translate-pixels.mjs', 'watch.sh'];

it('are all tried here, and all listed', async () => {
  const names = (await readdir(examples)).filter(name => name !== 'README.md');
  expect(names.sort()).toEqual(tried);
  const page = await readFile(join(examples, 'README.md'), 'utf8');
  for (const name of names) expect(page).toContain(`\`${name} `);
});

it('translate-folder.mjs translates a folder of samples', async () => {
  const out = join(await temporaryFolder(), 'results');
  const said = await run('translate-folder.mjs', join(samples, 'map-to-satellite'), out, 'satellite-map', 'satellite');
  const names = await readdir(join(samples, 'map-to-satellite'));
  expect((await readdir(out)).sort()).toEqual(names.sort());
  expect(said.match(/ → /g)).toHaveLength(names.length);
});

it('translate-pixels.mjs makes an image of pixels that come from code', async () => {
  const out = join(await temporaryFolder(), 'islands.png');
  expect(await run('translate-pixels.mjs', out)).toContain('256 × 192 in 1 piece');
  expect(await sharp(out).metadata()).toMatchObject({ width: 256, height: 192, channels: 3 });
});

it('train-pair.mjs trains a pair, and goes on where it was', async () => {
  const root = await temporaryFolder();
  for (const [folder, background] of [
    ['a', '#c84'],
    ['b', '#48c'],
  ] as const) {
    await mkdir(join(root, folder));
    for (const index of [1, 2, 3]) {
      const image = sharp({ create: { width: 40, height: 40, channels: 3, background } });
      await writeFile(join(root, folder, `${index}.png`), await image.png().toBuffer());
    }
  }
  const args = [join(root, 'a'), join(root, 'b'), join(root, 'run'), '2', '32'];
  expect(await run('train-pair.mjs', ...args)).toMatch(/step 2 of 2[\s\S]*The pair is in /);
  expect(await run('train-pair.mjs', ...args)).toMatch(/The pair is in /);
});

it('watch.sh makes a project and works through its inbox', async () => {
  const root = await temporaryFolder();
  expect(await run('watch.sh', join(root, 'project'))).toMatch(/\bsri-lanka\.jpg\n$/);
});
