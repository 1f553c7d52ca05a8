/**
 * The networks as trees of layers that mirror PyTorch's module trees, dropout included: a layer's place in its list is
 * its index in nn.Sequential, so keys follow from structure. Everything else about networks derives from these tables.
 */
import type { NetworkSpec, PatchSpec, PixelSpec, ResnetSpec, UnetSpec } from './spec.js';

export interface ConvolutionLayer {
  /**
   * `transposed` and `resized` double sizes; their kernels are `[in, out, kh, kw]` where `conv` has `[out, in, kh, kw]`.
   * `resized` is nearest-neighbour doubling and then a 3×3 convolution (Odena et al. 2016).
   */
  readonly op: 'conv' | 'transposed' | 'resized';
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  /** Zeros around. */
  readonly padding: number;
  /** Of the transposed convolution only. */
  readonly outputPadding: number;
}

export type Layer =
  | ConvolutionLayer
  | { readonly op: 'reflectPad'; readonly cells: number }
  | { readonly op: 'instanceNorm' }
  | { readonly op: 'leakyRelu'; readonly slope: number }
  | { readonly op: 'tanh' }
  | { readonly op: 'dropout' }
  /** `residual`: x + f(x). `skip`: channels of x, then of f(x). `name` is the inner list's place in the key. */
  | { readonly op: 'residual' | 'skip'; readonly name: string; readonly layers: readonly Layer[] };

export interface LayerTable {
  /** Key of the outermost list. */
  readonly prefix: string;
  readonly layers: readonly Layer[];
}

const norm: Layer = { op: 'instanceNorm' };
const relu: Layer = { op: 'leakyRelu', slope: 0 };
const leaky: Layer = { op: 'leakyRelu', slope: 0.2 };
const tanh: Layer = { op: 'tanh' };
const dropout: Layer = { op: 'dropout' };

export function layersOf(spec: NetworkSpec): LayerTable {
  switch (spec.kind) {
    case 'resnet':
      return { prefix: 'model', layers: resnet(spec) };
    case 'unet':
      return { prefix: 'model.model', layers: unet(spec) };
    case 'patch':
      return { prefix: 'model', layers: patch(spec) };
    case 'pixel':
      return { prefix: 'net', layers: pixel(spec) };
    default:
      return spec satisfies never;
  }
}

function resnet(spec: ResnetSpec): Layer[] {
  const { width } = spec;
  const doubling = (inputs: number, outputs: number) =>
    spec.upsample === 'resize' ? resized(inputs, outputs) : transposed(inputs, outputs, 3, 1);
  const block: Layer = { op: 'residual', name: 'conv_block', layers: residualBlock(4 * width, spec.dropout) };
  return [
    reflect(3),
    ...[conv(spec.inputChannels, width, 7), norm, relu],
    ...[conv(width, 2 * width, 3, 2, 1), norm, relu],
    ...[conv(2 * width, 4 * width, 3, 2, 1), norm, relu],
    ...Array.from({ length: spec.blocks }, () => block),
    ...[doubling(4 * width, 2 * width), norm, relu],
    ...[doubling(2 * width, width), norm, relu],
    reflect(3),
    conv(width, spec.outputChannels, 7),
    tanh,
  ];
}

function residualBlock(channels: number, withDropout: boolean): Layer[] {
  const half = [reflect(1), conv(channels, channels, 3), norm];
  return [...half, relu, ...(withDropout ? [dropout] : []), ...half];
}

function unet(spec: UnetSpec): Layer[] {
  const { width, levels } = spec;
  const channels = (level: number) => width * 2 ** Math.min(level, 3);
  const deepest = channels(levels - 1);
  const outerOf = (level: number) => channels(level - 1);
  let inner: Layer[] = [leaky, conv(outerOf(levels - 1), deepest, 4, 2, 1), relu];
  inner.push(transposed(deepest, outerOf(levels - 1), 4), norm);
  for (let level = levels - 2; level >= 1; level--) {
    const [outer, own] = [outerOf(level), channels(level)];
    inner = [leaky, conv(outer, own, 4, 2, 1), norm, skip(inner), relu, transposed(2 * own, outer, 4), norm];
  }
  const first = conv(spec.inputChannels, width, 4, 2, 1);
  return [first, skip(inner), relu, transposed(2 * width, spec.outputChannels, 4), tanh];
}

function patch({ layers, width, inputChannels }: PatchSpec): Layer[] {
  const channels = (layer: number) => width * 2 ** Math.min(layer, 3);
  const table: Layer[] = [conv(inputChannels, width, 4, 2, 1), leaky];
  for (let layer = 1; layer <= layers; layer++) {
    table.push(conv(channels(layer - 1), channels(layer), 4, layer < layers ? 2 : 1, 1), norm, leaky);
  }
  return [...table, conv(channels(layers), 1, 4, 1, 1)];
}

function pixel({ width, inputChannels }: PixelSpec): Layer[] {
  return [conv(inputChannels, width, 1), leaky, conv(width, 2 * width, 1), norm, leaky, conv(2 * width, 1, 1)];
}

function conv(inputs: number, outputs: number, kernel: number, stride = 1, padding = 0): ConvolutionLayer {
  return { op: 'conv', inputs, outputs, kernel, stride, padding, outputPadding: 0 };
}

/** Stride 2 and padding 1: exactly doubles the size. */
function transposed(inputs: number, outputs: number, kernel: 3 | 4, outputPadding = 0): ConvolutionLayer {
  return { op: 'transposed', inputs, outputs, kernel, stride: 2, padding: 1, outputPadding };
}

function resized(inputs: number, outputs: number): ConvolutionLayer {
  return { op: 'resized', inputs, outputs, kernel: 3, stride: 1, padding: 1, outputPadding: 0 };
}

function reflect(cells: number): Layer {
  return { op: 'reflectPad', cells };
}

function skip(layers: readonly Layer[]): Layer {
  return { op: 'skip', name: 'model', layers };
}
