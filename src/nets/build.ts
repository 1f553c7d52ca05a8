/**
 * A network as operations of the tensor language, read off its layer table. The same graph serves training, with
 * variables as weights, and use, with constants.
 */
import {
  add,
  concat,
  conv2d,
  convTranspose2d,
  instanceNorm,
  leakyRelu,
  reflectPad,
  reshape,
  type Tensor,
  tanh,
} from '../graph/index.js';
import { type ConvolutionLayer, type Layer, layersOf } from './layers.js';
import { biasCancels, kernelShape } from './parameters.js';
import { resizeAndConvolve } from './resize-and-convolve.js';
import type { NetworkSpec } from './spec.js';

/** Gives the tensor of a parameter: a variable or a constant of the graph that `x` belongs to. */
export type WeightSource = (key: string, shape: readonly number[]) => Tensor;

/**
 * x `[n, inputChannels, h, w]` in [-1, 1]. A generator gives `[n, outputChannels, h, w]` in [-1, 1]; a discriminator
 * gives logits `[n, 1, h', w']`. Never asks for a bias that cancels.
 * @throws SHAPE_MISMATCH when h or w is no multiple of what the network halves.
 */
export function buildNetwork(spec: NetworkSpec, x: Tensor, weights: WeightSource): Tensor {
  const { prefix, layers } = layersOf(spec);
  return applyList(prefix, layers, x, weights);
}

function applyList(prefix: string, layers: readonly Layer[], x: Tensor, weights: WeightSource): Tensor {
  return layers.reduce((value, layer, index) => {
    const key = `${prefix}.${index}`;
    switch (layer.op) {
      case 'conv':
      case 'transposed':
      case 'resized':
        return convolve(key, layer, value, weights, !biasCancels(layers, index));
      case 'reflectPad':
        return reflectPad(value, layer.cells);
      case 'instanceNorm':
        return instanceNorm(value);
      case 'leakyRelu':
        return leakyRelu(value, layer.slope);
      case 'tanh':
        return tanh(value);
      case 'dropout':
        return value;
      case 'residual':
        return add(value, applyList(`${key}.${layer.name}`, layer.layers, value, weights));
      case 'skip':
        return concat([value, applyList(`${key}.${layer.name}`, layer.layers, value, weights)], 1);
      default:
        return layer satisfies never;
    }
  }, x);
}

function convolve(key: string, layer: ConvolutionLayer, x: Tensor, weights: WeightSource, withBias: boolean): Tensor {
  const kernel = weights(`${key}.weight`, kernelShape(layer));
  const y = convolved(layer, x, kernel);
  if (!withBias) return y;
  return add(y, reshape(weights(`${key}.bias`, [layer.outputs]), [1, layer.outputs, 1, 1]));
}

function convolved(layer: ConvolutionLayer, x: Tensor, kernel: Tensor): Tensor {
  if (layer.op === 'conv') return conv2d(x, kernel, layer);
  if (layer.op === 'transposed') return convTranspose2d(x, kernel, layer);
  return resizeAndConvolve(x, kernel);
}
