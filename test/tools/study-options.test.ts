/**
 * The study of options as it is run, only small: real trainings of toy images for a second each. What the figures say is
 * of no interest here, but that they are there, for every run and both sets of weights, and are not made twice.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import sharp from 'sharp';
import { expect, it, vi } from 'vitest';
import { packageRoot, Random } from '../../src/base/index.js';
import { temporaryFolder } from '../support/pictures.js';

/** In a folder; the style classifier, which takes the most time here, asks for so many. */
const enoughForStyle = 10;

// Seven processes, each with a compiler to warm up: seconds on a quiet machine, more beside other tests.
vi.setConfig({ testTimeout: 240_000 });

interface Judgement {
  readonly at: number | 'end';
  readonly step: number;
  readonly weights: string;
  readonly directions: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

interface Results {
  readonly runs: readonly {
    readonly name: string;
    readonly seed: number;
    readonly steps: number;
    readonly seconds: number;
    readonly judgements: readonly Judgement[];
    readonly references: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, number>>>>>>;
  }[];
}

/** Folders of noise around a colour: `a` and `b` to train on, `test-a` and `test-b` to judge by. */
async function toyFolders(images: number): Promise<string> {
  const root = await temporaryFolder();
  const red = [200, 60, 40] as const;
  const blue = [30, 80, 190] as const;
  for (const [name, colour] of Object.entries({ a: red, b: blue, 'test-a': red, 'test-b': blue })) {
    await mkdir(join(root, name));
    const random = new Random(name.length + colour[0]);
    for (let index = 0; index < images; index++) {
      const pixels = Uint8Array.from({ length: 40 * 40 * 3 }, (_, at) => colour[at % 3]! + random.integer(50));
      const image = sharp(pixels, { raw: { width: 40, height: 40, channels: 3 } });
      await image.png().toFile(join(root, name, `${index}.png`));
    }
  }
  return root;
}

const small = '--seconds 1 --size 32 --width 4 --blocks 1 --judge-size 32 --images 4 --threads 1 --domains red,blue';

/** @param more arguments besides folders and sizes */
function startStudy(root: string, more: string) {
  const folders = ['a', 'b', 'test-a', 'test-b'].flatMap(name => [`--${name}`, join(root, name)]);
  const args = [...folders, '--out', join(root, 'study'), ...`${small} ${more}`.split(' ')];
  const child = spawn(process.execPath, [join(packageRoot, 'tools/studies/options.mjs'), ...args]);
  const output = text(child.stdout);
  const errors = text(child.stderr);
  const ended = once(child, 'close').then(async ([code]) => ({ code, output: await output, errors: await errors }));
  return { child, ended };
}

const study = (root: string, more: string) => startStudy(root, more).ended;

async function readResults(root: string): Promise<Results> {
  return JSON.parse(await readFile(join(root, 'study/results.json'), 'utf8')) as Results;
}

it('trains every choice and what seems best, judges last and averaged weights, and repeats nothing', async () => {
  const root = await toyFolders(enoughForStyle);
  const first = await study(root, '--factors upsample --seeds 2 --at 3');
  expect(first).toMatchObject({ code: 0, errors: '' });

  const { runs } = await readResults(root);
  expect(runs.map(({ name, seed }) => `${name} ${seed}`).slice(0, 2)).toEqual(['base 1', 'upsample=transpose 1']);
  expect(runs.map(({ seed }) => seed)).toEqual([1, 1, 2]); // What seems best is one of the two.
  for (const { steps, seconds, judgements, references } of runs) {
    expect(steps).toBeGreaterThan(3);
    expect(seconds).toBeGreaterThanOrEqual(1);
    expect(judgements.map(({ step, weights }) => `${weights} ${step}`)).toEqual([
      'last 3',
      'averaged 3',
      `last ${steps}`,
      `averaged ${steps}`,
    ]);
    for (const { directions } of judgements) {
      expect(Object.keys(directions)).toEqual(['red→blue', 'blue→red']);
      for (const metrics of Object.values(directions))
        for (const name of ['grid2', 'grid4', 'styleLikelihood', 'content'])
          expect(metrics[name]).toEqual(expect.any(Number));
    }
    const [last, averaged] = judgements.slice(-2);
    expect(last!.directions).not.toEqual(averaged!.directions);
    expect(references['red→blue']!['target']!['grid2']).toEqual(expect.any(Number));
  }
  const table = await readFile(join(root, 'study/results.md'), 'utf8');
  expect(first.output).toContain(table.trim());
  expect(table.trim().split('\n')).toHaveLength(2 + 2 + 3 * 4);
  const sheet = await sharp(join(root, 'study/base-seed1/sheet.png')).metadata();
  expect(sheet).toMatchObject({ width: 6 + 6 * 38, height: 6 + 4 * 38 });

  const before = await stat(join(root, 'study/base-seed1/result.json'));
  const again = await study(root, '--factors upsample --seeds 2 --at 3');
  expect(again.output.match(/done before/g)).toHaveLength(3);
  expect((await stat(join(root, 'study/base-seed1/result.json'))).mtimeMs).toBe(before.mtimeMs);
  expect((await readResults(root)).runs).toEqual(runs);

  const other = await study(root, '--factors upsample --seeds 2 --at 4');
  expect(other.code).not.toBe(0);
  expect(other.errors).toContain('holds a study with at [3], not [4]');
});

it('goes on with a run that was interrupted, for the time that is left of it', async () => {
  const root = await toyFolders(3);
  const long = '--factors= --seeds= --seconds 3';
  const { child, ended } = startStudy(root, long);
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines) if (/^ +step \d+/.test(line)) break;
  child.kill('SIGINT');
  expect(await ended).toMatchObject({ code: 130, errors: '' });
  const stopped = await readdir(join(root, 'study/base-seed1/checkpoints'));
  expect(stopped).toHaveLength(1);

  const { code } = await study(root, long);
  expect(code).toBe(0);
  const { runs } = await readResults(root);
  const history = await readFile(join(root, 'study/base-seed1/history.jsonl'), 'utf8');
  expect(history.match(/"kind":"(start|resume)"/g)).toEqual(['"kind":"start"', '"kind":"resume"']);
  expect(runs[0]!.steps).toBeGreaterThan(Number(stopped[0]!.slice('step-'.length)));
  expect(runs[0]!.seconds).toBeGreaterThanOrEqual(3);
  expect(runs[0]!.seconds).toBeLessThan(6);
});
