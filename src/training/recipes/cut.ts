/**
 * CUT (Park et al. 2020): one generator, one discriminator, and in place of the cycle a contrastive loss between the patches
 * of an image and of its translation (patch-contrast.ts). One direction. FastCUT is `contrastWeight` 10 without
 * `contrastIdentity`.
 */
import { add, mul, type Tensor } from '../../graph/index.js';
import { featureLayersOf } from '../../nets/index.js';
import { adversarialOptions, discriminatorLosses, generatorAdversarialLoss } from './adversarial.js';
import { patchContrast, sampleGrid } from './patch-contrast.js';
import type { PhaseContext, PhaseResult, Recipe } from './recipe.js';

const projectionWidth = 256;

export const cut: Recipe = {
  id: 'cut',
  summary: 'One generator and one discriminator; patches of a translation must be recognisable as those of the input.',
  paired: false,
  uses: [...adversarialOptions, 'contrastWeight', 'contrastIdentity'],
  networks: ({ generator, discriminator }) => [
    { name: 'G_A', spec: generator },
    {
      name: 'F_A',
      spec: {
        kind: 'projection',
        channels: featureLayersOf(generator).map(({ channels }) => channels),
        width: projectionWidth,
      },
    },
    { name: 'D_A', spec: discriminator },
  ],
  phases: [
    { name: 'generator', optimiser: 'generator', trains: ['G_A', 'F_A'], build: generator },
    { name: 'discriminator', optimiser: 'discriminator', trains: ['D_A'], build: discriminator },
  ],
  pooled: [],
  directions: [{ network: 'G_A', from: 0, to: 1 }],
  columns: [
    { key: 'A', title: 'A' },
    { key: 'fakeB', title: 'A → B' },
    { key: 'B', title: 'B' },
    { key: 'sameB', title: 'B → B' },
  ],
  preview: ({ a, b, apply }) => ({ fakeB: apply('G_A', a), sameB: apply('G_A', b) }),
};

/** Images of B, which are to stay as they are, count by the same loss as translations: each by half, as in CUT. */
function generator(context: PhaseContext): PhaseResult {
  const { a, b, applyTogether, settings } = context;
  const images = settings.contrastIdentity ? [a, b] : [a];
  const made = applyTogether('G_A', ...images);
  const fakeB = made[0]!;
  const [contrastA, contrastB] = contrasts(context, images, made);
  const weight = settings.contrastWeight / images.length;
  return {
    losses: {
      G_A: generatorAdversarialLoss(context, 'D_A', fakeB),
      NCE_A: mul(contrastA!, weight),
      ...(contrastB && { NCE_B: mul(contrastB, weight) }),
    },
    outputs: { fakeB },
  };
}

function discriminator(context: PhaseContext): PhaseResult {
  const { b, earlierOutput } = context;
  return { losses: discriminatorLosses(context, 'D_A', b, earlierOutput('fakeB', b.shape as readonly number[])) };
}

/** For each image: the contrastive loss between it (the keys) and what became of it (the queries), mean over the layers. */
function contrasts(context: PhaseContext, images: readonly Tensor[], made: readonly Tensor[]): readonly Tensor[] {
  // The encoder's pass over the images is the generator's own: equal operations are computed once.
  const [keys, queries] = [describe(context, images), describe(context, made)];
  return queries.map((layers, image) => {
    const losses = layers.map((found, layer) =>
      patchContrast(found, context.detach(keys[image]![layer]!), context.settings.batch),
    );
    return mul(
      losses.reduce((total, loss) => add(total, loss)),
      1 / losses.length,
    );
  });
}

/** Projected features of each batch by layer, `[batch · patches, width]`, at places that are the same for all of them. */
function describe(context: PhaseContext, xs: readonly Tensor[]): readonly (readonly Tensor[])[] {
  const layers = featureLayersOf(context.settings.generator).map(({ layer }) => layer);
  return context.applyEncoder('G_A', layers, ...xs).map(maps =>
    maps.map((map, layer) => {
      const { rows, columns } = sampleGrid(map, `places/${layer}`, context.randomInput);
      return context.project('F_A', layer, map, rows, columns);
    }),
  );
}
