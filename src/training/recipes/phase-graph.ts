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
import { buildNetwork, type NetworkSpec, parametersOf } from '../../nets/index.js';
import { applyAdam } from './adam.js';
import type { Draw, Phase, PhaseScene, Recipe, RecipeSettings, TrainedNetwork } from './recipe.js';

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
  return networks.flatMap(({ name, spec }) =>
    parametersOf(spec)
      .filter(parameter => !parameter.cancels)
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
  const draws = new Map<string, { shape: readonly number[]; draw: Draw }>();
  const { losses, handsOn = {}, inspected = {} } = phase.build(sceneOf(builder, networks, settings, draws));
  for (const [name, value] of Object.entries(losses)) builder.output(`loss/${name}`, value);
  for (const [name, value] of Object.entries(handsOn)) builder.output(name, value);
  if (options.inspect) for (const [name, value] of Object.entries(inspected)) builder.output(name, value);
  const trained = networks.filter(({ name }) => phase.trains.includes(name));
  const total = Object.values(losses).reduce((sum, loss) => add(sum, loss));
  applyGradients(builder, total, trainedParameters(trained), settings, options);
  return { graph: builder.build(), draws };
}

/** What a recipe's preview shows, on batches of one; inputs `A` and `B`. */
export function buildPreview(recipe: Recipe, settings: RecipeSettings, prefix = ''): Graph {
  const builder = new GraphBuilder();
  const scene = sceneOf(builder, recipe.networks(settings), { ...settings, batch: 1 }, new Map(), prefix);
  for (const [name, value] of Object.entries(recipe.preview(scene))) builder.output(name, value);
  return builder.build();
}

/** One generator, on one image of the settings' size; input `image`, output `translated`. */
export function buildTranslation(recipe: Recipe, settings: RecipeSettings, network: string, prefix = ''): Graph {
  const builder = new GraphBuilder();
  const { spec } = recipe.networks(settings).find(({ name }) => name === network)!;
  const image = builder.input('image', [1, settings.generator.inputChannels, settings.size, settings.size]);
  const translated = buildNetwork(spec, image, (key, shape) =>
    builder.variable(prefix + weightName(network, key), shape),
  );
  builder.output('translated', translated);
  return builder.build();
}

function sceneOf(
  builder: GraphBuilder,
  networks: readonly TrainedNetwork[],
  settings: RecipeSettings,
  draws: Map<string, { shape: readonly number[]; draw: Draw }>,
  prefix = '',
): PhaseScene {
  const specs = new Map(networks.map(({ name, spec }) => [name, spec]));
  const { batch, size, generator } = settings;
  const image = [batch, generator.inputChannels, size, size];
  const apply = (network: string, x: Tensor) =>
    buildNetwork(specs.get(network)!, x, (key, shape) => builder.variable(prefix + weightName(network, key), shape));
  return {
    settings,
    a: builder.input('A', image),
    b: builder.input('B', image),
    apply,
    applyTogether: (network, ...xs) =>
      mixesImages(specs.get(network)!) ? xs.map(x => apply(network, x)) : split(apply(network, joined(xs)), xs),
    handed: (name, shape) => builder.input(name, shape),
    drawn: (name, shape, draw) => {
      draws.set(name, { shape, draw });
      return builder.input(name, shape);
    },
  };
}

/** Whether one image of a batch changes what becomes of another. */
function mixesImages(_spec: NetworkSpec): boolean {
  return false;
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
