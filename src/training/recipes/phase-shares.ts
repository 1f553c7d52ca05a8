/**
 * A phase in shares that have nothing in common but weights and images, for engines that compute several graphs beside each
 * other: each has some of the losses, and the gradients of their sum. Gradients of a sum are sums of gradients, so that what
 * the shares give for a weight is to be added up.
 */
import {
  type Graph,
  type GraphBuilder,
  knownGradients,
  type Node,
  numericShape,
  sizeOf,
  type Tensor,
} from '../../graph/index.js';
import {
  gradientName,
  lossName,
  type PhaseGraph,
  type TrainedParameter,
  totalOf,
  type WrittenPhase,
  writePhase,
} from './phase-graph.js';
import type { Phase, Recipe, RecipeSettings } from './recipe.js';

export interface PhaseShares extends Omit<PhaseGraph, 'graph'> {
  /** Outputs `loss/NAME`, `gradient/NAME` of the weights that its losses depend on, and what the phase hands on. */
  readonly shares: readonly Graph[];
  /** Every weight that the phase trains. */
  readonly trained: readonly TrainedParameter[];
}

/** @param most shares, ≥ 1; there are fewer where losses hang together, and one where running statistics are moved */
export function buildShares(recipe: Recipe, phase: Phase, settings: RecipeSettings, most: number): PhaseShares {
  const { trained, randomInputs, ...whole } = writePhase(recipe, phase, settings);
  const losses = whole.statistics.length > 0 || most === 1 ? [Object.keys(whole.losses)] : dealtOut(whole, most);
  const handedOn = outputsByShare(whole, losses);
  const shares = losses.map((names, index) =>
    buildShare(writePhase(recipe, phase, settings), new Set(names), new Set(handedOn[index])),
  );
  return { shares, trained, losses: Object.keys(whole.losses), randomInputs };
}

function buildShare(
  { builder, losses, outputs, trained, detached, statistics }: WrittenPhase,
  wanted: ReadonlySet<string>,
  handedOn: ReadonlySet<string>,
): Graph {
  const own = Object.fromEntries(Object.entries(losses).filter(([name]) => wanted.has(name)));
  for (const [name, value] of Object.entries(own)) builder.output(lossName(name), value);
  for (const [name, value] of Object.entries(outputs)) if (handedOn.has(name)) builder.output(name, value);
  const weights = trained.map(({ name, shape }) => builder.variable(name, shape));
  knownGradients(totalOf(own), weights, detached).forEach((gradient, index) => {
    if (gradient) builder.output(gradientName(trained[index]!.name), gradient);
  });
  for (const [variable, next] of statistics) builder.update(variable, next);
  return builder.build();
}

type Forward = Pick<WrittenPhase, 'builder' | 'losses' | 'outputs'>;

/** Names of losses by share: those that hang together stay together, and the dearest go first to whoever has least. */
function dealtOut({ builder, losses }: Forward, most: number): string[][] {
  const groups: { readonly names: string[]; values: ReadonlySet<number> }[] = [];
  for (const [name, loss] of Object.entries(losses)) {
    const values = madeByNetworks(builder, loss);
    const related = groups.filter(group => [...group.values].some(id => values.has(id)));
    const names = [...related.flatMap(group => group.names), name];
    const joined = { names, values: new Set([...values, ...related.flatMap(group => [...group.values])]) };
    groups.splice(0, groups.length, ...groups.filter(group => !related.includes(group)), joined);
  }
  const shares = Array.from({ length: Math.min(most, groups.length) }, () => ({ names: [] as string[], cost: 0 }));
  const costed = groups.map(({ names, values }) => ({ names, cost: multiplicationsOf(builder, values) }));
  for (const { names, cost } of costed.sort((one, other) => other.cost - one.cost)) {
    const least = shares.reduce((best, share) => (share.cost < best.cost ? share : best));
    least.names.push(...names);
    least.cost += cost;
  }
  return shares.map(({ names }) => names);
}

/** For each share the outputs that it computes anyway; the first computes what no loss needs. */
function outputsByShare({ builder, losses, outputs }: Forward, shares: readonly (readonly string[])[]): string[][] {
  const values = shares.map(names => new Set(names.flatMap(name => [...madeByNetworks(builder, losses[name]!)])));
  const shareOf = ({ id }: Tensor) =>
    Math.max(
      0,
      values.findIndex(ids => ids.has(id)),
    );
  return shares.map((_, index) => Object.keys(outputs).filter(name => shareOf(outputs[name]!) === index));
}

/**
 * What a tensor is computed from, itself included, as far as both images and weights went into it: what comes of one of them
 * alone (an augmented image, the kernel of an upsampling layer) costs little, and each share may compute it for itself.
 */
function madeByNetworks(builder: GraphBuilder, tensor: Tensor): ReadonlySet<number> {
  const needed = new Set([tensor.id]);
  for (let id = tensor.id; id >= 0; id--) {
    if (needed.has(id)) for (const input of builder.node(id).inputs) needed.add(input);
  }
  const fromImages = new Set<number>();
  const fromWeights = new Set<number>();
  for (const id of [...needed].sort((one, other) => one - other)) {
    const { op, inputs } = builder.node(id);
    if (op === 'input' || inputs.some(input => fromImages.has(input))) fromImages.add(id);
    if (op === 'variable' || inputs.some(input => fromWeights.has(input))) fromWeights.add(id);
  }
  return new Set([...fromImages].filter(id => fromWeights.has(id)));
}

function multiplicationsOf(builder: GraphBuilder, values: ReadonlySet<number>): number {
  const count = ({ shape }: Pick<Node, 'shape'>) => sizeOf(numericShape(shape, 'a share of a phase'));
  return [...values].reduce((sum, id) => {
    const { op, inputs, shape } = builder.node(id);
    if (op !== 'conv2d' && op !== 'conv2dInputGrad') return sum;
    const pixels = op === 'conv2d' ? { shape } : builder.node(inputs[0]!);
    return sum + count(pixels) * count({ shape: builder.node(inputs[1]!).shape.slice(1) });
  }, 0);
}
