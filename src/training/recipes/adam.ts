/**
 * Adam (Kingma & Ba 2015, algorithm 1, in the reordered form of section 2) as graph operations. Bias correction is
 * folded into two scalars that the host computes once per step, so that the per-weight work is ten operations.
 */
import { add, div, type GraphBuilder, mul, sqrt, square, sub, type Tensor } from '../../graph/index.js';

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

/** Updates one weight and its moments from its gradient. */
export function applyAdam(
  builder: GraphBuilder,
  name: string,
  weight: Tensor,
  gradient: Tensor,
  settings: AdamSettings,
) {
  const { beta1, beta2 } = settings;
  const stepSize = builder.input(adamInputs.stepSize, []);
  const epsilon = builder.input(adamInputs.epsilon, []);
  const [m, v] = momentNames(name).map(moment => builder.variable(moment, weight.shape)) as [Tensor, Tensor];
  const nextM = add(mul(m, beta1), mul(gradient, 1 - beta1));
  const nextV = add(mul(v, beta2), mul(square(gradient), 1 - beta2));
  builder.update(m, nextM);
  builder.update(v, nextV);
  builder.update(weight, sub(weight, mul(stepSize, div(nextM, add(sqrt(nextV), epsilon)))));
}
