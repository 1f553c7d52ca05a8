/**
 * The plain baseline for paired images: down, up, and the L1 distance to the truth, with no discriminator. Where several
 * answers are likely it gives their median, which looks blurred.
 */
import { meanAbsoluteError, mul } from '../../graph/index.js';
import { pairedColumns, pairedPreview } from './pix2pix.js';
import type { Recipe } from './recipe.js';

export const autoencoder: Recipe = {
  id: 'autoencoder',
  summary: 'For paired images: one generator and the distance to the truth, nothing else.',
  paired: true,
  uses: ['reconstructionWeight', 'pairing'],
  networks: ({ generator }) => [{ name: 'G_A', spec: generator }],
  phases: [
    {
      name: 'generator',
      optimiser: 'generator',
      trains: ['G_A'],
      build: ({ a, b, apply, settings }) => ({
        losses: { L1: mul(meanAbsoluteError(apply('G_A', a), b), settings.reconstructionWeight) },
      }),
    },
  ],
  pooled: [],
  directions: [{ network: 'G_A', from: 0, to: 1 }],
  columns: pairedColumns,
  preview: pairedPreview,
};
