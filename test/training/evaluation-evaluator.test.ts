/** Evaluations as a whole: rows and their references, both directions, half of the images held out, files that are none. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../../src/engine/index.js';
import { add, conv2d, GraphBuilder, mean, reshape, symbol } from '../../src/graph/index.js';
import { encodeOnnx } from '../../src/onnx/index.js';
import {
  createEvaluator,
  type Evaluation,
  type Evaluator,
  FeatureNetwork,
  isBetter,
  metricFacts,
  type Planes,
  rankingMetrics,
} from '../../src/training/index.js';
import { changed, scenes, striped, writeImages } from '../support/made-images.js';
import { sharedFolder } from '../support/pictures.js';

let folder: string;
let engine: Engine;
let plain: string[];
let stripy: string[];
let evaluator: Evaluator;

const shared = sharedFolder();
beforeAll(async () => {
  folder = shared.path;
  engine = await openEngine('cpu', { threads: 1 });
  plain = await writeImages(join(folder, 'a'), scenes(24, 1));
  stripy = await writeImages(join(folder, 'b'), scenes(22, 101).map(striped));
  evaluator = await open();
});
afterAll(async () => {
  await evaluator.dispose();
  await engine.dispose();
});

const open = () =>
  createEvaluator({
    engine,
    domains: ['plain', 'striped'],
    heldA: plain,
    heldB: stripy,
    cacheFolder: join(folder, 'cache'),
  });
const halfStriped = (image: Planes) => {
  const { data } = striped(image);
  return { ...image, data: image.data.map((value, at) => (value + data[at]!) / 2) };
};

describe('an evaluation', () => {
  let good: Evaluation;
  beforeAll(async () => {
    good = await evaluator.evaluate({ translate: async image => striped(image), back: async image => image });
  });

  it('finds style and content of a good translation, between those of its references', () => {
    const { translated, unchanged, target } = good.rows;
    expect(good).toMatchObject({ format: 1, from: 'plain', to: 'striped', size: 64, images: 24, targetImages: 22 });
    expect(good.classifier).toMatchObject({ heldOut: [12, 11], fitted: [12, 11] });
    expect(good.classifier!.accuracy).toBeGreaterThan(0.9);
    expect([unchanged.style, translated.style, target!.style]).toEqual([
      expect.closeTo(0, 0),
      expect.closeTo(1, 0),
      expect.closeTo(1, 0),
    ]);
    expect([unchanged.content, target!.content]).toEqual([expect.closeTo(1, 9), expect.closeTo(0, 9)]);
    expect(translated.content).toBeGreaterThan(0.1);
    expect(translated.content).toBeLessThan(0.9);
    expect(translated.swd).toBeLessThan(unchanged.swd!);
    expect(translated.cycle).toBeCloseTo(translated.change!, 9);
    expect(Object.keys(translated)).toEqual(expect.arrayContaining(['swd@64', 'swd@32', 'swd@16']));
  });

  it('asks the classifier about the half of the images only that it was not fitted on', () => {
    const asked = good.each.filter(({ likelihood }) => likelihood !== undefined);
    expect(asked).toHaveLength(12);
    expect(good.each.map(({ file }) => file)).toEqual(plain);
    for (const { likelihood, inputLikelihood } of asked) expect(likelihood).toBeGreaterThan(inputLikelihood!);
  });

  it('gives an unchanged image the row of unchanged images, and a half translation less than a whole one', async () => {
    const same = await evaluator.evaluate({ translate: async image => image });
    const { cycle: _, notFinite: __, ...translated } = same.rows.translated;
    expect(translated).toEqual(
      Object.fromEntries(Object.entries(same.rows.unchanged).map(([name, value]) => [name, expect.closeTo(value!, 6)])),
    );
    const half = await evaluator.evaluate({ translate: async image => halfStriped(image) });
    expect(half.rows.translated.content).toBeGreaterThan(good.rows.translated.content!);
    expect(half.rows.translated.swd).toBeGreaterThan(good.rows.translated.swd!);
  });

  it('judges the other direction by the same classifier', async () => {
    const back = await evaluator.evaluate({ direction: 'BtoA', translate: async image => image });
    expect(back).toMatchObject({ from: 'striped', to: 'plain', images: 22, targetImages: 24 });
    expect(back.rows.unchanged.styleLikelihood).toBeCloseTo(1 - good.rows.target!.styleLikelihood!, 6);
    expect(back.classifier!.accuracyFrom).toBe(good.classifier!.accuracyTo);
  });

  it('is the same again, with the classifier from the cache', async () => {
    const again = await open();
    const phases: string[] = [];
    const cached = await createEvaluator({
      ...{ engine, domains: ['plain', 'striped'], heldA: plain, heldB: stripy },
      cacheFolder: join(folder, 'cache'),
      onProgress: ({ phase }) => phases.push(phase),
    });
    for (const other of [again, cached]) {
      const repeated = await other.evaluate({ translate: async image => striped(image), back: async image => image });
      expect(JSON.parse(JSON.stringify(repeated))).toEqual(JSON.parse(JSON.stringify(good)));
      await other.dispose();
    }
    expect(phases).not.toContain('fitting');
  });
});

it('true counterparts get a row of their own, and translations are compared with them', async () => {
  const truths = await writeImages(join(folder, 'truths'), scenes(24, 1).map(striped));
  const counterparts = new Map(plain.map((file, index) => [file, truths[index]!]));
  counterparts.delete(plain[3]!);
  const paired = await createEvaluator({ engine, domains: ['a', 'b'], heldA: plain, counterparts, limit: 8 });
  const { rows, pairs, images } = await paired.evaluate({ translate: async image => striped(image) });
  await paired.dispose();
  expect([images, pairs]).toEqual([8, 7]);
  // But for a rounding to bytes.
  expect(rows.translated.l1).toBeLessThan(1 / 255);
  expect(rows.translated.psnr).toBeGreaterThan(45);
  expect(rows.unchanged.l1).toBeGreaterThan(0.1);
  expect(rows.truth!.edges).toBeCloseTo(rows.translated.edges!, 1);
  expect(rows.target).toBeUndefined();
});

describe('files that are no images', () => {
  it('are named and left out', async () => {
    const broken = join(folder, 'broken.png');
    await writeFile(broken, 'no image');
    const held = await createEvaluator({
      engine,
      domains: ['a', 'b'],
      heldA: [broken, ...plain.slice(0, 3)],
      heldB: stripy.slice(0, 3),
    });
    const { images, skipped, classifier, warnings } = await held.evaluate({ translate: async image => image });
    await held.dispose();
    expect(images).toBe(3);
    expect(skipped).toEqual([{ file: broken, reason: expect.stringMatching(/^is a text file/) }]);
    expect(classifier).toBeUndefined();
    expect(warnings.map(({ id }) => id)).toEqual(['unchanged', 'few-images']);
  });

  it('alone are an error that names one', async () => {
    const broken = join(folder, 'alone.png');
    await writeFile(broken, 'no image');
    await expect(createEvaluator({ engine, domains: ['a', 'b'], heldA: [broken] })).rejects.toMatchObject({
      code: 'DATASET_EMPTY',
      message: expect.stringContaining(broken),
    });
  });
});

describe('a feature network', () => {
  /** The means of eight 3 × 3 filters, as an ONNX file. */
  async function writeNetwork(name: string, side: number | undefined): Promise<string> {
    const builder = new GraphBuilder();
    const sides = [side ?? symbol('h', 4), side ?? symbol('w', 4)];
    const image = builder.input('image', [1, 3, ...sides]);
    const kernel = Float32Array.from({ length: 8 * 27 }, (_, i) => Math.sin(3 * i));
    const filtered = conv2d(image, builder.constant(kernel, [8, 3, 3, 3]), { stride: 2, padding: 1 });
    builder.output('features', reshape(mean(add(filtered, 1), [2, 3]), [1, 8]));
    const path = join(folder, name);
    await writeFile(path, encodeOnnx(builder.build(), { name: 'features', weights: {}, metadata: {} }));
    return path;
  }

  it('gives KID and FID, in its own size and range of colours, named in the report', async () => {
    const features = await FeatureNetwork.open(engine, await writeNetwork('fixed.onnx', 32), {
      range: '0..1',
      size: 99,
    });
    const judging = await createEvaluator({
      engine,
      domains: ['a', 'b'],
      heldA: plain.slice(0, 9),
      heldB: stripy.slice(0, 9),
      features,
    });
    const evaluation = await judging.evaluate({ translate: async image => striped(image) });
    await judging.dispose();
    await features.dispose();
    expect(evaluation.features).toEqual({ file: 'fixed.onnx', side: 32, range: '0..1' });
    const { translated, unchanged, target } = evaluation.rows;
    expect(translated.fid).toBeGreaterThan(0);
    expect(translated.fid).toBeLessThan(unchanged.fid!);
    expect(translated.kid).toBeLessThan(unchanged.kid!);
    expect(target).toMatchObject({ fid: expect.any(Number), kid: expect.any(Number) });
  });

  it('of open size is given the size asked for', async () => {
    const path = await writeNetwork('open.onnx', undefined);
    const sides = await Promise.all(
      [{ size: 48 }, {}].map(async options => {
        const network = await FeatureNetwork.open(engine, path, options);
        const [row] = await network.featuresOf(scenes(1, 1));
        await network.dispose();
        return [network.side, network.range, row!.length];
      }),
    );
    expect(sides).toEqual([
      [48, 'imagenet', 8],
      [224, 'imagenet', 8],
    ]);
  });

  it('that takes no image is refused with what it takes', async () => {
    const builder = new GraphBuilder();
    builder.output('y', add(builder.input('x', [1, 7]), 1));
    const path = join(folder, 'vector.onnx');
    await writeFile(path, encodeOnnx(builder.build(), { name: 'v', weights: {}, metadata: {} }));
    await expect(FeatureNetwork.open(engine, path)).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(/vector\.onnx takes x \[1, 7\]; .*\[n, 3, height, width\]/),
    });
    await expect(FeatureNetwork.open(engine, join(folder, 'none.onnx'))).rejects.toMatchObject({
      code: 'MODEL_MISSING',
    });
  });
});

describe('metrics', () => {
  it('that rank say which way is better', () => {
    expect(rankingMetrics).toEqual(
      expect.arrayContaining(['style', 'content', 'balance', 'swd', 'kid', 'fid', 'grid']),
    );
    expect(rankingMetrics).not.toContain('light');
    expect(isBetter('content', 0.6, 0.5)).toBe(true);
    expect(isBetter('swd', 0.6, 0.5)).toBe(false);
    expect(isBetter('swd@64', 0.4, 0.5)).toBe(true);
    expect(isBetter('swd', 0.5, undefined)).toBe(true);
    expect(isBetter('swd', Number.NaN, undefined)).toBe(false);
  });

  it('have titles of different names', () => {
    const titles = Object.values(metricFacts).map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  it('a change of brightness alone is a change', async () => {
    const { rows } = await evaluator.evaluate({ translate: async image => changed(image, value => value + 0.2) });
    expect(rows.translated.change).toBeGreaterThan(0.08);
    expect(rows.translated.edges).toBeGreaterThan(0.95);
  });
});
