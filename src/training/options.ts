/**
 * Everything that decides what a training's weights become, each option once: the types, the checks, the command line's
 * flags, the JSON Schema for editors and the table in the docs are made of this. What only decides when something is
 * written or shown is in run-options.ts.
 */
import { z } from 'zod';
import { idPattern } from '../base/index.js';
import { downsamplings, norms, upsamplings } from '../nets/index.js';
import type { RecipeDocument } from '../plugin-api/index.js';
import { preprocessings } from './data/index.js';
import { ofPlugin } from './plugin-names.js';
import { adversarialLosses, augmentations, defaultWeights, recipeIds } from './recipes/index.js';

const whole = (least: number) =>
  z.int({ error: `a whole number ≥ ${least}` }).min(least, { error: `a whole number ≥ ${least}` });
const weight = z.number({ error: 'a number ≥ 0' }).min(0, { error: 'a number ≥ 0' });
const share = z.number({ error: 'a number from 0 to 1' }).min(0).max(1, { error: 'a number from 0 to 1' });
const oneOf = <const T extends readonly [string, ...string[]]>(names: T) =>
  z.enum(names, { error: names.length === 2 ? names.join(' or ') : `one of ${names.join(', ')}` });
const allowedSide = { error: 'a multiple of 4, at least 32' };
const side = z.int(allowedSide).min(32, allowedSide).multipleOf(4, allowedSide);
const id = z.string().regex(idPattern, { error: 'lower-case words joined by hyphens, such as satellite-map' });
/** Paths in a configuration file are relative to it. */
const folder = z.string().min(1, { error: 'a folder' }).meta({ path: true });

export const schedules = ['linear', 'cosine', 'constant'] as const;

/** `flag` names the option on the command line where it is not the name in kebab case; `short` is its letter. */
const pairOptions = {
  pair: id.meta({ description: "The pair's id, such as satellite-map.", short: 'p' }),
  a: folder.describe('Folder with images of the first domain.'),
  b: folder.describe('Folder with images of the second domain.'),
  out: folder.meta({ description: 'Folder for checkpoints, samples and the finished plugin.', short: 'o' }),
  domains: z
    .tuple([id, id], { error: 'two different lower-case names' })
    .readonly()
    .optional()
    .describe("Names of the two domains. Default: the pair's id split at its only hyphen."),
  recipe: ofPlugin(recipeIds).default('cyclegan').describe('What a step computes.'),
};

const dataOptions = {
  size: side.default(256).describe('Side length of the training crops in pixels.'),
  sizes: z
    .array(side, { error: 'sides of growing crops, such as 64,128' })
    .nonempty()
    .readonly()
    .optional()
    .describe('Crops that grow in stages of equally many steps, instead of size: 64,128,192.'),
  loadSize: whole(0)
    .optional()
    .describe('The shorter side an image is scaled to before cropping; 0: not scaled. Default: size · 286/256.'),
  preprocess: oneOf(preprocessings)
    .default('resize-and-crop')
    .describe(
      'How images become crops: scaled by their shorter side, not scaled, scaled by their width, or taken whole.',
    ),
  pairing: oneOf(['names', 'side-by-side'])
    .default('names')
    .describe('How paired recipes find what belongs together: files of one name, or two halves of each image of a.'),
  flip: z.boolean().default(true).describe('Mirror half of the crops left to right.'),
};

const networkOptions = {
  generator: oneOf(['resnet', 'unet']).default('resnet').describe('Kind of the generators.'),
  width: whole(1).default(64).describe("Channels of the generators' first layer."),
  blocks: whole(1).default(9).describe('Residual blocks of a resnet.'),
  upsample: oneOf(upsamplings)
    .default('resize')
    .describe('How generators double sizes: by doubling pixels and a convolution, or by a transposed convolution.'),
  norm: oneOf(norms)
    .default('instance')
    .describe('What normalises in generators: instance takes the mean of each channel away, group keeps some of it.'),
  discriminator: oneOf(['patch', 'pixel', 'image'])
    .default('patch')
    .describe('What discriminators judge: overlapping patches, single pixels, or the image as a whole by one number.'),
  discriminatorWidth: whole(1).optional().describe("Channels of the discriminators' first layer. Default: width."),
  discriminatorLayers: whole(1)
    .default(3)
    .describe('Halvings of a patch or image discriminator: more see larger patches.'),
  discriminatorNorm: oneOf(norms)
    .optional()
    .describe('What normalises in discriminators. Default: instance; group beside norm group; with wgan-gp, none.'),
  discriminatorDownsample: oneOf(downsamplings)
    .default('stride')
    .describe(
      'How discriminators halve sizes: by strides, or by blurring first, which leaves less of a grid to exploit.',
    ),
};

const lossOptions = {
  loss: oneOf(adversarialLosses).default('lsgan').describe('Adversarial loss.'),
  cycleWeight: weight
    .default(defaultWeights.cycleWeight)
    .meta({ description: 'Weight of the cycle losses.', flag: 'cycle' }),
  identityWeight: weight
    .default(defaultWeights.identityWeight)
    .meta({ description: 'Absolute weight of the identity losses; 0 leaves them out.', flag: 'identity' }),
  reconstructionWeight: weight
    .default(defaultWeights.reconstructionWeight)
    .meta({ description: 'Weight of the L1 distance to the truth, in paired recipes.', flag: 'reconstruction' }),
  contrastWeight: weight
    .default(defaultWeights.contrastWeight)
    .meta({ description: 'Weight of the patch-contrastive loss of cut.', flag: 'contrast' }),
  contrastIdentity: z
    .boolean()
    .default(defaultWeights.contrastIdentity)
    .describe('cut: images of the second domain are to stay as they are, by the same loss.'),
  penaltyWeight: weight
    .default(defaultWeights.penaltyWeight)
    .meta({ description: 'Weight of the gradient penalty of wgan-gp.', flag: 'penalty' }),
  augment: z
    .array(oneOf(augmentations), { error: `a list of ${augmentations.join(', ')}` })
    .readonly()
    .default([])
    .describe(
      `Chance changes to all that discriminators see, for small folders: ${augmentations.join(', ')}, or several. Default: none.`,
    ),
  poolSize: whole(0).default(50).meta({
    description: 'Fakes kept for the discriminators, per domain; 0 switches the pool off.',
    flag: 'pool',
  }),
};

const optimisationOptions = {
  batch: whole(1).default(1).describe('Images of each domain in one run.'),
  accumulate: whole(1).default(1).describe('Runs whose gradients are added up to one step, for batches beyond memory.'),
  steps: whole(0).default(0).describe('Steps in all; 0: 200 passes over the larger folder.'),
  learningRate: weight.default(2e-4).describe("Adam's rate."),
  discriminatorRate: weight.optional().describe("Adam's rate for the discriminators. Default: learningRate."),
  schedule: oneOf(schedules).default('linear').describe('How the rates fall towards the end.'),
  decayFrom: share.default(0.5).describe('Share of the steps after which the rates begin to fall.'),
  ema: share
    .default(0.999)
    .describe('Decay per step of the averaged generators, which are the ones exported; 0: no averaging.'),
  warmStart: folder
    .optional()
    .describe(
      "Another run's folder, a checkpoint, or a folder with models (to-zebra.onnx) of the same networks to take the weights from.",
    ),
  seed: whole(0).default(1).describe('Seed of everything random.'),
};

/** By what they are about, in the order in which help and docs show them. */
export const trainingOptionGroups = {
  Pair: pairOptions,
  Data: dataOptions,
  Networks: networkOptions,
  Losses: lossOptions,
  Optimisation: optimisationOptions,
} as const;

export const trainingOptionsSchema = z.strictObject({
  ...pairOptions,
  ...dataOptions,
  ...networkOptions,
  ...lossOptions,
  ...optimisationOptions,
  /** Of a plugin's recipe: what its code returned. Kept with the run; nobody writes it. */
  recipeGraph: z.custom<RecipeDocument>(value => typeof value === 'object' && value !== null).optional(),
});

/** What a user may write. */
export type TrainingOptions = Readonly<z.input<typeof trainingOptionsSchema>>;
