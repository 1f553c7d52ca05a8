/** `cyclebox train` as people call it: options from a file and from the command line, what it would be, and how it ends. */
import { execFile } from 'node:child_process';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../../src/base/index.js';
import { optionGroups } from '../../../src/training/index.js';
import { startTraining, tinyArguments, trainingFolder } from '../../support/training-run.js';

const place = ['--engine', 'cpu', '--threads', '1'];

function train(cwd: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise(resolve => {
    execFile(
      process.execPath,
      [join(packageRoot, 'dist/cli/main.js'), 'train', ...args],
      { cwd },
      (error, out, err) => {
        resolve({ code: error ? Number(error.code) : 0, out, err });
      },
    );
  });
}

/** A configuration in a folder of its own, whose paths lead out of it. */
async function withFile(folder: string, text: string): Promise<string> {
  await mkdir(join(folder, 'settings'), { recursive: true });
  await writeFile(join(folder, 'settings', 'train.json'), text);
  return join('settings', 'train.json');
}

const complete = `{
  // Two colours.
  "$schema": "train.schema.json",
  "pair": "red-blue", "a": "../a", "b": "../b", "out": "../run", /* where it goes */
  "size": 32, "loadSize": 36, "width": 4, "blocks": 1, "steps": 50, "flip": false,
  "engine": "cpu", "threads": 1, "sampleEvery": 1000,
}`;

describe('a configuration file', () => {
  test('holds options with comments, its paths are its own, and the command line goes before', async () => {
    const folder = await trainingFolder();
    const config = await withFile(folder, complete);
    const run = startTraining(folder, ['--config', config, '--steps', '2', '--flip']);
    expect(await run.ended).toEqual({ code: 0, err: '' });
    expect(run.events[0]).toMatchObject({
      kind: 'started',
      settings: { a: join(folder, 'a'), out: join(folder, 'run'), width: 4, steps: 2, flip: true },
      run: { sampleEvery: 1000, keep: 2 },
    });
    expect(run.events.at(-1)).toMatchObject({ kind: 'ended', ended: 'finished', step: 2 });
  });

  test('goes on with --resume, and may not have changed what the training is', async () => {
    const folder = await trainingFolder();
    const config = await withFile(folder, complete);
    expect(await train(folder, '--config', config, '--stop-at', '1')).toMatchObject({ code: 0, err: '' });
    const resumed = await train(folder, '--config', config, '--resume', '--stop-at', '2');
    expect(resumed).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringMatching(/from step 1;[\s\S]*^Stopped at step 2\./m),
    });
    await withFile(folder, complete.replace('"width": 4', '"width": 8'));
    expect(await train(folder, '--config', config, '--resume')).toMatchObject({
      code: 2,
      err: 'USAGE: Training option width is 8; allowed: 4, as the run began.\n',
    });
  });

  test('is checked to its last key: every fault has its line and what is allowed', async () => {
    const folder = await trainingFolder();
    const config = await withFile(
      folder,
      '{\n  "pair": "red-blue",\n  "witdh": 4,\n  "size": 30,\n  "keep": 0,\n  "engine": "cudda"\n}',
    );
    const { code, err } = await train(folder, '--config', config);
    expect(code).toBe(78);
    const [first, ...others] = err.trim().split('\n');
    expect(first).toMatch(/^CONFIG_INVALID: /);
    const file = join(folder, config);
    expect([first!.slice('CONFIG_INVALID: '.length), ...others].sort()).toEqual([
      `${file}:3:3: "witdh" is not a known key. Did you mean "width"?`,
      `${file}:4:3: size is 30; allowed: a multiple of 4, at least 32`,
      `${file}:5:3: keep is 0; allowed: a whole number ≥ 1`,
      expect.stringMatching(/:6:3: engine is "cudda"; allowed: auto, cpu, .*cuda:1$/),
    ]);
  });

  test('that is not there is a wrong configuration', async () => {
    const folder = await trainingFolder();
    expect(await train(folder, '--config', 'no.json')).toMatchObject({
      code: 78,
      err: expect.stringMatching(/^CONFIG_NOT_FOUND: .*no\.json/),
    });
  });
});

describe('--explain', () => {
  test('says what a training would be, with the time of real steps, and writes nothing', async () => {
    const folder = await trainingFolder();
    await sharp(join(folder, 'b', '0.png'))
      .toColourspace('b-w')
      .toFile(join(folder, 'b', 'grey.png'));
    const options = ['--out', 'run', ...tinyArguments, '--steps', '12', ...place, '--explain'];
    const { code, out, err } = await train(folder, ...options);
    expect([code, err]).toEqual([0, '']);
    for (const line of [
      /^Training red-blue on .+, 1 threads \(cpu\)$/m,
      /^ {2}Networks +.*width 4, blocks 1, /m,
      /^ {2}Losses +loss lsgan, cycleWeight 10, identityWeight 5, penaltyWeight 10, augment none, poolSize 2$/m,
      /^ {2}G_A +resnet_1blocks, width 4, .* 8\.7 thousand parameters$/m,
      /^ {2}red: 5 images in .*a$/m,
      /^ {2}blue: 6 images in .*b\n {4}1 of 6 images in .* is grey: /m,
      /^ {2}6 steps per pass; 12 steps in total, 2\.0 passes$/m,
      /^ {2}weights 1 MB, moments 1 MB, .*program \d+ MB$/m,
      /^ {2}crops of 32: 12 steps of [\d.]+ ms, after /m,
      /^ {2}12 steps take about \d+ s, /m,
    ])
      expect(out).toMatch(line);
    expect((await readdir(folder)).sort()).toEqual(['a', 'b']);
  });

  test('is one document with --json, each stage of growing crops timed, and what is left of a resumed run', async () => {
    const folder = await trainingFolder();
    const options = ['--out', 'run', ...tinyArguments, '--sizes', '32,36', '--steps', '10', ...place];
    await train(folder, ...options, '--stop-at', '3');
    const { code, out } = await train(folder, '--out', 'run', '--resume', '--explain', '--json');
    const plan = JSON.parse(out);
    expect(code).toBe(0);
    expect(plan).toMatchObject({
      settings: { pair: 'red-blue', sizes: [32, 36] },
      networks: [{ name: 'G_A' }, { name: 'G_B' }, { name: 'D_A' }, { name: 'D_B' }],
      stepsPerEpoch: 5,
      step: 3,
      stages: [
        { size: 32, steps: 2, stepMs: expect.any(Number) },
        { size: 36, steps: 5, stepMs: expect.any(Number) },
      ],
    });
    const [first, second] = plan.stages;
    expect(plan.totalMs).toBeCloseTo(2 * first.stepMs + 5 * second.stepMs, 6);
    expect(plan.memory.total).toBeGreaterThan(0.5 * plan.peakBytes);
  });

  test('of what does not fit into memory says so, without a step, and ends with 1', async () => {
    const folder = await trainingFolder();
    const huge = ['--size', '4096', '--load-size', '4096', '--width', '512', '--batch', '8'];
    const options = ['--out', 'run', ...tinyArguments, ...huge, ...place];
    const explained = await train(folder, ...options, '--explain');
    expect(explained).toMatchObject({ code: 1, out: expect.stringContaining('Time: not measured') });
    const tried = await train(folder, ...options);
    for (const { code, err } of [explained, tried])
      expect([code, err]).toEqual([
        1,
        expect.stringMatching(
          /^OUT_OF_MEMORY: Training red-blue with batch 8, crops of 4096, width 512 needs about \d+ GB .*Give --batch 1 --size \d+( --width \d+)?\. /,
        ),
      ]);
    expect((await readdir(folder)).sort()).toEqual(['a', 'b']);
  });
});

describe('how it ends', () => {
  test('a second signal ends it at once, with what the last checkpoint has', async () => {
    const folder = await trainingFolder();
    // Steps of several seconds, so that the second signal comes while one is under way.
    const slow = ['--size', '128', '--load-size', '128', '--width', '32', '--batch', '4'];
    const run = startTraining(folder, ['--out', 'run', ...tinyArguments, ...slow, ...place]);
    await run.heard(({ kind }) => kind === 'started');
    run.child.kill('SIGTERM');
    run.child.stderr!.once('data', () => run.child.kill('SIGTERM'));
    expect(await run.ended).toEqual({ code: 143, err: expect.stringMatching(/^Stopping after the current step/) });
    expect(run.events.map(({ kind }) => kind)).toEqual(['started']);
  });

  test.each([
    [['--a', 'a'], 2, 'USAGE: A training needs --out, its folder.'],
    [['--out', 'run'], 2, 'USAGE: A new training needs --pair, --a and --b (or --resume to go on with one).'],
    [['--out', 'run', '--resume'], 1, 'CHECKPOINT_INVALID: '],
    [['--out', 'run', '--width', 'much'], 2, "USAGE: option '--width <number>' argument 'much' is invalid."],
    [['--out', 'run', '--wdith', '4'], 2, "USAGE: unknown option '--wdith'"],
    [['--out', 'run', ...tinyArguments, '--stop-at', '0'], 2, 'USAGE: Training option stopAt is 0; allowed: a whole'],
    [['--out', 'run', ...tinyArguments, '--engine', 'cudda'], 2, 'USAGE: There is no engine "cudda"'],
  ])('%j ends with %i', async (args, code, words) => {
    const folder = await trainingFolder();
    const result = await train(folder, ...args);
    expect(result).toMatchObject({ code, out: '' });
    expect(result.err).toContain(words);
  });
});

test('the help has every option in the group of what it is about', async () => {
  const { code, out } = await train(packageRoot, '--help');
  expect(code).toBe(0);
  const sections = new Map(out.split(/\n\n(?=\w+:\n)/).map(text => [/^(\w+):\n/.exec(text)?.[1], text]));
  for (const { title, schema } of optionGroups) {
    const shown = [...sections.get(title)!.matchAll(/^ {2}(?:-\w, )?--(?:no-)?[a-z-]+/gm)];
    expect(shown, title).toHaveLength(Object.keys(schema.shape).length);
  }
});
