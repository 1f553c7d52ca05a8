/**
 * The variables of a training at its start: weights drawn or taken over from another run, Adam's moments, averages of the
 * generators, and room for gathered gradients. What of them belongs into a checkpoint, and under which name.
 */
import { Random } from '../../base/index.js';
import type { TensorData, Tensors } from '../../engine/index.js';
import { sizeOf } from '../../graph/index.js';
import { initialise } from '../../nets/index.js';
import {
  accumulatedName,
  momentNames,
  runningStatistics,
  type TrainedNetwork,
  trainedParameters,
  weightName,
} from '../recipes/index.js';
import type { TrainingSettings } from '../settings.js';
import { generatorParameters, networksOf } from '../trained-networks.js';
import { emaPrefix } from './exponential-moving-average.js';

/** Parts of a checkpoint that hold variables, each a file. */
export const variableParts = ['weights', 'moments', 'averages'] as const;
export type VariablePart = (typeof variableParts)[number];

/** Undefined for what is of no use once a step is complete. */
export function partOf(variable: string): VariablePart | undefined {
  if (variable.startsWith('m/') || variable.startsWith('v/')) return 'moments';
  if (variable.startsWith(emaPrefix)) return 'averages';
  return variable.startsWith('gathered/') ? undefined : 'weights';
}

/**
 * Everything a state must hold.
 * @param known weights, moments and averages that there are already; a missing weight is drawn from the seed, missing
 *   moments are zero, missing averages are the weights.
 */
export function variablesOf(settings: TrainingSettings, known: Tensors = {}): Record<string, TensorData> {
  const networks = networksOf(settings);
  const drawn = drawWeights(networks, settings.seed);
  const variables: Record<string, TensorData> = {};
  for (const { name, shape } of trainedParameters(networks)) {
    const zeros = () => ({ shape, data: new Float32Array(sizeOf(shape)) });
    variables[name] = known[name] ?? { shape, data: drawn.get(name)! };
    for (const moment of momentNames(name)) variables[moment] = known[moment] ?? zeros();
    if (settings.accumulate > 1) variables[accumulatedName(name)] = zeros();
  }
  for (const { name, shape } of runningStatistics(networks)) {
    variables[name] = known[name] ?? { shape, data: drawn.get(name)! };
  }
  if (settings.ema === 0) return variables;
  for (const { name } of generatorParameters(settings)) {
    const average = emaPrefix + name;
    variables[average] = known[average] ?? { shape: variables[name]!.shape, data: variables[name]!.data.slice() };
  }
  return variables;
}

/** Every network in order, from one source: what one draws does not depend on what the others use. */
function drawWeights(networks: readonly TrainedNetwork[], seed: number): ReadonlyMap<string, Float32Array> {
  const random = new Random(seed);
  const drawn = new Map<string, Float32Array>();
  for (const { name, spec } of networks) {
    for (const [key, data] of Object.entries(initialise(spec, random))) drawn.set(weightName(name, key), data);
  }
  return drawn;
}
