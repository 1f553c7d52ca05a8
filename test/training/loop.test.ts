import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/engine/index.js';
import { readSafetensorsFile } from '../../src/nets/index.js';
import { Trainer, type TrainingOptions } from '../../src/training/index.js';
import { ExponentialMovingAverage, emaPrefix } from '../../src/training/loop/exponential-moving-average.js';
import { removeOldCheckpoints } from '../../src/training/loop/retention.js';
import { stageAt } from '../../src/training/loop/stage-at.js';
import { temporaryFolder } from '../support/pictures.js';
import { plainTraining, writePlainImages } from '../support/training-run.js';

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

describe('stages of growing crops', () => {
  const settings = { sizes: [64, 128, 192], size: 192, loadSize: 216, steps: 100 };

  it('take equally many steps each and scale images in proportion to the crops', () => {
    expect(stageAt(0, settings)).toEqual({ index: 0, size: 64, loadSize: 72, end: 34 });
    expect(stageAt(33, settings).index).toBe(0);
    expect(stageAt(34, settings)).toEqual({ index: 1, size: 128, loadSize: 144, end: 67 });
    expect(stageAt(99, settings)).toEqual({ index: 2, size: 192, loadSize: 216, end: 100 });
  });

  it('are one where there is one size, also when the run is at its end', () => {
    const single = { sizes: [64], size: 64, loadSize: 0, steps: 10 };
    expect(stageAt(10, single)).toEqual({ index: 0, size: 64, loadSize: 0, end: 10 });
  });
});

describe('which checkpoints stay', () => {
  const write = (steps: readonly number[]) =>
    Promise.all(
      steps.map(step =>
        mkdir(join(folder, 'checkpoints', `step-${String(step).padStart(7, '0')}`), { recursive: true }),
      ),
    );
  const left = async () =>
    (await readdir(join(folder, 'checkpoints'))).map(name => Number(name.slice(5))).sort((a, b) => a - b);

  it('the latest ones, the best, and the first of every so many steps', async () => {
    await write([90, 120, 180, 210, 250, 330, 340, 350]);
    await removeOldCheckpoints(folder, { keep: 2, keepEvery: 100 }, 180);
    expect(await left()).toEqual([120, 180, 210, 330, 340, 350]);
  });

  it('only the latest ones when nothing else is asked for', async () => {
    await write([1, 2, 3]);
    await removeOldCheckpoints(folder, { keep: 1, keepEvery: 0 });
    expect(await left()).toEqual([3]);
  });
});

describe('averaging', () => {
  it('moves the average every ten steps by as much as ten single moves would', async () => {
    const engine = await openEngine('cpu', { threads: 1 });
    const one = (value: number) => ({ shape: [1], data: Float32Array.of(value) });
    const state = await engine.createState({ w: one(1), [`${emaPrefix}w`]: one(0) });
    const averaging = await ExponentialMovingAverage.compile(engine, state, [{ name: 'w', shape: [1] }], 0.99);
    const average = async () => (await state.read([`${emaPrefix}w`]))[`${emaPrefix}w`]!.data[0]!;
    // Early on, (1 + t) / (10 + t) is below the decay asked for, and every step counts.
    await averaging.update(1);
    expect(await average()).toBeCloseTo(1 - 2 / 11, 6);
    await averaging.update(10);
    expect(await average()).toBeCloseTo(1 - (2 / 11) * (11 / 20), 6);
    const before = await average();
    await averaging.update(1999);
    expect(await average()).toBe(before);
    await averaging.update(2000);
    expect(await average()).toBeCloseTo(1 - (1 - before) * 0.99 ** 10, 6);
    await engine.dispose();
  });
});

describe('a run', () => {
  const asked = (more: Partial<TrainingOptions> = {}) => plainTraining(folder, more);
  beforeEach(() => writePlainImages(folder, 80));
  const train = async (options: TrainingOptions, stopAt?: number) => {
    const trainer = await Trainer.create(options, { threads: 1, ...(stopAt && { stopAt }) });
    try {
      return await trainer.run();
    } finally {
      await trainer.dispose();
    }
  };

  it('grows its crops and goes on in the right stage after a stop', async () => {
    const options = asked({ sizes: [32, 64], accumulate: 2 });
    const whole = await train({ ...options, out: join(folder, 'whole') });
    expect(await train(options, 3)).toBeUndefined();
    const resumed = await Trainer.resume(options.out);
    const plugin = await resumed.run();
    await resumed.dispose();
    for (const name of ['to-red.onnx', 'to-blue.onnx']) {
      expect((await readFile(join(plugin!, name))).equals(await readFile(join(whole!, name))), name).toBe(true);
    }
  });

  it('starts from the weights of another run, its checkpoint, its plugin or its models alone', async () => {
    const plugin = await train(asked({ ema: 0 }));
    const checkpoint = join(folder, 'run', 'checkpoints', 'step-0000004');
    const { tensors } = await readSafetensorsFile(join(checkpoint, 'weights.safetensors'));
    const models = join(folder, 'models');
    await mkdir(models);
    for (const name of ['to-red.onnx', 'to-blue.onnx']) await copyFile(join(plugin!, name), join(models, name));
    for (const [index, warmStart] of [join(folder, 'run'), checkpoint, plugin!, models].entries()) {
      const out = join(folder, `warm-${index}`);
      await train(asked({ out, warmStart, learningRate: 0 }), 1);
      const { tensors: started } = await readSafetensorsFile(
        join(out, 'checkpoints', 'step-0000001', 'weights.safetensors'),
      );
      for (const name of ['G_A.model.1.weight', 'G_B.model.11.weight']) {
        expect(started[name], `${name} from ${warmStart}`).toEqual(tensors[name]);
      }
    }
  });

  it('names what does not fit in weights to start from', async () => {
    await train(asked());
    const warm = (more: Partial<TrainingOptions>) =>
      Trainer.create(asked({ out: join(folder, 'other'), warmStart: join(folder, 'run'), ...more }), { threads: 1 });
    await expect(warm({ width: 8 })).rejects.toMatchObject({
      code: 'WEIGHTS_MISMATCH',
      message: expect.stringMatching(
        /run cannot be started from: G_A\.model\.1\.weight is \[4,3,7,7\], needed: \[8,3,7,7\]/,
      ),
    });
    await expect(warm({ warmStart: join(folder, 'nowhere') })).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
    await writeFile(join(folder, 'empty.txt'), 'nothing');
    await expect(warm({ warmStart: folder })).rejects.toMatchObject({ code: 'WEIGHTS_MISMATCH' });
  });
});
