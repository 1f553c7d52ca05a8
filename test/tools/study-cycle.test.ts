/**
 * The study of the cycle as it is run, only small: real trainings of toy images for a second each. What the figures say is of
 * no interest here, but that each recipe is judged by what it can be, that nothing is made twice, and that there is a picture.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import sharp from 'sharp';
import { expect, it, vi } from 'vitest';
import { packageRoot, Random } from '../../src/base/index.js';
import { temporaryFolder } from '../support/pictures.js';

// Three processes, each with a compiler to warm up: seconds on a quiet machine, more beside other tests.
vi.setConfig({ testTimeout: 240_000 });

/** In a folder; the style classifier asks for so many. */
const images = 10;
const sea = [20, 52, 104] as const;
const land = [166, 172, 100] as const;

/** A data set of noise, in the folders that the tool of satellite-map makes. */
async function toyData(): Promise<string> {
  const root = await temporaryFolder();
  const folders = { a: sea, b: land, 'paired/satellite': sea, 'paired/map': land };
  for (const [name, colour] of Object.entries({ ...folders, 'holdout/satellite': sea, 'holdout/map': land })) {
    await mkdir(join(root, name), { recursive: true });
    const random = new Random(name.length + colour[0]);
    for (let index = 0; index < images; index++) {
      const pixels = Uint8Array.from({ length: 40 * 40 * 3 }, (_, at) => colour[at % 3]! + random.integer(30));
      const image = sharp(pixels, { raw: { width: 40, height: 40, channels: 3 } });
      await image.png().toFile(join(root, name, `${index}.png`));
    }
  }
  return root;
}

const small = '--seconds 1 --size 32 --width 4 --blocks 1 --images 4 --threads 1 --seeds 1';

async function study(data: string, ...more: readonly string[]) {
  const args = ['--set', 'satellite-map', '--data', data, '--out', join(data, 'study'), ...small.split(' '), ...more];
  const child = spawn(process.execPath, [join(packageRoot, 'tools/studies/cycle.mjs'), ...args]);
  const [output, errors] = [text(child.stdout), text(child.stderr)];
  const [code] = await once(child, 'close');
  return { code, output: await output, errors: await errors };
}

it('trains each recipe, judges it with its way back where it has one, and repeats nothing', async () => {
  const data = await toyData();
  const recipes = ['--recipes', 'autoencoder,cyclegan-without-identity,cut'];
  expect(await study(data, ...recipes)).toMatchObject({ code: 0, errors: '' });

  const { runs } = JSON.parse(await readFile(join(data, 'study/results.json'), 'utf8'));
  const averaged = Object.fromEntries(
    runs.map(({ name, judgements }: { name: string; judgements: { directions: object }[] }) => [
      name,
      judgements.at(-1)!.directions,
    ]),
  );
  const paired = { l1: expect.any(Number), classAccuracy: expect.any(Number), styleLikelihood: expect.any(Number) };
  expect(averaged).toMatchObject({
    autoencoder: { 'satellite→map': paired },
    'cyclegan-without-identity': { 'satellite→map': { ...paired, cycle: expect.any(Number) } },
    cut: { 'satellite→map': paired },
  });
  expect(averaged['cut']['satellite→map']).not.toHaveProperty('cycle');
  const settings = await readFile(join(data, 'study/cyclegan-without-identity-seed1/history.jsonl'), 'utf8');
  expect(settings).toContain('"identityWeight":0');

  const table = (await readFile(join(data, 'study/results.md'), 'utf8')).trim().split('\n');
  expect(table[0]).toContain('| right class | L1 to the truth | L1 there and back |');
  expect(table.slice(-3).map(row => row.split(' | ')[0])).toEqual([
    '| autoencoder (paired)',
    '| CycleGAN without identity',
    '| CUT',
  ]);
  const picture = await sharp(join(data, 'study/overview-seed1.png')).metadata();
  expect(picture.width).toBe(6 + 5 * (64 + 6));

  const again = await study(data, ...recipes);
  expect(again.output.match(/done before/g)).toHaveLength(3);
});

it('says which sets and recipes there are', async () => {
  const data = await toyData();
  const other = await study(data, '--recipes', 'cyclegan,pix3pix');
  expect(other.code).not.toBe(0);
  expect(other.errors).toContain('There is no recipe "pix3pix" here. There are: autoencoder, pix2pix, gan,');
});
