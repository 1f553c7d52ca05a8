/**
 * Normalisation layers with parameters as operations of the tensor language. Group normalisation is the same in training
 * and in use; batch normalisation takes the batch's own moments in training and running ones in use.
 */
import { add, batchNorm, div, groupNorm, mul, reshape, sqrt, sub, type Tensor } from '../graph/index.js';
import type { NormLayer } from './layers.js';

/** Gives the tensor of a parameter: a variable or a constant of the graph that `x` belongs to. */
export type WeightSource = (key: string, shape: readonly number[]) => Tensor;

/** How a network runs. Only batch normalisation tells the modes apart. */
export interface BuildOptions {
  /**
   * `use` (the default): batch normalisation by running statistics. `training`: by the batch's own.
   */
  readonly mode?: 'use' | 'training' | undefined;
  /**
   * In training, where each running statistic after this pass is left, under its key (`model.2.running_mean`). Passes of one
   * network that share the map follow one another, as calls of PyTorch's module do. A step hands the last to
   * `builder.update`. Without a map the pass leaves running statistics alone.
   */
  readonly statistics?: Map<string, Tensor> | undefined;
}

const epsilon = 1e-5;

/** Of the batch in the running statistics, as PyTorch's default. */
const momentum = 0.1;

/** PyTorch's names beside `weight` and `bias`, in state_dict order. */
export const statisticNames = ['running_mean', 'running_var'] as const;

const maxGroups = 32;
const minChannelsPerGroup = 8;

/**
 * Groups of a group normalisation: as many as divide the channels, at most 32 (Wu & He's default) and of at least 8 channels
 * each; 1 for fewer than 16 channels. Files do not say it, so it never changes.
 */
export function groupsOf(channels: number): number {
  const most = Math.max(1, Math.min(maxGroups, Math.floor(channels / minChannelsPerGroup)));
  const divisors = Array.from({ length: most }, (_, at) => most - at).filter(groups => channels % groups === 0);
  return divisors[0]!;
}

/** x `[n, c, h, w]` normalised, then scaled and shifted by the layer's `weight` and `bias`. */
export function normalise(
  key: string,
  layer: NormLayer,
  x: Tensor,
  weights: WeightSource,
  options: BuildOptions,
): Tensor {
  const parameter = (name: string) => weights(`${key}.${name}`, [layer.channels]);
  const [scale, shift] = [parameter('weight'), parameter('bias')];
  if (layer.op === 'groupNorm') return affine(groupNorm(x, groupsOf(layer.channels), epsilon), scale, shift);
  if (options.mode === 'training') return affine(byBatch(key, x, parameter, options.statistics), scale, shift);
  // One factor and one summand per channel, which runtimes fold into the convolution before.
  const [mean, variance] = statisticNames.map(parameter) as [Tensor, Tensor];
  const factor = div(scale, sqrt(add(variance, epsilon)));
  return affine(x, factor, sub(shift, mul(mean, factor)));
}

function byBatch(
  key: string,
  x: Tensor,
  parameter: (name: string) => Tensor,
  statistics: Map<string, Tensor> | undefined,
): Tensor {
  const { normalised, mean, variance } = batchNorm(x, epsilon);
  if (!statistics) return normalised;
  const [n, , height, width] = x.shape as readonly number[];
  const count = n! * height! * width!;
  // PyTorch keeps the unbiased variance, though it divides by the biased one.
  const moments = [mean, mul(variance, count / Math.max(1, count - 1))] as const;
  statisticNames.forEach((name, index) => {
    const before = statistics.get(`${key}.${name}`) ?? parameter(name);
    statistics.set(`${key}.${name}`, add(mul(before, 1 - momentum), mul(moments[index]!, momentum)));
  });
  return normalised;
}

function affine(x: Tensor, scale: Tensor, shift: Tensor): Tensor {
  return add(mul(x, perChannel(scale)), perChannel(shift));
}

/** `[c]` → `[1, c, 1, 1]`. */
export function perChannel(x: Tensor): Tensor {
  return reshape(x, [1, x.shape[0]!, 1, 1]);
}
