/** The style classifier on domains that were made: what it learns, what it must not learn, and how it is kept. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/base/index.js';
import { type Engine, openEngine, type TensorData } from '../../src/engine/index.js';
import { loadImages } from '../../src/training/evaluation/load-images.js';
import type { Planes } from '../../src/training/evaluation/planes.js';
import { keptStyleWeights, styleKeyOf } from '../../src/training/evaluation/style-cache.js';
import { fitStyleWeights, StyleClassifier } from '../../src/training/evaluation/style-classifier.js';
import { exchanged, initialStyleWeights } from '../../src/training/evaluation/style-network.js';
import { thumbnailOf } from '../../src/training/evaluation/style-view.js';
import { changed, scenes, striped, writeImages } from '../support/made-images.js';
import { maxDifference, temporaryFolder } from '../support/pictures.js';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine('cpu', { threads: 1 });
});
afterAll(() => engine.dispose());

const fitted = (a: readonly Planes[], b: readonly Planes[], steps: number) =>
  fitStyleWeights({ engine, a: a.map(thumbnailOf), b: b.map(thumbnailOf), seed: 1, steps });

/** Likelihoods of domain B. */
async function judged(weights: Record<string, TensorData>, images: readonly Planes[]): Promise<number[]> {
  const classifier = await StyleClassifier.open(engine, weights);
  try {
    return await classifier.classify(images);
  } finally {
    await classifier.dispose();
  }
}

const share = (likelihoods: readonly number[]) =>
  likelihoods.filter(likelihood => likelihood >= 0.5).length / likelihoods.length;

describe('the style classifier', () => {
  it('tells a style it was shown on other scenes, also where the stripes are a translation’s', async () => {
    const weights = await fitted(scenes(40, 1), scenes(40, 1001).map(striped), 60);
    const held = scenes(20, 2001);
    expect(share(await judged(weights, held))).toBeLessThan(0.1);
    expect(share(await judged(weights, held.map(striped)))).toBeGreaterThan(0.9);
    const likelihoods = await judged(weights, held);
    const other = await judged(exchanged(weights), held);
    expect(other).toEqual(likelihoods.map(likelihood => expect.closeTo(1 - likelihood, 5)));
  });

  it('gives equal weights for equal images and seed', async () => {
    const [a, b] = [scenes(4, 1), scenes(4, 50)];
    const [one, again] = [await fitted(a, b, 3), await fitted(a, b, 3)];
    expect(again).toEqual(one);
  });

  it('does not tell how files were compressed: the same scenes as JPEG and as PNG stay one domain to it', async () => {
    const folder = await temporaryFolder();
    const [pngs, jpegs] = await Promise.all([
      writeImages(join(folder, 'a'), scenes(60, 1, 192)),
      writeImages(join(folder, 'b'), scenes(60, 501, 192), { format: 'jpeg', quality: 60 }),
    ]);
    const [a, b] = [(await loadImages(pngs, 192)).images, (await loadImages(jpegs, 192)).images];
    const weights = await fitted(a.slice(0, 30), b.slice(0, 30), 100);
    const [ofA, ofB] = [await judged(weights, a.slice(30)), await judged(weights, b.slice(30))];
    const accuracy = (1 - share(ofA) + share(ofB)) / 2;
    expect(accuracy).toBeGreaterThan(0.25);
    expect(accuracy).toBeLessThan(0.75);
  });

  it('stops fitting when it is told to', async () => {
    const stop = new AbortController();
    const [a, b] = [scenes(2, 1), scenes(2, 9)].map(images => images.map(thumbnailOf));
    const onProgress = (done: number) => done > 0.5 && stop.abort();
    const fitting = fitStyleWeights({ engine, a: a!, b: b!, seed: 1, steps: 4, onProgress, signal: stop.signal });
    await expect(fitting).rejects.toMatchObject({ code: 'CANCELLED' });
  });
});

describe('kept classifiers', () => {
  const asked = (a: readonly string[], b: readonly string[]) => styleKeyOf({ a, b, size: 64, seed: 1, device: 'cpu' });

  it('are found again by the images’ content, for both directions, and are made anew for other images', async () => {
    const folder = await temporaryFolder();
    const a = await writeImages(join(folder, 'a'), scenes(2, 1));
    const b = await writeImages(join(folder, 'b'), scenes(2, 11));
    const copies = await writeImages(join(folder, 'copies'), scenes(2, 1));
    const others = await writeImages(join(folder, 'others'), scenes(2, 21));
    const key = await asked(a, b);
    const back = await asked(b, a);
    expect(await asked(copies, b)).toEqual(key);
    expect(back).toEqual({ name: key.name, isExchanged: !key.isExchanged });
    expect((await asked(a, others)).name).not.toBe(key.name);
    expect((await styleKeyOf({ a, b, size: 128, seed: 1, device: 'cpu' })).name).not.toBe(key.name);

    const weights = initialStyleWeights(new Random(1));
    let fits = 0;
    const fitNow = async () => {
      fits++;
      return weights;
    };
    const cache = join(folder, 'cache');
    const there = await keptStyleWeights(cache, key, fitNow);
    const here = await keptStyleWeights(cache, back, fitNow);
    expect(fits).toBe(1);
    const [bias, exchangedBias] = [there, here].map(kept => kept['judgement.weight']!.data);
    expect(
      maxDifference(
        exchangedBias!,
        bias!.map(value => -value),
      ),
    ).toBe(0);
    expect(maxDifference(here['level0.weight']!.data, weights['level0.weight']!.data)).toBe(0);
  });

  it('that cannot be read are made anew', async () => {
    const folder = await temporaryFolder();
    const weights = initialStyleWeights(new Random(1));
    const key = { name: 'x', isExchanged: false };
    await mkdir(join(folder, 'cache'));
    await writeFile(join(folder, 'cache', 'style-x.safetensors'), 'damaged');
    await keptStyleWeights(join(folder, 'cache'), key, async () => weights);
    const kept = await keptStyleWeights(join(folder, 'cache'), key, async () => {
      throw new Error('fitted twice');
    });
    expect(kept['level3.weight']).toEqual(weights['level3.weight']);
    expect(await readdir(join(folder, 'cache'))).toEqual(['style-x.safetensors']);
  });
});

it('a classifier of flat images is fitted without values that are no numbers', async () => {
  const flat = scenes(2, 1).map(image => changed(image, () => 0.5));
  const weights = await fitted(flat, flat, 3);
  expect(Object.values(weights).every(({ data }) => data.every(Number.isFinite))).toBe(true);
});
