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
import type { Draw } from './draw.js';
import type { PhaseScene, RecipeSettings, TrainedNetwork } from './recipe.js';

/** `G_A.model.1.weight`. */
export const weightName = (network: string, key: string): string => `${network}.${key}`;

/** An input that is filled anew in every run. */
export interface DrawnInput {
  readonly shape: readonly number[];
  readonly draw: Draw;
}

export interface SceneOptions {
  /** Filled with what is to be drawn. */
  readonly draws?: Map<string, DrawnInput>;
  /** Filled with what nothing is learnt by. */
  readonly held?: Tensor[];
  /** Before the names of weights. */
  readonly prefix?: string;
  readonly mode?: BuildOptions['mode'];
  /** Of the networks that are trained: filled with their next running statistics. */
  readonly statistics?: ReadonlyMap<string, Map<string, Tensor>>;
}

export function sceneOf(
  builder: GraphBuilder,
  networks: readonly TrainedNetwork[],
  settings: RecipeSettings,
  { draws = new Map(), held = [], prefix = '', mode, statistics }: SceneOptions = {},
): PhaseScene {
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
  const drawn = (name: string, shape: readonly number[], draw: Draw) => {
    draws.set(name, { shape, draw });
    return builder.input(name, shape);
  };
  return {
    settings,
    a: crops('A'),
    b: crops('B'),
    apply,
    applyTogether: (network, ...xs) =>
      separately(network) ? xs.map(x => apply(network, x)) : split(apply(network, joined(xs)), xs),
    applyEncoder: (network, layers, ...xs) => {
      if (separately(network)) return xs.map(x => encode(network, x, layers));
      const maps = encode(network, joined(xs), layers).map(map => split(map, xs));
      return xs.map((_, index) => maps.map(parts => parts[index]!));
    },
    project: (network, layer, map, rows, columns) =>
      buildProjection(specOf<ProjectionSpec>(network), layer, samplePositions(map, rows, columns), weights(network)),
    seen: (name, x) =>
      augment(x, settings.augment, generator.outputChannels, (what, shape, draw) =>
        drawn(`${name}/${what}`, shape, draw),
      ),
    held: x => {
      held.push(x);
      return x;
    },
    handed: (name, shape) => builder.input(name, shape),
    drawn,
  };
}

/** Whether one image of a batch changes what becomes of another. */
function mixesImages({ norm }: NetworkSpec): boolean {
  return norm === 'batch';
}

function joined(xs: readonly Tensor[]): Tensor {
  return xs.length === 1 ? xs[0]! : concat(xs, 0);
}

/** Undoes `joined` in the first axis. */
function split(y: Tensor, xs: readonly Tensor[]): Tensor[] {
  let start = 0;
  return xs.map(x => {
    const rest = y.shape.slice(1) as readonly number[];
    const stop = start + (x.shape[0] as number);
    const part = slice(y, [start, ...rest.map(() => 0)], [stop, ...rest]);
    start = stop;
    return part;
  });
}
