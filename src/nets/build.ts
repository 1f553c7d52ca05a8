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
  mean,
  reflectPad,
  type Tensor,
  tanh,
} from '../graph/index.js';
import { blurPool } from './blur-pool.js';
import { type ConvolutionLayer, type Layer, layersOf } from './layers.js';
import { type BuildOptions, normalise, perChannel, type WeightSource } from './normalise.js';
import { biasCancels, kernelShape } from './parameters.js';
import { resizeAndConvolve } from './resize-and-convolve.js';
import type { NetworkSpec } from './spec.js';

/**
 * x `[n, inputChannels, h, w]` in [-1, 1]. A generator gives `[n, outputChannels, h, w]` in [-1, 1]; a discriminator
 * gives logits `[n, 1, h', w']`, which for `image` is `[n, 1, 1, 1]`. Never asks for a bias that cancels.
 * @throws SHAPE_MISMATCH when h or w is no multiple of what the network halves, or too small for its layers.
 */
export function buildNetwork(spec: NetworkSpec, x: Tensor, weights: WeightSource, options: BuildOptions = {}): Tensor {
  const { prefix, layers } = layersOf(spec);
  return applyList(prefix, layers, x, { weights, options });
}

/** What all layers of one pass share. */
export interface Pass {
  readonly weights: WeightSource;
  readonly options: BuildOptions;
}

function applyList(prefix: string, layers: readonly Layer[], x: Tensor, pass: Pass): Tensor {
  return layers.reduce((value, _, index) => applyLayer(prefix, layers, index, value, pass), x);
}

/** The layer at `index` of a list, under `${prefix}.${index}`. */
export function applyLayer(prefix: string, layers: readonly Layer[], index: number, x: Tensor, pass: Pass): Tensor {
  const key = `${prefix}.${index}`;
  const layer = layers[index]!;
  switch (layer.op) {
    case 'conv':
    case 'transposed':
    case 'resized':
      return convolve(key, layer, x, pass, layer.bias && !biasCancels(layers, index));
    case 'reflectPad':
      return reflectPad(x, layer.cells);
    case 'instanceNorm':
      return instanceNorm(x);
    case 'groupNorm':
    case 'batchNorm':
      return normalise(key, layer, x, pass.weights, pass.options);
    case 'leakyRelu':
      return leakyRelu(x, layer.slope);
    case 'tanh':
      return tanh(x);
    case 'blur':
      return blurPool(x);
    case 'mean':
      return mean(x, [2, 3]);
    case 'dropout':
    case 'identity':
      return x;
    case 'residual':
      return add(x, applyList(`${key}.${layer.name}`, layer.layers, x, pass));
    case 'skip':
      return concat([x, applyList(`${key}.${layer.name}`, layer.layers, x, pass)], 1);
    default:
      return layer satisfies never;
  }
}

function convolve(key: string, layer: ConvolutionLayer, x: Tensor, { weights }: Pass, withBias: boolean): Tensor {
  const kernel = weights(`${key}.weight`, kernelShape(layer));
  const y = convolved(layer, x, kernel);
  return withBias ? add(y, perChannel(weights(`${key}.bias`, [layer.outputs]))) : y;
}

function convolved(layer: ConvolutionLayer, x: Tensor, kernel: Tensor): Tensor {
  if (layer.op === 'conv') return conv2d(x, kernel, layer);
  if (layer.op === 'transposed') return convTranspose2d(x, kernel, layer);
  return resizeAndConvolve(x, kernel);
}
