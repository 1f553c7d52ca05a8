/**
 * The heads of PatchNCE (Park et al. 2020, section 3.2): for each tapped layer a perceptron of two layers whose results are
 * scaled to unit length, so that their products are cosines. Keys are those of CUT's own heads.
 */
import { add, div, matmul, relu, sqrt, square, sum, type Tensor } from '../graph/index.js';
import type { WeightSource } from './normalise.js';
import { parametersOf } from './parameters.js';
import type { ProjectionSpec } from './spec.js';

/** Squared; keeps the slope of the length finite where a projection is zero. CUT adds 1e-7 to the length. */
const shortest = 1e-14;

const tensorsPerHead = 4;

/**
 * Projections of one tapped layer.
 * @param index of the layer in `spec.channels`
 * @param features `[positions, channels]`
 * @returns `[positions, width]`, every row of length 1
 */
export function buildProjection(spec: ProjectionSpec, index: number, features: Tensor, weights: WeightSource): Tensor {
  const [firstWeight, firstBias, weight, bias] = parametersOf(spec)
    .slice(tensorsPerHead * index, tensorsPerHead * (index + 1))
    .map(({ key, shape }) => weights(key, shape)) as [Tensor, Tensor, Tensor, Tensor];
  const hidden = relu(linear(features, firstWeight, firstBias));
  const projected = linear(hidden, weight, bias);
  return div(projected, sqrt(add(sum(square(projected), [1]), shortest)));
}

/** PyTorch's Linear: weight `[out, in]`. */
function linear(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  return add(matmul(x, weight, { transposeB: true }), bias);
}
