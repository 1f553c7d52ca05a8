/**
 * Each recipe, loss and kind of network learns the toy problem, whose right answer is known. Where a discriminator is what is
 * to be shown at work, the same training with one that learns nothing is shown to fail. Bounds lie well outside of what five
 * seeds came to, which is written beside them.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Engine, openEngine } from '../../src/engine/index.js';
import { type RecipeId, recipeOf, type TrainingOptions } from '../../src/training/index.js';
import { learnToy, mean, type Outcome } from './toy-problem.js';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine('cpu', { threads: 1 });
});
afterAll(() => engine.dispose());

const learn = (options: Partial<TrainingOptions>, steps: number) => learnToy(engine, options, steps);

describe('recipes that are shown the truth come to it', () => {
  it.each(['pix2pix', 'autoencoder'] as const)('%s', async recipe => {
    const { error, content } = await learn({ recipe }, 60);
    expect(error).toBeLessThan(0.14); // 0.06 to 0.08
    expect(content).toBeGreaterThan(0.7); // 0.85 to 0.91
  });

  it.each([
    ['a U-Net', { generator: 'unet', width: 4 }], // 0.05, 0.91
    ['group normalisation', { norm: 'group' }], // 0.05 to 0.07, 0.87
    ['batch normalisation', { norm: 'batch' }], // 0.05 to 0.07, 0.90
  ] as const)('with %s', async (_, options) => {
    const { error, content } = await learn({ recipe: 'autoencoder', ...options }, 90);
    expect(error).toBeLessThan(0.14);
    expect(content).toBeGreaterThan(0.7);
  });

  it('without normalisation, colours first', async () => {
    const { error } = await learn({ recipe: 'autoencoder', norm: 'none' }, 90);
    expect(error).toBeLessThan(0.2); // 0.10 to 0.11
  });
});

describe('recipes that are not', () => {
  it('cyclegan comes to the right translation', async () => {
    const { error, content } = await learn({ recipe: 'cyclegan' }, 60);
    expect(error).toBeLessThan(0.16); // 0.07 to 0.09
    expect(content).toBeGreaterThan(0.65); // 0.79 to 0.88
  });

  it('cut takes on the other style and keeps what is shown', async () => {
    const { error, content } = await learn({ recipe: 'cut', learningRate: 1e-3 }, 60);
    expect(error).toBeLessThan(0.33); // 0.15 to 0.20
    expect(content).toBeGreaterThan(0.75); // 0.90 to 0.92
  });

  it('gan takes on the other style, and what is shown is lost', async () => {
    const [trained, untaught] = await Promise.all([
      learn({ recipe: 'gan' }, 120),
      learn({ recipe: 'gan', discriminatorRate: 0 }, 120),
    ]);
    expect(trained.style).toBeLessThan(0.75 * untaught.style); // 0.27 to 0.37, untaught 0.50 to 0.69
    expect(trained.content).toBeLessThan(0.65); // at most 0.36
  });
});

describe('a discriminator teaches the style', () => {
  // Without identity nothing but the discriminator tells a generator of B's colours.
  const taught = { recipe: 'cut', contrastIdentity: false, learningRate: 1e-3 } as const;
  let untaught: Outcome;
  beforeAll(async () => {
    untaught = await learn({ ...taught, discriminatorRate: 0 }, 45);
  });

  it('and without one that learns it is not learnt', () => {
    expect(untaught.style).toBeGreaterThan(0.4); // 0.53 with this seed
  });

  it.each([
    ['lsgan', {}],
    ['vanilla', { loss: 'vanilla' }],
    ['hinge', { loss: 'hinge' }],
    ['one number for an image', { discriminator: 'image', discriminatorLayers: 3 }],
    ['two halvings', { discriminatorLayers: 2 }],
    ['blurred halvings', { discriminatorDownsample: 'blur' }],
    ['augmentation', { augment: ['color', 'translation', 'cutout'] }],
  ] as const satisfies readonly (readonly [string, Partial<TrainingOptions>])[])('with %s', async (_, options) => {
    const { style, content } = await learn({ ...taught, ...options }, 45);
    expect(style).toBeLessThan(0.7 * untaught.style); // 0.16 to 0.31
    expect(content).toBeGreaterThan(0.6); // 0.82 and more
  });

  it('with judgements of single pixels, which take longer', async () => {
    const { style } = await learn({ ...taught, discriminator: 'pixel', discriminatorRate: 4e-3 }, 60);
    expect(style).toBeLessThan(0.7 * untaught.style); // 0.15 to 0.28
  });
});

describe('a critic of WGAN-GP', () => {
  /**
   * Where made images are a distance W from real ones, a critic of slope n gains W · n and pays λ · (n - 1)²: it comes to rest
   * at n = 1 + W / 2λ. The generators stand still, so that there is something to come to rest at.
   */
  it.each([
    [10, 100],
    [100, 150],
  ])('comes to rest at the slope that its penalty of weight %d asks for', async (penaltyWeight, steps) => {
    const still = { learningRate: 0, discriminatorRate: 2e-3 };
    const { losses } = await learn({ recipe: 'gan', loss: 'wgan-gp', penaltyWeight, ...still }, steps);
    for (const network of ['D_A', 'D_B']) {
      const beyondOne = losses[`penalty_${network}`]!.map(penalty => Math.sqrt(penalty / penaltyWeight));
      expect(beyondOne[0], network).toBeGreaterThan(0.9); // A fresh critic is flat.
      const slope = 1 + mean(beyondOne.slice(-20));
      const distance = -mean(losses[network]!.slice(-20)) / slope;
      expect(distance, network).toBeGreaterThan(10); // Over all pixels, of images that are 0.5 apart in each.
      const share = (slope - 1) / (distance / (2 * penaltyWeight));
      expect(share, network).toBeGreaterThan(0.75); // 0.84 to 1.15
      expect(share, network).toBeLessThan(1.3);
    }
  });

  it('teaches the style', async () => {
    const options = { recipe: 'gan', loss: 'wgan-gp', seed: 2 } as const;
    const [trained, untaught] = await Promise.all([
      learn(options, 150),
      learn({ ...options, discriminatorRate: 0 }, 150),
    ]);
    expect(trained.style).toBeLessThan(0.75 * untaught.style);
  });
});

describe('the sheets of a recipe', () => {
  it.each(['cyclegan', 'cut', 'gan', 'pix2pix', 'autoencoder'] as const satisfies readonly RecipeId[])(
    'of %s have no column twice',
    recipe => {
      const keys = recipeOf({ recipe }).columns.map(({ key }) => key);
      expect(new Set(keys).size).toBe(keys.length);
    },
  );
});
