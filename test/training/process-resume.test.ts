/**
 * Whatever interrupts a training, it goes on as if nothing had: the exported models are equal to the last byte. Through the
 * real command line, with all that has a state: averages, pools, mirrored crops, accumulated gradients.
 */
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { readSafetensorsFile } from '../../src/nets/index.js';
import { Trainer } from '../../src/training/index.js';
import {
  childrenOf,
  exportedHashes,
  startTraining,
  tinyArguments,
  trainingFolder,
  whenGone,
} from '../support/training-run.js';

const stateful = [...tinyArguments, '--engine', 'cpu', '--threads', '2', '--ema', '0.9', '--accumulate', '2'];
const steps = 20;

const fixture = join(packageRoot, 'test/fixtures/training/format-1');

type Exported = Readonly<Record<string, string>>;

/** What the training comes to when nothing interrupts it. */
let whole: Promise<Exported> | undefined;
function uninterrupted(): Promise<Exported> {
  whole ??= (async () => {
    const folder = await trainingFolder();
    await train(folder, [...stateful, '--steps', String(steps)], 0);
    return exportedHashes(join(folder, 'run'));
  })();
  return whole;
}

describe('a training that is interrupted and goes on with --resume and no other flag', () => {
  it('at a step it was told to stop at', async () => {
    const folder = await trainingFolder();
    await train(folder, [...stateful, '--steps', String(steps), '--stop-at', '10'], 0);
    await expectSameEnd(folder, 10, await uninterrupted());
  });

  it('by Ctrl-C', async () => {
    const folder = await trainingFolder();
    const run = startTraining(folder, ['--out', 'run', ...stateful, '--steps', String(steps)]);
    await run.heard(({ kind }) => kind === 'progress');
    run.child.kill('SIGINT');
    expect(await run.ended).toEqual({ code: 130, err: expect.stringMatching(/^Stopping after the current step/) });
    const { step } = run.events.at(-1)!;
    expect(run.events.at(-1)).toMatchObject({ kind: 'ended', ended: 'stopped' });
    await expectSameEnd(folder, step as number, await uninterrupted());
  });

  it.runIf(process.platform === 'linux')('by a SIGKILL of its process, which is told with what to do', async () => {
    const folder = await trainingFolder();
    const run = startTraining(folder, [
      '--out',
      'run',
      ...stateful,
      '--steps',
      String(steps),
      '--checkpoint-every',
      '0',
    ]);
    await run.heard(event => event.kind === 'checkpoint' && event.step === 7);
    const [trainer] = await childrenOf(run.child.pid!);
    process.kill(trainer!, 'SIGKILL');
    expect(await run.ended).toEqual({
      code: 1,
      err: expect.stringMatching(/^PROCESS_CRASHED: .* SIGKILL .*go on with: cyclebox train --resume --out run/),
    });
    await expectSameEnd(folder, await latestStep(folder), await uninterrupted());
  });

  it.runIf(process.platform === 'linux')('by a SIGKILL of the command, after which it ends itself', async () => {
    const folder = await trainingFolder();
    const run = startTraining(folder, ['--out', 'run', ...stateful, '--steps', String(steps)]);
    await run.heard(({ kind }) => kind === 'progress');
    const [trainer] = await childrenOf(run.child.pid!);
    run.child.kill('SIGKILL');
    await whenGone(trainer!);
    const step = await latestStep(folder);
    expect(step).toBeGreaterThan(0);
    expect(step).toBeLessThan(steps);
    await expectSameEnd(folder, step, await uninterrupted());
  });

  it('by a full disk, of which it says where, with its last checkpoint whole', async () => {
    const folder = await trainingFolder();
    const marker = join(folder, 'full');
    const run = startTraining(
      folder,
      ['--out', 'run', ...stateful, '--steps', String(steps), '--checkpoint-every', '0'],
      {
        NODE_OPTIONS: `--import=${join(packageRoot, 'test/fixtures/faults/full-disk.mjs')}`,
        FIXTURE_DISK: join(folder, 'run'),
        FIXTURE_FULL_DISK: marker,
      },
    );
    await run.heard(event => event.kind === 'checkpoint' && event.step === 3);
    await writeFile(marker, '');
    const { code, err } = await run.ended;
    expect(code).toBe(1);
    expect(err).toContain(`WRITE_FAILED: ${join(folder, 'run')} could not be written to: there is no space left`);
    const left = await readdir(join(folder, 'run/checkpoints'));
    expect(left.filter(name => !/^step-\d+$/.test(name))).toEqual([]);
    await rm(marker);
    await expectSameEnd(folder, await latestStep(folder), await uninterrupted());
  });
});

describe('a training in stages', () => {
  it('goes on at the end of a stage as if it had gone into the next one', async () => {
    const folder = await trainingFolder();
    const staged = [...stateful, '--sizes', '32,36', '--steps', '6', '--ema', '0'];
    await train(folder, staged, 0);
    const expected = await exportedHashes(join(folder, 'run'));
    await rm(join(folder, 'run'), { recursive: true });
    await train(folder, [...staged, '--stop-at', '3'], 0);
    await expectSameEnd(folder, 3, expected);
  });
});

describe('a checkpoint of 0.1.0', () => {
  it('goes on as that version would have', async () => {
    const folder = await trainingFolder();
    const out = join(folder, 'run');
    await cp(fixture, out, { recursive: true });
    const moved = { a: join(folder, 'a'), b: join(folder, 'b') };
    const trainer = await Trainer.resume(out, moved, { engine: 'cpu', threads: 1 });
    const losses: (readonly number[])[] = [];
    trainer.onProgress(progress => losses.push([progress.step, ...Object.values(progress.losses)]));
    try {
      await trainer.run();
    } finally {
      await trainer.dispose();
    }
    const recorded = (await readFile(join(fixture, 'losses-to-8.csv'), 'utf8')).trim().split('\n').slice(5);
    expect(losses).toEqual(
      recorded.map(row => row.split(',').map((value, index) => (index === 0 ? Number(value) : near(Number(value))))),
    );
    const [left, right] = await Promise.all([
      readSafetensorsFile(join(out, 'checkpoints/step-0000008/weights.safetensors')),
      readSafetensorsFile(join(fixture, 'weights-at-8.safetensors')),
    ]);
    expect(meanDifference(left.tensors, right.tensors)).toBeLessThan(1e-5);
  });
});

type Tensors = Awaited<ReturnType<typeof readSafetensorsFile>>['tensors'];

const near = (value: number) => expect.closeTo(value, 3);

/** Of all values, on average. */
function meanDifference(left: Tensors, right: Tensors): number {
  expect(Object.keys(left)).toEqual(Object.keys(right));
  const differences = Object.entries(left).flatMap(([name, { data }]) =>
    [...data].map((value, index) => Math.abs(value - right[name]!.data[index]!)),
  );
  return differences.reduce((sum, difference) => sum + difference, 0) / differences.length;
}

async function train(folder: string, args: readonly string[], code: number): Promise<void> {
  const { ended } = startTraining(folder, ['--out', 'run', ...args]);
  expect(await ended).toEqual({ code, err: '' });
}

/** Goes on and compares. @param from the step it must go on from */
async function expectSameEnd(folder: string, from: number, expected: Exported): Promise<void> {
  const run = startTraining(folder, ['--out', 'run', '--resume']);
  expect(await run.ended).toEqual({ code: 0, err: '' });
  expect(run.events[0]).toMatchObject({ kind: 'started', step: from });
  expect(await exportedHashes(join(folder, 'run'))).toEqual(expected);
}

async function latestStep(folder: string): Promise<number> {
  const names = await readdir(join(folder, 'run/checkpoints'));
  return Math.max(...names.map(name => Number(/^step-(\d+)$/.exec(name)?.[1] ?? 0)));
}
