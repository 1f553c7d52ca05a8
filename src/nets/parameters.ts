/**
 * The parameters of a network, in state_dict order, read off its layer table.
 */
import { type ConvolutionLayer, type Layer, layersOf, type NormLayer } from './layers.js';
import { statisticNames } from './normalise.js';
import type { ProjectionSpec, WeightedSpec } from './spec.js';

export interface Parameter {
  /** As in PyTorch's state_dict: `model.10.conv_block.1.weight`. */
  readonly key: string;
  readonly shape: readonly number[];
  /**
   * `weight`: a kernel or matrix. `bias`: what is added, of convolutions and of normalisations. `scale`: what a normalised
   * channel is multiplied by. `statistic`: a running mean or variance of batch normalisation, which training updates from
   * the batches (`BuildOptions.statistics`): no optimiser has it, and an average of weights copies it.
   */
  readonly role: 'weight' | 'bias' | 'scale' | 'statistic';
  /**
   * A bias whose output goes straight into an InstanceNorm, which subtracts it again with the mean. It is kept in
   * weight files for compatibility and never part of a graph.
   */
  readonly cancels: boolean;
}

export function parametersOf(spec: WeightedSpec): readonly Parameter[] {
  if (spec.kind === 'projection') return ofProjection(spec);
  const { prefix, layers } = layersOf(spec);
  return parametersOfList(prefix, layers);
}

/** Kernel of a convolution as PyTorch lays it out. */
export function kernelShape({ op, inputs, outputs, kernel }: ConvolutionLayer): readonly number[] {
  return op === 'conv' ? [outputs, inputs, kernel, kernel] : [inputs, outputs, kernel, kernel];
}

/** Whether a bias of the layer at `index` is subtracted again by the layer after it. */
export function biasCancels(layers: readonly Layer[], index: number): boolean {
  return layers[index + 1]?.op === 'instanceNorm';
}

function parametersOfList(prefix: string, layers: readonly Layer[]): Parameter[] {
  return layers.flatMap((layer, index) => {
    const key = `${prefix}.${index}`;
    switch (layer.op) {
      case 'residual':
      case 'skip':
        return parametersOfList(`${key}.${layer.name}`, layer.layers);
      case 'conv':
      case 'transposed':
      case 'resized':
        return ofConvolution(key, layer, biasCancels(layers, index));
      case 'groupNorm':
      case 'batchNorm':
        return ofNorm(key, layer);
      default:
        return [];
    }
  });
}

function ofConvolution(key: string, layer: ConvolutionLayer, cancels: boolean): Parameter[] {
  const weight = { key: `${key}.weight`, shape: kernelShape(layer), role: 'weight', cancels: false } as const;
  const bias = { key: `${key}.bias`, shape: [layer.outputs], role: 'bias', cancels } as const;
  return layer.bias ? [weight, bias] : [weight];
}

function ofNorm(key: string, { op, channels }: NormLayer): Parameter[] {
  const parameter = (name: string, role: Parameter['role']): Parameter => {
    return { key: `${key}.${name}`, shape: [channels], role, cancels: false };
  };
  const statistics = op === 'batchNorm' ? statisticNames.map(name => parameter(name, 'statistic')) : [];
  return [parameter('weight', 'scale'), parameter('bias', 'bias'), ...statistics];
}

/** As CUT names them: `mlp_0.0.weight`, `mlp_0.2.bias`; place 1 is the activation. */
function ofProjection({ channels, width }: ProjectionSpec): Parameter[] {
  return channels.flatMap((inputs, head) =>
    [
      { place: 0, shape: [width, inputs] },
      { place: 2, shape: [width, width] },
    ].flatMap(({ place, shape }): Parameter[] => [
      { key: `mlp_${head}.${place}.weight`, shape, role: 'weight', cancels: false },
      { key: `mlp_${head}.${place}.bias`, shape: [width], role: 'bias', cancels: false },
    ]),
  );
}
