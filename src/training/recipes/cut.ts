/**
 * CUT (Park et al. 2020): one generator, one discriminator, and in place of the cycle a contrastive loss: a patch of the
 * translation must be told by its features from among other patches of the input as the one at its own place. One direction.
 *
 * The input's features (the keys) are computed in a phase of their own and handed on as values, since no gradient is to flow
 * through them. FastCUT is `contrastWeight` 10 without `contrastIdentity`.
 */
import type { Random } from '../../base/index.js';
import { add, exp, log, matmul, mean, mul, reshape, scalar, sub, sum, type Tensor } from '../../graph/index.js';
import { featureLayersOf, type GeneratorSpec } from '../../nets/index.js';
import { foolingLoss, judgingLosses } from './adversarial.js';
import type { PhaseResult, PhaseScene, Recipe, RecipeSettings } from './recipe.js';

/** τ of the paper's equation 3. */
const temperature = 0.07;
/** Rows and columns of the grid of patches that are compared: 256 patches, as in the paper, where a map is large enough. */
const gridSide = 16;
const projectionWidth = 256;

export const cut: Recipe = {
  id: 'cut',
  summary: 'One generator and one discriminator; patches of a translation must be recognisable as those of the input.',
  paired: false,
  uses: ['loss', 'contrastWeight', 'contrastIdentity', 'penaltyWeight', 'augment'],
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
    { name: 'keys', optimiser: 'generator', trains: [], build: keys },
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

/** The places of a layer's map at which features are compared. */
interface Places {
  readonly rows: Tensor;
  readonly columns: Tensor;
}

const image = (domain: 'A' | 'B', layer: number) => `${domain}/${layer}`;

function keys(scene: PhaseScene): PhaseResult {
  const handsOn: Record<string, Tensor> = {};
  for (const [domain, x] of sources(scene)) {
    features(scene, x).forEach((map, layer) => {
      const [, , h, w] = map.shape as readonly number[];
      const rows = scene.drawn(`rows/${image(domain, layer)}`, [Math.min(gridSide, h!), h!], fillLines(h!));
      const columns = scene.drawn(`columns/${image(domain, layer)}`, [Math.min(gridSide, w!), w!], fillLines(w!));
      handsOn[`at-rows/${image(domain, layer)}`] = mul(rows, 1);
      handsOn[`at-columns/${image(domain, layer)}`] = mul(columns, 1);
      handsOn[`keys/${image(domain, layer)}`] = scene.project('F_A', layer, map, rows, columns);
    });
  }
  return { losses: {}, handsOn };
}

/** Images that are compared with what becomes of them. */
function sources({ a, b, settings }: PhaseScene): readonly (readonly ['A' | 'B', Tensor])[] {
  return settings.contrastIdentity ? [['A', a] as const, ['B', b] as const] : [['A', a] as const];
}

function generator(scene: PhaseScene): PhaseResult {
  const { applyTogether, settings } = scene;
  const images = sources(scene);
  const made = applyTogether('G_A', ...images.map(([, x]) => x));
  const [fakeB] = made as readonly [Tensor];
  const weight = settings.contrastWeight / images.length;
  const contrast = images.map(
    ([domain], index) => [`NCE_${domain}`, mul(contrastOf(scene, domain, made[index]!), weight)] as const,
  );
  return {
    losses: { G_A: foolingLoss(scene, 'D_A', fakeB), ...Object.fromEntries(contrast) },
    handsOn: { fakeB },
  };
}

function discriminator(scene: PhaseScene): PhaseResult {
  const { b, handed } = scene;
  return { losses: judgingLosses(scene, 'D_A', b, handed('fakeB', b.shape as readonly number[])) };
}

/** Mean over the layers of the contrastive loss between an image's keys and what became of it. */
function contrastOf(scene: PhaseScene, domain: 'A' | 'B', made: Tensor): Tensor {
  const { settings, handed } = scene;
  const losses = features(scene, made).map((map, layer) => {
    const [, , h, w] = map.shape as readonly number[];
    const [r, s] = [Math.min(gridSide, h!), Math.min(gridSide, w!)];
    const places: Places = {
      rows: handed(`at-rows/${image(domain, layer)}`, [r, h!]),
      columns: handed(`at-columns/${image(domain, layer)}`, [s, w!]),
    };
    const queries = scene.project('F_A', layer, map, places.rows, places.columns);
    const known = handed(`keys/${image(domain, layer)}`, queries.shape as readonly number[]);
    return patchContrast(queries, known, settings.batch);
  });
  return mul(
    losses.reduce((total, loss) => add(total, loss)),
    1 / losses.length,
  );
}

/**
 * Equation 3: cross-entropy of finding each query's own key among those of its image. Rows have length 1, so that products
 * divided by τ stay below 15 and the exponentials need no care.
 * @param queries and `known`: `[batch · patches, width]`
 */
function patchContrast(queries: Tensor, known: Tensor, batch: number): Tensor {
  const [rows, width] = queries.shape as readonly [number, number];
  const perImage = (x: Tensor) => reshape(x, [batch, rows / batch, width]);
  const similar = mul(matmul(perImage(queries), perImage(known), { transposeB: true }), 1 / temperature);
  const own = mul(sum(mul(perImage(queries), perImage(known)), [2]), 1 / temperature);
  return scalar(mean(sub(log(sum(exp(similar), [2])), own)));
}

function features({ applyEncoder, settings }: PhaseScene, x: Tensor): readonly Tensor[] {
  return applyEncoder('G_A', x, layersOf(settings));
}

function layersOf({ generator: spec }: RecipeSettings): readonly number[] {
  return featureLayersOf(spec satisfies GeneratorSpec).map(({ layer }) => layer);
}

/** Rows of zeros with a single 1 each, at different places, in rising order. */
function fillLines(size: number) {
  return (random: Random, values: Float32Array): void => {
    const count = values.length / size;
    const chosen = random
      .shuffle(Array.from({ length: size }, (_, index) => index))
      .slice(0, count)
      .sort((left, right) => left - right);
    chosen.forEach((place, row) => {
      values[row * size + place] = 1;
    });
  };
}
