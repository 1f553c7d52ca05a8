/**
 * A recipe's phase as a graph: applies the networks, takes the gradients of the losses' sum and updates the phase's
 * weights with Adam. Inputs `A`, `B`, what is handed on and drawn, and Adam's scalars; outputs `loss/NAME` and what the
 * phase hands on, under its name.
 *
 * With accumulation a step is several runs: `gather` adds a share of the gradients to what is gathered and updates
 * nothing; `apply` adds the last share, updates, and starts anew.
 */
import { add, broadcast, type Graph, GraphBuilder, gradients, mul, type Tensor } from '../../graph/index.js';
import { buildNetwork, type NetworkSpec, type Parameter, parametersOf } from '../../nets/index.js';
import { applyAdam, applyAdamTogether } from './adam.js';
import { createPhaseContext, type RandomInput, weightName } from './phase-context.js';
import type { Phase, PhaseResult, Recipe, RecipeSettings, TrainedNetwork } from './recipe.js';

/** Variable that holds the gradients gathered so far. */
export const accumulatedName = (weight: string): string => `gathered/${weight}`;
/** Outputs of a phase's graphs. */
export const lossName = (loss: string): string => `loss/${loss}`;
export const gradientName = (weight: string): string => `gradient/${weight}`;

export interface PhaseGraph {
  readonly graph: Graph;
  /** Names of its losses, in the recipe's order. */
  readonly losses: readonly string[];
  /** How to fill the inputs that are drawn anew in every run. */
  readonly randomInputs: ReadonlyMap<string, RandomInput>;
}

export interface PhaseOptions {
  /** Hand out every gradient as `gradient/NAME` and what the phase lets be inspected, for checks. */
  readonly inspect?: boolean;
  /** Runs in a step, ≥ 1, and whether this one is the last of them. Default: one, which is. */
  readonly accumulate?: number;
  readonly part?: 'accumulate' | 'apply';
  /** Update weights of like shapes together, for engines that prefer few operations. Default: one by one. */
  readonly together?: boolean;
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
  const { builder, losses, outputs, inspected, trained, detached, statistics, randomInputs } = writePhase(
    recipe,
    phase,
    settings,
  );
  for (const [name, value] of Object.entries(losses)) builder.output(lossName(name), value);
  for (const [name, value] of Object.entries(outputs)) builder.output(name, value);
  if (options.inspect) for (const [name, value] of Object.entries(inspected)) builder.output(name, value);
  const weights = trained.map(({ name, shape }) => builder.variable(name, shape));
  applyGradients(builder, trained, gradients(totalOf(losses), weights, detached), settings, options);
  for (const [variable, next] of statistics) builder.update(variable, next);
  return { graph: builder.build(), losses: Object.keys(losses), randomInputs };
}

/** A phase's networks applied, before anything is differentiated. */
export interface WrittenPhase extends Required<PhaseResult> {
  readonly builder: GraphBuilder;
  readonly trained: readonly TrainedParameter[];
  readonly detached: readonly Tensor[];
  /** Variables of running statistics, and what they are after the run. */
  readonly statistics: readonly (readonly [variable: Tensor, next: Tensor])[];
  readonly randomInputs: PhaseGraph['randomInputs'];
}

export function writePhase(recipe: Recipe, phase: Phase, settings: RecipeSettings): WrittenPhase {
  const builder = new GraphBuilder();
  const networks = recipe.networks(settings);
  const randomInputs = new Map<string, RandomInput>();
  const detached: Tensor[] = [];
  const statistics = new Map(phase.trains.map(name => [name, new Map<string, Tensor>()]));
  const options = { randomInputs, detached, mode: 'training', statistics } as const;
  const context = createPhaseContext(builder, networks, settings, options);
  const { losses, outputs = {}, inspected = {} } = phase.build(context);
  return {
    builder,
    losses,
    outputs,
    inspected,
    trained: trainedParameters(networks.filter(({ name }) => phase.trains.includes(name))),
    detached,
    statistics: [...statistics].flatMap(([network, values]) =>
      [...values].map(
        ([key, next]) => [builder.variable(weightName(network, key), next.shape as readonly number[]), next] as const,
      ),
    ),
    randomInputs,
  };
}

export function totalOf(losses: PhaseResult['losses']): Tensor {
  return Object.values(losses).reduce((sum, loss) => add(sum, loss));
}

/** What a recipe's preview shows, on batches of one; inputs `A` and `B`. */
export function buildPreview(recipe: Recipe, settings: RecipeSettings, prefix = ''): Graph {
  const builder = new GraphBuilder();
  const context = createPhaseContext(builder, recipe.networks(settings), { ...settings, batch: 1 }, { prefix });
  for (const [name, value] of Object.entries(recipe.preview(context))) builder.output(name, value);
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

function applyGradients(
  builder: GraphBuilder,
  parameters: readonly TrainedParameter[],
  gradientsOfLoss: readonly Tensor[],
  settings: RecipeSettings,
  { inspect = false, accumulate = 1, part = 'apply', together = false }: PhaseOptions,
): void {
  const updated = parameters.map(({ name, shape }, index) => {
    const whole = gradientsOfLoss[index]!;
    const gradient =
      accumulate === 1 ? whole : accumulateGradient(builder, name, shape, mul(whole, 1 / accumulate), part);
    if (inspect) builder.output(gradientName(name), gradient);
    if (part === 'apply' && !together) {
      applyAdam(builder, name, builder.variable(name, shape), gradient, settings.adam);
    }
    return { name, weight: builder.variable(name, shape), gradient };
  });
  if (part === 'apply' && together) applyAdamTogether(builder, updated, settings.adam);
}

/** The gradients gathered with this share. */
function accumulateGradient(
  builder: GraphBuilder,
  name: string,
  shape: readonly number[],
  share: Tensor,
  part: 'accumulate' | 'apply',
): Tensor {
  const before = builder.variable(accumulatedName(name), shape);
  const sum = add(before, share);
  builder.update(before, part === 'accumulate' ? sum : broadcast(builder.constant(0), shape));
  return sum;
}
