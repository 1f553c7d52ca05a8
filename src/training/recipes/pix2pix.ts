/**
 * pix2pix (Isola et al. 2017), for images that come in pairs: G_A translates A to B; D_A sees A beside B and tells whether B
 * is the true one; the L1 distance to the truth is most of the loss. One direction.
 */
import { concat, meanAbsoluteError, mul } from '../../graph/index.js';
import { adversarialOptions, discriminatorLosses, generatorAdversarialLoss } from './adversarial.js';
import type { PhaseContext, PhaseResult, Preview, Recipe, SampleColumn } from './recipe.js';

/** What paired recipes show: the image, its translation, the truth. */
export const pairedColumns: readonly SampleColumn[] = [
  { key: 'A', title: 'A' },
  { key: 'fakeB', title: 'A → B' },
  { key: 'B', title: 'B' },
];
export const pairedPreview: Preview = ({ a, apply }) => ({ fakeB: apply('G_A', a) });

export const pix2pix: Recipe = {
  id: 'pix2pix',
  summary: 'For paired images: one generator, a discriminator that sees both images, and the distance to the truth.',
  paired: true,
  uses: [...adversarialOptions, 'reconstructionWeight', 'pairing'],
  networks: ({ generator, discriminator }) => [
    { name: 'G_A', spec: generator },
    {
      name: 'D_A',
      spec: { ...discriminator, inputChannels: generator.inputChannels + generator.outputChannels },
    },
  ],
  phases: [
    { name: 'generator', optimiser: 'generator', trains: ['G_A'], build: generator },
    { name: 'discriminator', optimiser: 'discriminator', trains: ['D_A'], build: discriminator },
  ],
  pooled: [],
  directions: [{ network: 'G_A', from: 0, to: 1 }],
  columns: pairedColumns,
  preview: pairedPreview,
};

function generator(context: PhaseContext): PhaseResult {
  const { a, b, apply, settings } = context;
  const fakeB = apply('G_A', a);
  const losses = {
    G_A: generatorAdversarialLoss(context, 'D_A', concat([a, fakeB], 1)),
    L1: mul(meanAbsoluteError(fakeB, b), settings.reconstructionWeight),
  };
  return { losses, outputs: { fakeB } };
}

function discriminator(context: PhaseContext): PhaseResult {
  const { a, b, earlierOutput } = context;
  const fakeB = earlierOutput('fakeB', b.shape as readonly number[]);
  return { losses: discriminatorLosses(context, 'D_A', concat([a, b], 1), concat([a, fakeB], 1)) };
}
