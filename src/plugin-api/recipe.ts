/**
 * A training recipe as data: what a plugin's code returns, once, before a training begins. Networks are named, not described: they
 * are those that the training's options ask for. Gradients, Adam, pools, averages, checkpoints and export are the training's.
 */

/** What one training step computes. It is kept with the run, which is resumed without asking the plugin again. */
export interface RecipeDocument {
  /** One sentence, for people. */
  readonly summary: string;
  /** True: the two images of a sample show the same thing. Default false. */
  readonly paired?: boolean;
  /** Options of other recipes that this one makes use of, by their names: `cycleWeight`. A user who sets another one is told. */
  readonly uses?: readonly string[];
  /** In the order in which they are initialised. */
  readonly networks: readonly RecipeNetwork[];
  /** One after the other, each step anew. */
  readonly phases: readonly RecipePhase[];
  /** Outputs that are handed on through a pool of earlier ones (`poolSize`). */
  readonly pooled?: readonly string[];
  /** Generators that become models of the pair: one or both directions. */
  readonly directions: readonly RecipeDirection[];
}

export interface RecipeNetwork {
  /** Letters, digits and `_`: `G_A`. */
  readonly name: string;
  readonly kind: 'generator' | 'discriminator';
  /** Of a discriminator: how many images it sees, one behind the other in the channels. Default 1. */
  readonly images?: number;
}

/** Domains are counted: 0 is the pair's first, 1 its second. */
export interface RecipeDirection {
  readonly network: string;
  readonly from: 0 | 1;
  readonly to: 0 | 1;
}

/** A graph that ends in one optimiser's update. */
export interface RecipePhase {
  readonly name: string;
  /** Whose learning rate it takes. */
  readonly optimiser: 'generator' | 'discriminator';
  /** Networks whose weights it updates. */
  readonly trains: readonly string[];
  /**
   * By name, each made of earlier ones. `a` and `b` are there: crops of the first and of the second domain, `[n, 3, h, w]` in
   * [-1, 1].
   */
  readonly nodes: Readonly<Record<string, RecipeNode>>;
  /** Names of nodes of one value, by the names under which they are shown. Their sum is minimised. */
  readonly losses: Readonly<Record<string, string>>;
  /** Names of nodes, by the names under which later phases have them. */
  readonly outputs?: Readonly<Record<string, string>>;
}

/** The name of an earlier node, `a`, `b`, or a number. */
export type RecipeOperand = string | number;

/** Shapes of two operands are made one as in NumPy. */
export type RecipeNode =
  /** A network's answer: an image of a generator's, judgements of a discriminator's. */
  | { readonly op: 'apply'; readonly network: string; readonly of: readonly [string] }
  /** An image as a discriminator is to see it (option `augment`). */
  | { readonly op: 'augment'; readonly of: readonly [string] }
  /** The same values, by which nothing is learnt. */
  | { readonly op: 'detach'; readonly of: readonly [string] }
  /** What an earlier phase handed on; `of` is a node of the same shape. */
  | { readonly op: 'earlier'; readonly output: string; readonly of: readonly [string] }
  | {
      readonly op:
        | 'neg'
        | 'abs'
        | 'sign'
        | 'exp'
        | 'log'
        | 'sqrt'
        | 'square'
        | 'tanh'
        | 'sigmoid'
        | 'softplus'
        | 'relu';
      readonly of: readonly [string];
    }
  | { readonly op: 'leakyRelu'; readonly slope?: number; readonly of: readonly [string] }
  | { readonly op: 'add' | 'sub' | 'mul' | 'div'; readonly of: readonly [RecipeOperand, RecipeOperand] }
  /** Over `axes`, which stay with size 1; without them over all, down to one value. */
  | { readonly op: 'sum' | 'mean'; readonly axes?: readonly number[]; readonly of: readonly [string] }
  | {
      readonly op: 'meanAbsoluteError' | 'meanSquaredError';
      readonly of: readonly [string, RecipeOperand];
    }
  /** Of logits, against one target from 0 to 1. */
  | { readonly op: 'crossEntropy'; readonly target: number; readonly of: readonly [string] }
  | { readonly op: 'concat'; readonly axis: number; readonly of: readonly string[] }
  /** Of one axis; a negative place counts from its end. */
  | {
      readonly op: 'slice';
      readonly axis: number;
      readonly start: number;
      readonly stop?: number;
      readonly of: readonly [string];
    }
  /** The option `loss`: of judgements of what was made; of judgements of real and made images. */
  | { readonly op: 'generatorLoss'; readonly of: readonly [string] }
  | { readonly op: 'discriminatorLoss'; readonly of: readonly [string, string] }
  /** Of a discriminator, between a real and a made image; weighted by `penaltyWeight`. */
  | { readonly op: 'gradientPenalty'; readonly network: string; readonly of: readonly [string, string] };
