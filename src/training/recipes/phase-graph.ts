/**
 * A recipe's phase as a graph: applies the networks, takes the gradients of the losses' sum and updates the phase's
 * weights with Adam. Inputs `A`, `B`, what is handed on and drawn, and Adam's scalars; outputs `loss/NAME` and what the
 * phase hands on, under its name.
 *
 * With accumulation a step is several runs: `gather` adds a share of the gradients to what is gathered and updates
 * nothing; `apply` adds the last share, updates, and starts anew.
 */
import {
  add,
  broadcast,
  concat,
  type Graph,
  GraphBuilder,
  gradients,
  mul,
  slice,
  type Tensor,
} from '../../graph/index.js';
import {
  type BuildOptions,
  buildFeatures,
  buildNetwork,
  buildProjection,
  type GeneratorSpec,
  type NetworkSpec,
  type Parameter,
  type ProjectionSpec,
  parametersOf,
  samplePositions,
  type WeightedSpec,
} from '../../nets/index.js';
import { applyAdam } from './adam.js';
import { augment } from './augmentation.js';
import type { Draw } from './draw.js';
import type { Phase, PhaseScene, Recipe, RecipeSettings, TrainedNetwork } from './recipe.js';

/** `G_A.model.1.weight`. */
export const weightName = (network: string, key: string): string => `${network}.${key}`;
/** Variable that holds the gradients gathered so far. */
export const gatheredName = (weight: string): string => `gathered/${weight}`;

export interface PhaseGraph {
  readonly graph: Graph;
  /** How to fill the inputs that are drawn anew in every run. */
  readonly draws: ReadonlyMap<string, { readonly shape: readonly number[]; readonly draw: Draw }>;
}

export interface PhaseOptions {
  /** Hand out every gradient as `gradient/NAME` and what the phase lets be inspected, for checks. */
  readonly inspect?: boolean;
  /** Runs in a step, ≥ 1, and whether this one is the last of them. Default: one, which is. */
  readonly accumulate?: number;
  readonly part?: 'gather' | 'apply';
}

export interface TrainedParameter {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Names and shapes of every weight that is trained, without biases that cancel. */
export function trainedParameters(networks: readonly TrainedNetwork[]): TrainedParameter[] {
  return parametersWhere(networks, ({ role, cancels }) => role !== 'statistic' && !cancels);
}

/** Running statistics of batch normalisation: part of a network, moved by its batches instead of an optimiser. */
export function runningStatistics(networks: readonly TrainedNetwork[]): TrainedParameter[] {
  return parametersWhere(networks, ({ role }) => role === 'statistic');
}

function parametersWhere(
  networks: readonly TrainedNetwork[],
  holds: (parameter: Parameter) => boolean,
): TrainedParameter[] {
  return networks.flatMap(({ name, spec }) =>
    parametersOf(spec)
      .filter(holds)
      .map(({ key, shape }) => ({ name: weightName(name, key), shape })),
  );
}

export function buildPhase(
  recipe: Recipe,
  phase: Phase,
  settings: RecipeSettings,
  options: PhaseOptions = {},
): PhaseGraph {
  const builder = new GraphBuilder();
  const networks = recipe.networks(settings);
  const draws: Draws = new Map();
  const statistics = new Map(phase.trains.map(name => [name, new Map<string, Tensor>()]));
  const scene = sceneOf(builder, networks, settings, { draws, mode: 'training', statistics });
  const { losses, handsOn = {}, inspected = {} } = phase.build(scene);
  for (const [name, value] of Object.entries(losses)) builder.output(`loss/${name}`, value);
  for (const [name, value] of Object.entries(handsOn)) builder.output(name, value);
  if (options.inspect) for (const [name, value] of Object.entries(inspected)) builder.output(name, value);
  const trained = networks.filter(({ name }) => phase.trains.includes(name));
  if (trained.length > 0) {
    const total = Object.values(losses).reduce((sum, loss) => add(sum, loss));
    applyGradients(builder, total, trainedParameters(trained), settings, options);
  }
  for (const [network, next] of statistics) {
    for (const [key, value] of next) {
      builder.update(builder.variable(weightName(network, key), value.shape), value);
    }
  }
  return { graph: builder.build(), draws };
}

/** What a recipe's preview shows, on batches of one; inputs `A` and `B`. */
export function buildPreview(recipe: Recipe, settings: RecipeSettings, prefix = ''): Graph {
  const builder = new GraphBuilder();
  const scene = sceneOf(builder, recipe.networks(settings), { ...settings, batch: 1 }, { prefix });
  for (const [name, value] of Object.entries(recipe.preview(scene))) builder.output(name, value);
  return builder.build();
}

/** One generator, on one image of the settings' size; input `image`, output `translated`. */
export function buildTranslation(recipe: Recipe, settings: RecipeSettings, network: string, prefix = ''): Graph {
  const builder = new GraphBuilder();
  const spec = recipe.networks(settings).find(({ name }) => name === network)!.spec as NetworkSpec;
  const image = builder.input('image', [1, settings.generator.inputChannels, settings.size, settings.size]);
  const translated = buildNetwork(spec, image, (key, shape) =>
    builder.variable(prefix + weightName(network, key), shape),
  );
  builder.output('translated', translated);
  return builder.build();
}

type Draws = Map<string, { shape: readonly number[]; draw: Draw }>;

interface SceneOptions {
  /** Filled with what is to be drawn. */
  readonly draws?: Draws;
  /** Before the names of weights. */
  readonly prefix?: string;
  readonly mode?: BuildOptions['mode'];
  /** Of the networks that are trained: filled with their next running statistics. */
  readonly statistics?: ReadonlyMap<string, Map<string, Tensor>>;
}

function sceneOf(
  builder: GraphBuilder,
  networks: readonly TrainedNetwork[],
  settings: RecipeSettings,
  { draws = new Map(), prefix = '', mode, statistics }: SceneOptions,
): PhaseScene {
  const { batch, size, generator } = settings;
  const shape = [batch, generator.inputChannels, size, size];
  const specOf = <S extends WeightedSpec>(network: string) => networks.find(({ name }) => name === network)!.spec as S;
  const weights = (network: string) => (key: string, shape: readonly number[]) =>
    builder.variable(prefix + weightName(network, key), shape);
  const how = (network: string) => ({ mode, statistics: statistics?.get(network) });
  const apply = (network: string, x: Tensor) =>
    buildNetwork(specOf<NetworkSpec>(network), x, weights(network), how(network));
  const drawn: PhaseScene['drawn'] = (name, shape, draw) => {
    draws.set(name, { shape, draw });
    return builder.input(name, shape);
  };
  return {
    settings,
    a: builder.input('A', shape),
    b: builder.input('B', shape),
    apply,
    applyTogether: (network, ...xs) =>
      mixesImages(specOf<NetworkSpec>(network))
        ? xs.map(x => apply(network, x))
        : split(apply(network, joined(xs)), xs),
    applyEncoder: (network, x, layers) =>
      buildFeatures(specOf<GeneratorSpec>(network), x, weights(network), layers, { mode }),
    project: (network, layer, map, rows, columns) =>
      buildProjection(specOf<ProjectionSpec>(network), layer, samplePositions(map, rows, columns), weights(network)),
    seen: (name, x) => augment(x, settings.augment, (what, shape, draw) => drawn(`${name}/${what}`, shape, draw)),
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

function applyGradients(
  builder: GraphBuilder,
  total: Tensor,
  parameters: readonly TrainedParameter[],
  settings: RecipeSettings,
  { inspect = false, accumulate = 1, part = 'apply' }: PhaseOptions,
): void {
  const weights = parameters.map(({ name, shape }) => builder.variable(name, shape));
  gradients(total, weights).forEach((whole, index) => {
    const { name, shape } = parameters[index]!;
    const gradient = accumulate === 1 ? whole : gathered(builder, name, shape, mul(whole, 1 / accumulate), part);
    if (inspect) builder.output(`gradient/${name}`, gradient);
    if (part === 'apply') applyAdam(builder, name, weights[index]!, gradient, settings.adam);
  });
}

/** The gradients gathered with this share. */
function gathered(
  builder: GraphBuilder,
  name: string,
  shape: readonly number[],
  share: Tensor,
  part: 'gather' | 'apply',
): Tensor {
  const before = builder.variable(gatheredName(name), shape);
  const sum = add(before, share);
  builder.update(before, part === 'gather' ? sum : broadcast(builder.constant(0), shape));
  return sum;
}
