/**
 * Adam (Kingma & Ba 2015, algorithm 1, in the reordered form of section 2) as graph operations. Bias correction is
 * folded into two scalars that the host computes once per step, so that the per-weight work is ten operations.
 */
import {
  add,
  concat,
  div,
  type GraphBuilder,
  mul,
  type Shape,
  sizeOf,
  slice,
  sqrt,
  square,
  sub,
  type Tensor,
} from '../../graph/index.js';

export interface AdamSettings {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** CycleGAN's. */
export const adamDefaults: AdamSettings = { beta1: 0.5, beta2: 0.999, epsilon: 1e-8 };

/** Variables that hold a weight's first and second moment. */
export const momentNames = (weight: string): readonly [string, string] => [`m/${weight}`, `v/${weight}`];

/** Graph inputs of `applyAdam`, both of shape []. */
export const adamInputs = { stepSize: 'adam/step-size', epsilon: 'adam/epsilon' } as const;

/** The two scalars of step `t` (from 1): `lr·√(1-β₂ᵗ)/(1-β₁ᵗ)` and `ε·√(1-β₂ᵗ)`. */
export function adamScalars(settings: AdamSettings, learningRate: number, t: number) {
  const root = Math.sqrt(1 - settings.beta2 ** t);
  return { stepSize: (learningRate * root) / (1 - settings.beta1 ** t), epsilon: settings.epsilon * root };
}

/** A weight's variable and its gradient. */
export interface TrainedWeight {
  readonly name: string;
  readonly weight: Tensor;
  readonly gradient: Tensor;
}

/** Updates one weight and its moments from its gradient. */
export function applyAdam(
  builder: GraphBuilder,
  name: string,
  weight: Tensor,
  gradient: Tensor,
  settings: AdamSettings,
) {
  const scalars = scalarsOf(builder);
  const [m, v] = momentsOf(builder, name, weight.shape);
  const next = stepOf({ weight, gradient, m, v }, scalars, settings);
  builder.update(m, next.m);
  builder.update(v, next.v);
  builder.update(weight, next.weight);
}

/**
 * The same for many weights, with the same results to the bit: weights that differ in their first axis alone are laid one
 * behind the other and updated together. Fewer operations for two copies of every value.
 */
export function applyAdamTogether(
  builder: GraphBuilder,
  weights: readonly TrainedWeight[],
  settings: AdamSettings,
): void {
  for (const group of likeWeights(weights)) {
    if (group.length > 1) updateJoined(builder, group, settings);
    else for (const { name, weight, gradient } of group) applyAdam(builder, name, weight, gradient, settings);
  }
}

function updateJoined(builder: GraphBuilder, group: readonly TrainedWeight[], settings: AdamSettings): void {
  const weights = group.map(({ weight }) => weight);
  const moments = group.map(({ name, weight }) => momentsOf(builder, name, weight.shape));
  const [ms, vs] = [moments.map(([m]) => m), moments.map(([, v]) => v)];
  const before = {
    weight: concat(weights, 0),
    gradient: concat(
      group.map(({ gradient }) => gradient),
      0,
    ),
    m: concat(ms, 0),
    v: concat(vs, 0),
  };
  const next = stepOf(before, scalarsOf(builder), settings);
  updateParts(builder, ms, next.m);
  updateParts(builder, vs, next.v);
  updateParts(builder, weights, next.weight);
}

/** Gives each variable its part of the first axis. */
function updateParts(builder: GraphBuilder, variables: readonly Tensor[], joined: Tensor): void {
  let start = 0;
  for (const variable of variables) {
    const [length, ...rest] = variable.shape as readonly [number, ...number[]];
    const zeros = rest.map(() => 0);
    builder.update(variable, slice(joined, [start, ...zeros], [start + length, ...rest]));
    start += length;
  }
}

/** Values in a group: a buffer of 32 MiB, which every device can bind. */
const mostJoined = 2 ** 23;

/** In groups that can be laid one behind the other; what is too large for that stays alone. */
function likeWeights(weights: readonly TrainedWeight[]): TrainedWeight[][] {
  const groups: TrainedWeight[][] = [];
  const open = new Map<string, { readonly group: TrainedWeight[]; size: number }>();
  for (const weight of weights) {
    const { shape } = weight.weight;
    const key = `${shape.slice(1)}`;
    const size = sizeOf(shape as readonly number[]);
    const last = open.get(key);
    if (last && shape.length > 0 && last.size + size <= mostJoined) {
      last.group.push(weight);
      last.size += size;
    } else {
      const group = [weight];
      groups.push(group);
      open.set(key, { group, size });
    }
  }
  return groups;
}

function momentsOf(builder: GraphBuilder, name: string, shape: Shape): readonly [m: Tensor, v: Tensor] {
  const [m, v] = momentNames(name);
  return [builder.variable(m, shape), builder.variable(v, shape)];
}

/** A weight, its moments and its gradient, all of one shape. */
interface AdamState {
  readonly weight: Tensor;
  readonly gradient: Tensor;
  readonly m: Tensor;
  readonly v: Tensor;
}

interface AdamScalars {
  readonly stepSize: Tensor;
  readonly epsilon: Tensor;
}

function scalarsOf(builder: GraphBuilder): AdamScalars {
  return { stepSize: builder.input(adamInputs.stepSize, []), epsilon: builder.input(adamInputs.epsilon, []) };
}

function stepOf(
  { weight, gradient, m, v }: AdamState,
  { stepSize, epsilon }: AdamScalars,
  { beta1, beta2 }: AdamSettings,
): Omit<AdamState, 'gradient'> {
  const nextM = add(mul(m, beta1), mul(gradient, 1 - beta1));
  const nextV = add(mul(v, beta2), mul(square(gradient), 1 - beta2));
  const nextWeight = sub(weight, mul(stepSize, div(nextM, add(sqrt(nextV), epsilon))));
  return { weight: nextWeight, m: nextM, v: nextV };
}
