/**
 * CUT (Park et al. 2020): one generator, one discriminator, and in place of the cycle a contrastive loss between the patches
 * of an image and of its translation (patch-contrast.ts). One direction. FastCUT is `contrastWeight` 10 without
 * `contrastIdentity`.
 */
import { add, mul, type Tensor } from '../../graph/index.js';
import { featureLayersOf } from '../../nets/index.js';
import { adversarialOptions, foolingLoss, judgingLosses } from './adversarial.js';
import { drawPlaces, patchContrast } from './patch-contrast.js';
import type { PhaseResult, PhaseScene, Recipe } from './recipe.js';

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
function generator(scene: PhaseScene): PhaseResult {
  const { a, b, applyTogether, settings } = scene;
  const images = settings.contrastIdentity ? [a, b] : [a];
  const made = applyTogether('G_A', ...images);
  const fakeB = made[0]!;
  const [contrastA, contrastB] = contrasts(scene, images, made);
  const weight = settings.contrastWeight / images.length;
  return {
    losses: {
      G_A: foolingLoss(scene, 'D_A', fakeB),
      NCE_A: mul(contrastA!, weight),
      ...(contrastB && { NCE_B: mul(contrastB, weight) }),
    },
    handsOn: { fakeB },
  };
}

function discriminator(scene: PhaseScene): PhaseResult {
  const { b, handed } = scene;
  return { losses: judgingLosses(scene, 'D_A', b, handed('fakeB', b.shape as readonly number[])) };
}

/** For each image: the contrastive loss between it (the keys) and what became of it (the queries), mean over the layers. */
function contrasts(scene: PhaseScene, images: readonly Tensor[], made: readonly Tensor[]): readonly Tensor[] {
  // The encoder's pass over the images is the generator's own: equal operations are computed once.
  const [keys, queries] = [describe(scene, images), describe(scene, made)];
  return queries.map((layers, image) => {
    const losses = layers.map((found, layer) =>
      patchContrast(found, scene.held(keys[image]![layer]!), scene.settings.batch),
    );
    return mul(
      losses.reduce((total, loss) => add(total, loss)),
      1 / losses.length,
    );
  });
}

/** Projected features of each batch by layer, `[batch · patches, width]`, at places that are the same for all of them. */
function describe(scene: PhaseScene, xs: readonly Tensor[]): readonly (readonly Tensor[])[] {
  const layers = featureLayersOf(scene.settings.generator).map(({ layer }) => layer);
  return scene.applyEncoder('G_A', layers, ...xs).map(maps =>
    maps.map((map, layer) => {
      const { rows, columns } = drawPlaces(map, `places/${layer}`, scene.drawn);
      return scene.project('F_A', layer, map, rows, columns);
    }),
  );
}
