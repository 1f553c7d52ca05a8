/**
 * The networks as trees of layers that mirror PyTorch's module trees, dropout included: a layer's place in its list is
 * its index in nn.Sequential, so keys follow from structure. Everything else about networks derives from these tables.
 */
import type { Downsampling, ImageSpec, NetworkSpec, Norm, PatchSpec, PixelSpec, ResnetSpec, UnetSpec } from './spec.js';

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
  /** Whether PyTorch's layer has one. */
  readonly bias: boolean;
}

export interface NormLayer {
  readonly op: 'groupNorm' | 'batchNorm';
  readonly channels: number;
}

export type Layer =
  | ConvolutionLayer
  | NormLayer
  | { readonly op: 'reflectPad'; readonly cells: number }
  | { readonly op: 'instanceNorm' }
  | { readonly op: 'leakyRelu'; readonly slope: number }
  | { readonly op: 'tanh' }
  /** Every other value of the blurred map. */
  | { readonly op: 'blur' }
  /** Of each channel, over height and width. */
  | { readonly op: 'mean' }
  /** Nothing, in a place that counts. */
  | { readonly op: 'dropout' | 'identity' }
  /** `residual`: x + f(x). `skip`: channels of x, then of f(x). `name` is the inner list's place in the key. */
  | { readonly op: 'residual' | 'skip'; readonly name: string; readonly layers: readonly Layer[] };

export interface LayerTable {
  /** Key of the outermost list. */
  readonly prefix: string;
  readonly layers: readonly Layer[];
}

const relu: Layer = { op: 'leakyRelu', slope: 0 };
const leaky: Layer = { op: 'leakyRelu', slope: 0.2 };
const tanh: Layer = { op: 'tanh' };
const dropout: Layer = { op: 'dropout' };
const blur: Layer = { op: 'blur' };
const mean: Layer = { op: 'mean' };

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
    case 'image':
      return { prefix: 'model', layers: image(spec) };
    default:
      return spec satisfies never;
  }
}

function resnet(spec: ResnetSpec): Layer[] {
  const { width, norm } = spec;
  const doubling = (inputs: number, outputs: number) =>
    spec.upsample === 'resize' ? resized(inputs, outputs) : transposed(inputs, outputs, 3, 1);
  const block: Layer = { op: 'residual', name: 'conv_block', layers: residualBlock(4 * width, spec) };
  return [
    reflect(3),
    ...[...normalised(conv(spec.inputChannels, width, 7), norm), relu],
    ...[...normalised(conv(width, 2 * width, 3, 2, 1), norm), relu],
    ...[...normalised(conv(2 * width, 4 * width, 3, 2, 1), norm), relu],
    ...Array.from({ length: spec.blocks }, () => block),
    ...[...normalised(doubling(4 * width, 2 * width), norm), relu],
    ...[...normalised(doubling(2 * width, width), norm), relu],
    reflect(3),
    conv(width, spec.outputChannels, 7),
    tanh,
  ];
}

function residualBlock(channels: number, { norm, dropout: withDropout }: ResnetSpec): Layer[] {
  const half = [reflect(1), ...normalised(conv(channels, channels, 3), norm)];
  return [...half, relu, ...(withDropout ? [dropout] : []), ...half];
}

function unet(spec: UnetSpec): Layer[] {
  const { width, levels, norm } = spec;
  const channels = (level: number) => width * 2 ** Math.min(level, 3);
  const deepest = channels(levels - 1);
  const outerOf = (level: number) => channels(level - 1);
  const halving = (inputs: number, outputs: number) => conv(inputs, outputs, 4, 2, 1);
  const doubling = (inputs: number, outputs: number) =>
    spec.upsample === 'resize' ? resized(inputs, outputs) : transposed(inputs, outputs, 4);
  let inner: Layer[] = [leaky, biased(halving(outerOf(levels - 1), deepest), norm), relu];
  inner.push(...normalised(doubling(deepest, outerOf(levels - 1)), norm));
  for (let level = levels - 2; level >= 1; level--) {
    const [outer, own] = [outerOf(level), channels(level)];
    const [down, up] = [halving(outer, own), doubling(2 * own, outer)];
    inner = [leaky, ...normalised(down, norm), skip(inner), relu, ...normalised(up, norm)];
  }
  const first = biased(halving(spec.inputChannels, width), norm);
  return [first, skip(inner), relu, doubling(2 * width, spec.outputChannels), tanh];
}

function patch({ layers, width, inputChannels, norm, downsample }: PatchSpec): Layer[] {
  const channels = (layer: number) => width * 2 ** Math.min(layer, 3);
  const table: Layer[] = downsampled([conv(inputChannels, width, 4, 2, 1)], downsample);
  for (let layer = 1; layer < layers; layer++) {
    table.push(...downsampled(normalised(conv(channels(layer - 1), channels(layer), 4, 2, 1), norm), downsample));
  }
  table.push(...normalised(conv(channels(layers - 1), channels(layers), 4, 1, 1), norm), leaky);
  return [...table, conv(channels(layers), 1, 4, 1, 1)];
}

function pixel({ width, inputChannels, norm }: PixelSpec): Layer[] {
  const last = biased(conv(2 * width, 1, 1), norm);
  return [conv(inputChannels, width, 1), leaky, ...normalised(conv(width, 2 * width, 1), norm), leaky, last];
}

function image({ layers, width, inputChannels, norm, downsample }: ImageSpec): Layer[] {
  const channels = (layer: number) => width * 2 ** Math.min(layer, 3);
  const table: Layer[] = downsampled([conv(inputChannels, width, 4, 2, 1)], downsample);
  for (let layer = 1; layer < layers; layer++) {
    const convolution = conv(channels(layer - 1), channels(layer), 4, 2, 1);
    table.push(...downsampled(layer < layers - 1 ? normalised(convolution, norm) : [convolution], downsample));
  }
  return [...table, mean, conv(channels(layers - 1), 1, 1)];
}

/** A discriminator's halving: a 4×4 convolution of stride 2 with what normalises it, and its activation. */
function downsampled([convolution, ...norm]: readonly Layer[], downsample: Downsampling = 'stride'): Layer[] {
  if (downsample === 'stride') return [convolution!, ...norm, leaky];
  return [{ ...(convolution as ConvolutionLayer), stride: 1 }, ...norm, leaky, blur];
}

/** A convolution and what normalises its result. */
function normalised(layer: ConvolutionLayer, norm: Norm = 'instance'): [ConvolutionLayer, Layer] {
  return [biased(layer, norm), normLayer(norm, layer.outputs)];
}

/** A convolution with a bias unless the network has batch normalisation, after which the reference gives it none. */
function biased(layer: ConvolutionLayer, norm: Norm = 'instance'): ConvolutionLayer {
  return { ...layer, bias: norm !== 'batch' };
}

function normLayer(norm: Norm, channels: number): Layer {
  switch (norm) {
    case 'instance':
      return { op: 'instanceNorm' };
    case 'group':
      return { op: 'groupNorm', channels };
    case 'batch':
      return { op: 'batchNorm', channels };
    case 'none':
      return { op: 'identity' };
    default:
      return norm satisfies never;
  }
}

function conv(inputs: number, outputs: number, kernel: number, stride = 1, padding = 0): ConvolutionLayer {
  return { op: 'conv', inputs, outputs, kernel, stride, padding, outputPadding: 0, bias: true };
}

/** Stride 2 and padding 1: exactly doubles the size. */
function transposed(inputs: number, outputs: number, kernel: 3 | 4, outputPadding = 0): ConvolutionLayer {
  return { op: 'transposed', inputs, outputs, kernel, stride: 2, padding: 1, outputPadding, bias: true };
}

function resized(inputs: number, outputs: number): ConvolutionLayer {
  return { op: 'resized', inputs, outputs, kernel: 3, stride: 1, padding: 1, outputPadding: 0, bias: true };
}

function reflect(cells: number): Layer {
  return { op: 'reflectPad', cells };
}

function skip(layers: readonly Layer[]): Layer {
  return { op: 'skip', name: 'model', layers };
}
