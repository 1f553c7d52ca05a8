/** Translations that went wrong on purpose, each in one way, and what the evaluation says of them. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../../src/engine/index.js';
import {
  type AdversarialHistory,
  createEvaluator,
  type Evaluation,
  type Evaluator,
  type Planes,
  parseColourClasses,
  type WarningId,
  warningIds,
  warningsOf,
} from '../../src/training/index.js';
import { changed, scenes, striped, writeImages } from '../support/made-images.js';
import { sharedFolder } from '../support/pictures.js';

let folder: string;
let engine: Engine;
let evaluator: Evaluator;

const shared = sharedFolder();
/** Too few images to fit a classifier on, which none of this needs. */
beforeAll(async () => {
  folder = shared.path;
  engine = await openEngine('cpu', { threads: 1 });
  const heldA = await writeImages(join(folder, 'a'), scenes(12, 1));
  const heldB = await writeImages(join(folder, 'b'), scenes(12, 101).map(striped));
  evaluator = await createEvaluator({ engine, domains: ['plain', 'striped'], heldA, heldB });
});
afterAll(async () => {
  await evaluator.dispose();
  await engine.dispose();
});

const judge = (change: (image: Planes) => Planes) => evaluator.evaluate({ translate: async image => change(image) });
const ids = ({ warnings }: Evaluation) => warnings.map(({ id }) => id);

describe('warnings from pictures', () => {
  it('there are none for a translation that does what it should', async () => {
    expect(ids(await judge(striped))).toEqual([]);
  });

  const level = 1 / 127.5;
  const wrongs: readonly [WarningId, (image: Planes) => Planes][] = [
    ['unchanged', image => changed(image, value => value + 0.01)],
    ['inverted-colours', image => changed(striped(image), value => -value)],
    ['collapsed', image => changed(image, (_, x, y) => Math.sin(x / 5) * Math.cos(y / 7))],
    ['grid', image => changed(striped(image), (value, x, y) => value + ((x + y) % 2 === 0 ? 6 : -6) * level)],
    ['clipped', image => ({ ...image, data: striped(image).data.map(value => 4 * value) })],
    [
      'not-numbers',
      image => ({ ...image, data: striped(image).data.map((value, at) => (at === 7 ? Number.NaN : value)) }),
    ],
  ];

  it.each(wrongs)('%s: is recognised', async (id, change) => {
    const evaluation = await judge(change);
    expect(ids(evaluation)).toContain(id);
    const { sentence, remedy } = evaluation.warnings.find(warning => warning.id === id)!;
    expect(sentence).toMatch(/^[A-Z0-9].*\.$/);
    expect(remedy).toMatch(/^[A-Z].*\.$/);
  });

  it('content-lost: is recognised where every translation is of another image', async () => {
    const others = scenes(12, 201).map(striped);
    expect(ids(await judge(() => others.shift()!))).toEqual(['content-lost']);
  });

  it('exchanged-classes: is recognised where sea and land are taken for each other', async () => {
    const map = (sea: number, land: number) => (image: Planes) =>
      changed(image, (_, x) => (x < image.width / 3 ? sea : land));
    const paths = await writeImages(join(folder, 'maps'), scenes(12, 1).map(map(-0.6, 0.6)));
    const heldA = await writeImages(join(folder, 'seas'), scenes(12, 1));
    const judged = await createEvaluator({
      engine,
      domains: ['photo', 'map'],
      heldA,
      counterparts: new Map(heldA.map((file, index) => [file, paths[index]!])),
      classes: parseColourClasses('sea=#333333,land=#cccccc'),
    });
    const right = await judged.evaluate({ translate: async image => map(-0.6, 0.6)(image) });
    const wrong = await judged.evaluate({ translate: async image => map(0.6, -0.6)(image) });
    await judged.dispose();
    expect(right.rows.translated).toMatchObject({ classAccuracy: 1, classBalanced: 1, classIou: 1, l1: 0 });
    expect(ids(right)).not.toContain('exchanged-classes');
    expect(wrong.rows.translated.classAccuracy).toBe(0);
    expect(ids(wrong)).toContain('exchanged-classes');
  });
});

describe('warnings from other measurements', () => {
  const rows = { translated: {}, unchanged: {} };
  const history = (loss: AdversarialHistory['loss'], discriminator: number, generator: number): AdversarialHistory => ({
    loss,
    discriminator: Array(200).fill(discriminator),
    generator: Array(200).fill(generator),
  });
  const of = (evidence: Partial<Parameters<typeof warningsOf>[0]>) =>
    warningsOf({ rows, images: 30, ...evidence }).map(({ id }) => id);

  it.each([
    ['lsgan', 0.01, 0.95, true],
    ['lsgan', 0.15, 0.45, false],
    ['vanilla', 0.02, 5, true],
    ['vanilla', 0.5, 1.2, false],
    ['hinge', 0.02, 1.4, true],
    ['hinge', 0.8, 0.1, false],
    ['wgan-gp', -50, 40, false],
  ] as const)(
    'a discriminator’s %s loss of %d against %d: it has won is %s',
    (loss, discriminator, generator, isWon) => {
      expect(of({ adversarial: history(loss, discriminator, generator) })).toEqual(isWon ? ['discriminator-won'] : []);
    },
  );

  it('a few lost steps are not a lost game', () => {
    const { discriminator, generator, loss } = history('lsgan', 0.01, 0.95);
    const short = { loss, discriminator: discriminator.slice(0, 50), generator: generator.slice(0, 50) };
    const recovered = { loss, discriminator: [...discriminator, ...Array(200).fill(0.2)], generator };
    expect(of({ adversarial: short })).toEqual([]);
    expect(of({ adversarial: recovered })).toEqual([]);
  });

  it('a classifier that is often wrong, and few images, are told', () => {
    expect(of({ classifierAccuracy: 0.6, images: 3 })).toEqual(['weak-classifier', 'few-images']);
    expect(of({ classifierAccuracy: 0.9 })).toEqual([]);
  });

  it('every rule has been seen to hold in a test of this file', () => {
    const seen: readonly WarningId[] = [
      ...['not-numbers', 'inverted-colours', 'exchanged-classes', 'collapsed', 'unchanged', 'grid', 'clipped'],
      ...['discriminator-won', 'content-lost', 'weak-classifier', 'few-images'],
    ] as WarningId[];
    expect([...seen].sort()).toEqual([...warningIds].sort());
  });
});
