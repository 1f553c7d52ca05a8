/**
 * What a phase or a preview is written with: networks, images, chance and what earlier phases made, as tensors of one graph.
 * It knows nothing of losses or optimisers. Whether several batches go through a network in one pass is decided here alone.
 */
import { concat, type GraphBuilder, slice, type Tensor } from '../../graph/index.js';
import {
  type BuildOptions,
  buildFeatures,
  buildNetwork,
  buildProjection,
  type GeneratorSpec,
  type NetworkSpec,
  type ProjectionSpec,
  samplePositions,
  type WeightedSpec,
} from '../../nets/index.js';
import { augment } from './augmentation.js';
import type { RandomFill } from './random-fill.js';
import type { PhaseContext, RecipeSettings, TrainedNetwork } from './recipe.js';

/** `G_A.model.1.weight`. */
export const weightName = (network: string, key: string): string => `${network}.${key}`;

/** An input that is filled anew in every run. */
export interface RandomInput {
  readonly shape: readonly number[];
  readonly fill: RandomFill;
}

export interface PhaseContextOptions {
  /** Filled with what is to be randomInput. */
  readonly randomInputs?: Map<string, RandomInput>;
  /** Filled with what nothing is learnt by. */
  readonly detached?: Tensor[];
  /** Before the names of weights. */
  readonly prefix?: string;
  readonly mode?: BuildOptions['mode'];
  /** Of the networks that are trained: filled with their next running statistics. */
  readonly statistics?: ReadonlyMap<string, Map<string, Tensor>>;
}

export function createPhaseContext(
  builder: GraphBuilder,
  networks: readonly TrainedNetwork[],
  settings: RecipeSettings,
  { randomInputs = new Map(), detached = [], prefix = '', mode, statistics }: PhaseContextOptions = {},
): PhaseContext {
  const { batch, size, generator } = settings;
  const crops = (domain: string) => builder.input(domain, [batch, generator.inputChannels, size, size]);
  const specOf = <S extends WeightedSpec>(network: string) => networks.find(({ name }) => name === network)!.spec as S;
  const weights = (network: string) => (key: string, shape: readonly number[]) =>
    builder.variable(prefix + weightName(network, key), shape);
  const apply = (network: string, x: Tensor) =>
    buildNetwork(specOf<NetworkSpec>(network), x, weights(network), { mode, statistics: statistics?.get(network) });
  const encode = (network: string, x: Tensor, layers: readonly number[]) =>
    buildFeatures(specOf<GeneratorSpec>(network), x, weights(network), layers, { mode });
  const separately = (network: string) => mixesImages(specOf<NetworkSpec>(network));
  const randomInput = (name: string, shape: readonly number[], fill: RandomFill) => {
    randomInputs.set(name, { shape, fill });
    return builder.input(name, shape);
  };
  return {
    settings,
    a: crops('A'),
    b: crops('B'),
    apply,
    applyTogether: (network, ...xs) =>
      separately(network) ? xs.map(x => apply(network, x)) : splitBatches(apply(network, concatBatches(xs)), xs),
    applyEncoder: (network, layers, ...xs) => {
      if (separately(network)) return xs.map(x => encode(network, x, layers));
      const maps = encode(network, concatBatches(xs), layers).map(map => splitBatches(map, xs));
      return xs.map((_, index) => maps.map(parts => parts[index]!));
    },
    project: (network, layer, map, rows, columns) =>
      buildProjection(specOf<ProjectionSpec>(network), layer, samplePositions(map, rows, columns), weights(network)),
    augmented: (name, x) =>
      augment(x, settings.augment, generator.outputChannels, (what, shape, fill) =>
        randomInput(`${name}/${what}`, shape, fill),
      ),
    detach: x => {
      detached.push(x);
      return x;
    },
    earlierOutput: (name, shape) => builder.input(name, shape),
    randomInput,
  };
}

/** Whether one image of a batch changes what becomes of another. */
function mixesImages({ norm }: NetworkSpec): boolean {
  return norm === 'batch';
}

function concatBatches(xs: readonly Tensor[]): Tensor {
  return xs.length === 1 ? xs[0]! : concat(xs, 0);
}

/** Undoes `concatBatches` in the first axis. */
function splitBatches(y: Tensor, xs: readonly Tensor[]): Tensor[] {
  let start = 0;
  return xs.map(x => {
    const rest = y.shape.slice(1) as readonly number[];
    const stop = start + (x.shape[0] as number);
    const part = slice(y, [start, ...rest.map(() => 0)], [stop, ...rest]);
    start = stop;
    return part;
  });
}
