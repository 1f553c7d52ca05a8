import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/base/index.js';
import { loadPlugins } from '../../src/catalog/index.js';
import { Trainer, type TrainingOptions } from '../../src/training/index.js';
import { openTranslator } from '../../src/translate/index.js';
import { sharedFolder } from '../support/pictures.js';

let folder: string;
const shared = sharedFolder();
beforeAll(async () => {
  folder = shared.path;
  await Promise.all([writeImages(join(folder, 'a'), [200, 60, 40]), writeImages(join(folder, 'b'), [30, 80, 190])]);
});

/** Five images of noise around a colour. */
async function writeImages(path: string, [r, g, b]: readonly [number, number, number]): Promise<void> {
  const { mkdir } = await import('node:fs/promises');
  await mkdir(path, { recursive: true });
  const random = new Random(r);
  for (let index = 0; index < 5; index++) {
    const pixels = Uint8Array.from({ length: 48 * 40 * 3 }, (_, at) => [r, g, b][at % 3]! + random.integer(50));
    await sharp(pixels, { raw: { width: 48, height: 40, channels: 3 } })
      .png()
      .toFile(join(path, `${index}.png`));
  }
}

function options(out: string): TrainingOptions {
  const [a, b] = [join(folder, 'a'), join(folder, 'b')];
  return {
    pair: 'red-blue',
    a,
    b,
    out: join(folder, out),
    size: 32,
    loadSize: 36,
    width: 4,
    blocks: 1,
    poolSize: 2,
    steps: 6,
  };
}

async function modelBytes(plugin: string): Promise<Buffer[]> {
  return Promise.all(['to-red.onnx', 'to-blue.onnx'].map(name => readFile(join(plugin, name))));
}

describe('a training run', () => {
  it('ends with a plugin folder whose models translate at once', async () => {
    const trainer = await Trainer.create(options('whole'), { threads: 1, sampleEvery: 3 });
    const steps: number[] = [];
    trainer.onProgress(({ step }) => steps.push(step));
    try {
      const plugin = await trainer.run();
      expect(steps).toEqual([1, 2, 3, 4, 5, 6]);
      const sheets = (await readdir(join(folder, 'whole', 'samples'))).filter(name => name.endsWith('.png'));
      expect(sheets).toEqual(['step-0000003.png', 'step-0000006.png']);
      const { pairs, problems } = await loadPlugins([join(folder, 'whole', 'plugins')]);
      expect(problems).toEqual([]);
      expect(pairs.map(({ id, domains }) => [id, domains])).toEqual([['red-blue', ['red', 'blue']]]);
      const translator = await openTranslator({ model: join(plugin!, 'to-blue.onnx'), threads: 1 });
      const { width, height } = await translator.translate(join(folder, 'a', '0.png'));
      await translator.dispose();
      expect([width, height]).toEqual([48, 40]);
    } finally {
      await trainer.dispose();
    }
  });

  it('gives equal models for equal seeds, and others for another seed', async () => {
    const train = async (out: string, seed: number) => {
      const trainer = await Trainer.create({ ...options(out), seed, steps: 2 }, { threads: 1 });
      const plugin = await trainer.run();
      await trainer.dispose();
      return modelBytes(plugin!);
    };
    const [first, again, other] = [await train('s1', 1), await train('s1b', 1), await train('s2', 2)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });

  it('goes on after an interruption as if there had been none', async () => {
    const whole = await Trainer.create(options('uninterrupted'), { threads: 1 });
    const expected = await modelBytes((await whole.run())!);
    await whole.dispose();

    const stop = new AbortController();
    const first = await Trainer.create(options('interrupted'), { threads: 1 });
    first.onProgress(({ step }) => step === 3 && stop.abort());
    expect(await first.run(stop.signal)).toBeUndefined();
    await first.dispose();

    const second = await Trainer.resume(join(folder, 'interrupted'), {}, { threads: 1 });
    expect(second.step).toBe(3);
    const plugin = await second.run();
    await second.dispose();
    expect(await modelBytes(plugin!)).toEqual(expected);
  });

  it('names the folder that holds no images', async () => {
    const { mkdir } = await import('node:fs/promises');
    const empty = join(folder, 'empty');
    await mkdir(empty, { recursive: true });
    await expect(Trainer.create({ ...options('none'), b: empty })).rejects.toMatchObject({
      code: 'DATASET_EMPTY',
      subject: { file: empty },
    });
  });

  it('refuses to resume where nothing was trained', async () => {
    await expect(Trainer.resume(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'CHECKPOINT_INVALID' });
  });
});
