/**
 * What a recipe is: which networks a training has, and what one step computes. A step is a list of phases, each of them a
 * graph that ends in one optimiser's update; what a phase hands on, the next ones may read. A recipe states losses and
 * nothing else: gradients, Adam, accumulation, pools and averages are the same for all (see phase-graph.ts and ../loop/).
 */
import type { Tensor } from '../../graph/index.js';
import type { DiscriminatorSpec, GeneratorSpec, WeightedSpec } from '../../nets/index.js';
import type { AdamSettings } from './adam.js';
import type { Augmentation } from './augmentation.js';
import type { AdversarialLoss } from './losses.js';
import type { RandomFill } from './random-fill.js';

/** Numbers and networks that recipes are built from, complete. Which of the weights count is the recipe's choice. */
export interface RecipeSettings {
  readonly generator: GeneratorSpec;
  readonly discriminator: DiscriminatorSpec;
  /** Images of each domain in one run of a phase. */
  readonly batch: number;
  /** Height and width of the training crops, pixels. */
  readonly size: number;
  readonly loss: AdversarialLoss;
  /** λ of ‖G_B(G_A(a)) - a‖₁ and its mirror image. */
  readonly cycleWeight: number;
  /** Absolute weight of ‖G_A(b) - b‖₁ and its mirror image; 0 leaves both out. */
  readonly identityWeight: number;
  /** Of the L1 distance to the truth, in paired recipes. */
  readonly reconstructionWeight: number;
  /** Of the patch-contrastive loss; and whether images of B, which are to stay as they are, count, too. */
  readonly contrastWeight: number;
  readonly contrastIdentity: boolean;
  /** λ of the gradient penalty. */
  readonly penaltyWeight: number;
  /** What discriminators see is changed by chance. */
  readonly augment: readonly Augmentation[];
  readonly adam: AdamSettings;
}

export type Optimiser = 'generator' | 'discriminator';

export interface TrainedNetwork {
  /** `G_A`: the prefix of its weights, `G_A.model.1.weight`. */
  readonly name: string;
  readonly spec: WeightedSpec;
}

/** Which domain a generator's images come from and go to: 0 is the pair's first, 1 its second. */
export interface Direction {
  readonly network: string;
  readonly from: 0 | 1;
  readonly to: 0 | 1;
}

/** What a phase is written with. */
export interface PhaseContext {
  readonly settings: RecipeSettings;
  /** Crops of the first and of the second domain, `[batch, channels, size, size]` in [-1, 1]. */
  readonly a: Tensor;
  readonly b: Tensor;
  /** Applies a network. */
  readonly apply: (network: string, x: Tensor) => Tensor;
  /** Applies a network to several batches: in one pass where no layer mixes images, so that products are larger. */
  readonly applyTogether: (network: string, ...xs: readonly Tensor[]) => readonly Tensor[];
  /** Results of a generator's encoder at these places (`featureLayersOf`), by batch; in one pass like `applyTogether`. */
  readonly applyEncoder: (
    network: string,
    layers: readonly number[],
    ...xs: readonly Tensor[]
  ) => readonly (readonly Tensor[])[];
  /** Features of one layer at a grid of places, `[n · rows · columns, width]`, as a projection head has them. */
  readonly project: (network: string, layer: number, map: Tensor, rows: Tensor, columns: Tensor) => Tensor;
  /** An image, or images one behind the other in the channels, as a discriminator is to see them. */
  readonly augmented: (name: string, x: Tensor) => Tensor;
  /** The same tensor, by which nothing is learnt any more, wherever the phase uses it. */
  readonly detach: (x: Tensor) => Tensor;
  /** What an earlier phase of the step handed on under this name, perhaps exchanged by its pool. */
  readonly earlierOutput: (name: string, shape: readonly number[]) => Tensor;
  /** Values drawn anew in every step. */
  readonly randomInput: (name: string, shape: readonly number[], draw: RandomFill) => Tensor;
}

export interface PhaseResult {
  /** Scalars by the names under which they are shown, weights included. Their sum is minimised. */
  readonly losses: Readonly<Record<string, Tensor>>;
  /** For later phases. */
  readonly outputs?: Readonly<Record<string, Tensor>>;
  /** Of interest to checks only. */
  readonly inspected?: Readonly<Record<string, Tensor>>;
}

export interface Phase {
  readonly name: string;
  readonly optimiser: Optimiser;
  /** Networks whose weights it updates. */
  readonly trains: readonly string[];
  readonly build: (context: PhaseContext) => PhaseResult;
}

/** What shapes discriminators. */
export const discriminatorOptions = [
  'discriminator',
  'discriminatorWidth',
  'discriminatorLayers',
  'discriminatorNorm',
  'discriminatorDownsample',
  'discriminatorRate',
] as const;

/** Options that belong to some recipes only; see ../options.ts. Others refuse them. */
export const recipeOptions = [
  ...discriminatorOptions,
  'loss',
  'cycleWeight',
  'identityWeight',
  'reconstructionWeight',
  'contrastWeight',
  'contrastIdentity',
  'penaltyWeight',
  'poolSize',
  'augment',
  'pairing',
] as const;
export type RecipeOption = (typeof recipeOptions)[number];

/** A column of the sample sheets: `key` names an image of the preview. */
export interface SampleColumn {
  readonly key: string;
  readonly title: string;
}

/** Builds what sample sheets show beside the images `A` and `B` themselves, by column key. */
export type Preview = (context: Pick<PhaseContext, 'a' | 'b' | 'apply'>) => Readonly<Record<string, Tensor>>;

export interface Recipe {
  readonly id: string;
  /** One sentence, for people. */
  readonly summary: string;
  /** Whether the two images of a sample show the same thing. */
  readonly paired: boolean;
  /** Options that not every recipe has a use for, and this one has. */
  readonly uses: readonly RecipeOption[];
  /** In the order in which they are initialised. */
  readonly networks: (settings: RecipeSettings) => readonly TrainedNetwork[];
  readonly phases: readonly Phase[];
  /** What is handed on through a pool of earlier images (Shrivastava et al. 2017), in the order the pools are asked. */
  readonly pooled: readonly string[];
  /** Generators that are exported. */
  readonly directions: readonly Direction[];
  readonly columns: readonly SampleColumn[];
  readonly preview: Preview;
}
