/** A training in a process of its own, as its owner sees it. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ManualClock } from '../../src/base/index.js';
import {
  resumeTraining,
  type TrainingEvent,
  type TrainingProcess,
  type TrainOptions,
  train,
} from '../../src/training/index.js';
import { ProgressThrottle } from '../../src/training/process/progress-throttle.js';
import type { TrainingProgress } from '../../src/training/training-event.js';
import { tinyTraining, trainingFolder } from '../support/training-run.js';

const place: TrainOptions = { engine: 'cpu', threads: 1, progressEveryMs: 0 };
const endless = 1_000_000;

/** It is ended when the test ends. */
function owned(training: TrainingProcess): TrainingProcess {
  onTestFinished(() => training.dispose());
  return training;
}

function collected(training: TrainingProcess): readonly TrainingEvent[] {
  const events: TrainingEvent[] = [];
  training.onEvent(event => events.push(event));
  return events;
}

const firstProgress = (training: TrainingProcess) => new Promise(resolve => training.onProgress(resolve));

describe('a training process', () => {
  it('tells what happens in order, from its settings to the exported pair, and how it ended', async () => {
    const folder = await trainingFolder();
    const out = join(folder, 'run');
    const training = owned(train(tinyTraining(folder, { steps: 3 }), { ...place, sampleEvery: 2, checkpointEvery: 0 }));
    const events = collected(training);
    const result = await training.result;
    const plugin = join(out, 'plugins', 'red-blue');
    expect(result).toEqual({
      ended: 'finished',
      step: 3,
      steps: 3,
      out,
      plugin,
      losses: expect.objectContaining({ G_A: expect.any(Number), D_B: expect.any(Number) }),
      metrics: {},
    });
    expect(events.map(event => (event.kind === 'started' ? event.kind : `${event.kind} ${event.step}`))).toEqual([
      'started',
      'progress 1',
      'checkpoint 1',
      'progress 2',
      'sample 2',
      'checkpoint 2',
      'progress 3',
      'checkpoint 3',
      'sample 3',
      'export 3',
    ]);
    expect(events[0]).toMatchObject({
      settings: { pair: 'red-blue', width: 4, out },
      run: { sampleEvery: 2 },
      device: { id: 'cpu', kind: 'cpu' },
      parameters: { G_A: 8667, D_A: 11_461 },
      step: 0,
    });
    expect(await readdir(plugin)).toContain('to-blue.onnx');
  });

  it('writes checkpoint, samples and the pair when asked, says where it stands, and stops with a checkpoint', async () => {
    const folder = await trainingFolder();
    const training = owned(train(tinyTraining(folder, { steps: endless }), place));
    await firstProgress(training);
    const [checkpoint, sample, plugin] = await Promise.all([
      training.checkpoint(),
      training.sample(),
      training.exportPlugin(),
    ]);
    expect(await readdir(checkpoint)).toContain('state.json');
    expect((await readFile(sample)).subarray(1, 4).toString()).toBe('PNG');
    expect(await readdir(plugin)).toContain('to-red.onnx');
    const status = await training.status();
    expect(status).toMatchObject({ state: 'training', steps: endless, pid: await training.pid() });
    expect(status.step).toBeGreaterThan(0);
    const { ended, step } = await training.stop();
    expect([ended, await latest(folder)]).toEqual(['stopped', step]);
    await expect(training.checkpoint()).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  it('goes on from its folder, and refuses what would make it another training', async () => {
    const folder = await trainingFolder();
    const out = join(folder, 'run');
    await train(tinyTraining(folder, { steps: 4 }), { ...place, stopAt: 2 }).result;
    await expect(train(tinyTraining(folder), place).result).rejects.toMatchObject({
      code: 'FILE_EXISTS',
      message: expect.stringContaining('--resume'),
    });
    await expect(resumeTraining(out, { width: 8 }, place).result).rejects.toMatchObject({
      code: 'USAGE',
      message: 'Training option width is 8; allowed: 4, as the run began.',
    });
    await expect(resumeTraining(out, { steps: -1 }, place).result).rejects.toMatchObject({ code: 'USAGE' });
    expect(await resumeTraining(out, { steps: 3, size: 32 }, place).result).toMatchObject({
      ended: 'finished',
      step: 3,
    });
  });

  it.each([
    [{ widht: 4 } as object, 'USAGE', /^There is no training option "widht"\. Did you mean "width"\?$/],
    [{ size: 30 }, 'USAGE', /^Training option size is 30; allowed: a multiple of 4, at least 32/],
    [{ b: 'nowhere' }, 'FILE_NOT_FOUND', /nowhere does not exist/],
    [
      { size: 8192, width: 1024 },
      'OUT_OF_MEMORY',
      /needs about \d+ GB of memory, and this machine has .* Give --size /,
    ],
  ])('fails with %j as the trainer does, coded', async (wrong, code, message) => {
    const folder = await trainingFolder();
    const { loadSize: _, ...options } = tinyTraining(folder, wrong);
    await expect(train(options, place).result).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    expect(await readdir(folder)).toEqual(['a', 'b']);
  });

  it('that is killed is told as crashed, with what to do', async () => {
    const folder = await trainingFolder();
    const training = owned(train(tinyTraining(folder, { steps: endless }), place));
    await firstProgress(training);
    process.kill((await training.pid())!, 'SIGKILL');
    await expect(training.result).rejects.toMatchObject({
      code: 'PROCESS_CRASHED',
      message: expect.stringMatching(/SIGKILL.*It had come to no checkpoint yet: start it again/),
    });
  });

  it('is ended at once when its owner does not care any more', async () => {
    const folder = await trainingFolder();
    const training = train(tinyTraining(folder, { steps: endless }), place);
    await firstProgress(training);
    await training.dispose();
    await expect(training.result).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(await readdir(join(folder, 'run'))).not.toContain('checkpoints');
  });

  it.runIf(process.platform === 'linux')(
    'in the background leaves the CPU to others from its start, all its threads',
    async () => {
      const folder = await trainingFolder();
      const training = owned(
        train(tinyTraining(folder, { steps: endless }), { ...place, threads: 2, background: true }),
      );
      await training.status(); // Its first step may take it a while, with others at work.
      const pid = (await training.pid())!;
      const threads = await readdir(`/proc/${pid}/task`);
      const stats = await Promise.all(threads.map(thread => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8')));
      expect(new Set(stats.map(niceOf))).toEqual(new Set([19]));
      const [group, own] = await Promise.all(
        [pid, 'self'].map(of => readFile(`/proc/${of}/autogroup`, 'utf8').catch(() => '')),
      );
      if (own !== '')
        expect([group, own]).toEqual([expect.stringContaining('nice 19'), expect.stringContaining('nice 0')]);
    },
  );
});

/** The 19th field of `/proc/…/stat`; the second is a name in brackets. */
const niceOf = (stat: string) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);

async function latest(folder: string): Promise<number> {
  const names = await readdir(join(folder, 'run', 'checkpoints'));
  return Math.max(...names.map(name => Number(name.slice('step-'.length))));
}

describe('progress', () => {
  it('is passed on once in a while, and the last of it always', () => {
    const clock = new ManualClock();
    const passed: number[] = [];
    const throttle = new ProgressThrottle(100, clock, ({ step }) => passed.push(step));
    for (let step = 1; step <= 7; step++) {
      throttle.add({ step } as TrainingProgress);
      clock.advance(40);
    }
    expect(passed).toEqual([1, 4, 7]);
    throttle.flush();
    throttle.add({ step: 8 } as TrainingProgress);
    throttle.flush();
    expect(passed).toEqual([1, 4, 7, 8]);
  });
});

it('the folder of a training that was killed in its first checkpoint is as good as new', async () => {
  const folder = await trainingFolder();
  await mkdir(join(folder, 'run/checkpoints/step-0000001'), { recursive: true });
  await mkdir(join(folder, 'run/checkpoints/step-0000002.partial-999999999'), { recursive: true });
  await train(tinyTraining(folder, { steps: 1 }), place).result;
  expect(await readdir(join(folder, 'run/checkpoints'))).toEqual(['step-0000001']);
});
