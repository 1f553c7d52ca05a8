/**
 * The parameters of a network, in state_dict order, read off its layer table.
 */

import type { Random } from '../base/index.js';
import { sizeOf } from '../graph/index.js';
import { type ConvolutionLayer, type Layer, layersOf } from './layers.js';
import type { NetworkSpec } from './spec.js';

export interface Parameter {
  /** As in PyTorch's state_dict: `model.10.conv_block.1.weight`. */
  readonly key: string;
  readonly shape: readonly number[];
  readonly role: 'weight' | 'bias';
  /**
   * A bias whose output goes straight into an InstanceNorm, which subtracts it again with the mean. It is kept in
   * weight files for compatibility and never part of a graph.
   */
  readonly cancels: boolean;
}

export function parametersOf(spec: NetworkSpec): readonly Parameter[] {
  const { prefix, layers } = layersOf(spec);
  return parametersOfList(prefix, layers);
}

/** Fresh values for every parameter: weights from N(0, 0.02), biases zero. Drawn in state_dict order. */
export function initialise(spec: NetworkSpec, random: Random): Record<string, Float32Array> {
  return Object.fromEntries(
    parametersOf(spec).map(({ key, shape, role }) => {
      const values = new Float32Array(sizeOf(shape));
      if (role === 'weight') for (let i = 0; i < values.length; i++) values[i] = 0.02 * random.normal();
      return [key, values];
    }),
  );
}

/** Kernel of a convolution as PyTorch lays it out. */
export function kernelShape({ op, inputs, outputs, kernel }: ConvolutionLayer): readonly number[] {
  return op === 'conv' ? [outputs, inputs, kernel, kernel] : [inputs, outputs, kernel, kernel];
}

export function isConvolution(layer: Layer): layer is ConvolutionLayer {
  return layer.op === 'conv' || layer.op === 'transposed' || layer.op === 'resized';
}

/** Whether a bias of the layer at `index` is subtracted again by the layer after it. */
export function biasCancels(layers: readonly Layer[], index: number): boolean {
  return layers[index + 1]?.op === 'instanceNorm';
}

function parametersOfList(prefix: string, layers: readonly Layer[]): Parameter[] {
  return layers.flatMap((layer, index) => {
    const key = `${prefix}.${index}`;
    if (layer.op === 'residual' || layer.op === 'skip') return parametersOfList(`${key}.${layer.name}`, layer.layers);
    if (!isConvolution(layer)) return [];
    const cancels = biasCancels(layers, index);
    return [
      { key: `${key}.weight`, shape: kernelShape(layer), role: 'weight', cancels: false } as const,
      { key: `${key}.bias`, shape: [layer.outputs], role: 'bias', cancels } as const,
    ];
  });
}
