/** Options of recipes, losses and networks: what does nothing is refused, and so is what cannot be. */
import { describe, expect, it } from 'vitest';
import {
  recipeIds,
  recipeOf,
  recipeSettings,
  resolveTrainingSettings,
  type TrainingOptions,
} from '../../src/training/index.js';

const needed = { pair: 'dark-light', a: 'a', b: 'b', out: 'out' };
const resolve = (options: Partial<TrainingOptions>) => resolveTrainingSettings({ ...needed, ...options });

describe('an option without use', () => {
  it.each([
    [{ recipe: 'gan', cycleWeight: 5 }, 'cycleWeight is 5; allowed: with cyclegan; gan does not use it.'],
    [
      { recipe: 'autoencoder', loss: 'hinge' },
      'loss is hinge; allowed: with cyclegan, cut, gan, pix2pix; autoencoder does not use it.',
    ],
    [{ recipe: 'autoencoder', discriminatorLayers: 2 }, 'discriminatorLayers is 2; allowed: with cyclegan,'],
    [{ recipe: 'autoencoder', discriminatorRate: 1 }, 'discriminatorRate is 1; allowed: with cyclegan,'],
    [{ recipe: 'cut', poolSize: 50 }, 'poolSize is 50; allowed: with cyclegan, gan; cut does not use it.'],
    [{ recipe: 'pix2pix', contrastWeight: 1 }, 'contrastWeight is 1; allowed: with cut;'],
    [{ pairing: 'names' }, 'pairing is names; allowed: with pix2pix, autoencoder; cyclegan does not use it.'],
    [{ penaltyWeight: 3 }, 'penaltyWeight is 3; allowed: with the loss wgan-gp.'],
    [{ generator: 'unet', blocks: 6 }, 'blocks is 6; allowed: with the generator resnet.'],
    [
      { discriminator: 'pixel', discriminatorLayers: 2 },
      'discriminatorLayers is 2; allowed: with the discriminators patch',
    ],
    [
      { discriminator: 'pixel', discriminatorDownsample: 'blur' },
      'discriminatorDownsample is blur; allowed: with the discriminators patch and image.',
    ],
  ] as const satisfies readonly (readonly [Partial<TrainingOptions>, string])[])(
    '%j is refused',
    (options, message) => {
      expect(() => resolve(options)).toThrow(
        expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(`Training option ${message}`) }),
      );
    },
  );

  it('is refused with its default, too, and not when it is left out', () => {
    expect(() => resolve({ recipe: 'gan', identityWeight: 5 })).toThrow(/identityWeight/);
    for (const recipe of recipeIds) expect(resolve({ recipe, cycleWeight: undefined }).recipe).toBe(recipe);
  });

  it('is none that a recipe says it uses', () => {
    const values = { pairing: 'side-by-side', loss: 'wgan-gp', augment: ['color'], contrastIdentity: false } as const;
    const words = { discriminator: 'image', discriminatorNorm: 'group', discriminatorDownsample: 'blur' } as const;
    for (const recipe of recipeIds) {
      const { uses } = recipeOf({ recipe });
      const given = uses.map(name => [name, { ...values, ...words }[name as keyof typeof values] ?? 2]);
      expect(() => resolve({ recipe, ...Object.fromEntries(given) }), recipe).not.toThrow();
    }
  });
});

describe('options that do not go together', () => {
  it('batch normalisation in a critic, whose penalty is of single images', () => {
    expect(() => resolve({ loss: 'wgan-gp', discriminatorNorm: 'batch' })).toThrow(
      /discriminatorNorm is batch; allowed: instance, group or none with wgan-gp/,
    );
    expect(resolve({ loss: 'wgan-gp' }).discriminatorNorm).toBe('none');
    expect(resolve({ norm: 'group' }).discriminatorNorm).toBe('group');
    expect(resolve({ norm: 'group', discriminatorNorm: 'instance' }).discriminatorNorm).toBe('instance');
    expect(resolve({ norm: 'none' }).discriminatorNorm).toBe('instance');
    expect(resolve({ loss: 'hinge', discriminatorNorm: 'batch' }).discriminatorNorm).toBe('batch');
  });

  it.each([
    [{ size: 36, loadSize: 36 }, 'size is 36; allowed: a multiple of 32'],
    [{ sizes: [48, 64] }, 'size is 48,64; allowed: a multiple of 32'],
  ] as const)('a U-Net and crops that cannot be halved five times: %j', (options, message) => {
    expect(() => resolve({ generator: 'unet', ...options })).toThrow(
      expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(message) }),
    );
  });
});

describe('networks', () => {
  const generatorOf = (options: Partial<TrainingOptions>) => recipeSettings(resolve(options)).generator;
  const discriminatorOf = (options: Partial<TrainingOptions>) => recipeSettings(resolve(options)).discriminator;

  it('are as deep as the crops allow, where they are U-Nets', () => {
    const levels = (options: Partial<TrainingOptions>) => generatorOf({ generator: 'unet', ...options });
    expect(levels({ size: 32 })).toMatchObject({ kind: 'unet', levels: 5 });
    expect(levels({ size: 128 })).toMatchObject({ levels: 7 });
    expect(levels({ size: 512 })).toMatchObject({ levels: 8 });
    expect(levels({ sizes: [64, 96, 128] })).toMatchObject({ levels: 5 });
  });

  it('are the reference’s by name, with what is chosen beside', () => {
    expect(generatorOf({ blocks: 6, norm: 'group' })).toMatchObject({ kind: 'resnet', blocks: 6, norm: 'group' });
    expect(discriminatorOf({})).toEqual({ kind: 'patch', layers: 3, width: 64, inputChannels: 3 });
    expect(discriminatorOf({ discriminator: 'pixel' })).toEqual({ kind: 'pixel', width: 64, inputChannels: 3 });
    expect(
      discriminatorOf({ discriminator: 'image', discriminatorLayers: 5, discriminatorDownsample: 'blur' }),
    ).toEqual({ kind: 'image', layers: 5, width: 64, inputChannels: 3, downsample: 'blur' });
  });

  it('see both images of a pair in pix2pix', () => {
    const settings = recipeSettings(resolve({ recipe: 'pix2pix' }));
    const networks = recipeOf({ recipe: 'pix2pix' }).networks(settings);
    expect(networks.find(({ name }) => name === 'D_A')!.spec).toMatchObject({ inputChannels: 6 });
  });
});
