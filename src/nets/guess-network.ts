/**
 * What a network may be, from a few tell-tale tensors of its state_dict. Only a guess: who asks holds every key and shape
 * against it.
 */
import type { NetworkSpec } from './spec.js';

/** Tensors by key; their values do not matter. */
export type ShapedTensors = Readonly<Record<string, { readonly shape: readonly number[] }>>;

/** Networks that look like ours but are not, in words that help. */
export function explainForeign(tensors: ShapedTensors): string | undefined {
  const keys = Object.keys(tensors);
  if (keys.some(key => key.endsWith('.filt'))) {
    return 'it is a network of CUT or FastCUT, whose anti-aliased sampling layers are not supported. Train with --no_antialias --no_antialias_up, or use CycleGAN weights';
  }
  const scale = keys.find(key => key.endsWith('.weight') && tensors[key]!.shape.length === 1 && !hasStatistics(key));
  if (scale !== undefined) {
    return `it has normalisation layers with weights of their own (${scale}) and without running statistics. Of foreign networks, those with InstanceNorm without weights (--norm instance) and those with BatchNorm and its running_mean and running_var (--norm batch) are supported`;
  }
  return undefined;

  function hasStatistics(key: string): boolean {
    const layer = key.slice(0, -'.weight'.length);
    return ['running_mean', 'running_var'].every(name => Object.hasOwn(tensors, `${layer}.${name}`));
  }
}

export function guessNetwork(tensors: ShapedTensors): NetworkSpec | undefined {
  const keys = Object.keys(tensors);
  if (keys.some(key => key.startsWith('net.'))) return guessPixel(tensors);
  if (keys.some(key => key.startsWith('model.model.'))) return guessUnet(tensors, keys);
  if (keys.some(key => key.includes('.conv_block.'))) return guessResnet(tensors, keys);
  return guessSequence(tensors, keys);
}

function guessPixel(tensors: ShapedTensors): NetworkSpec | undefined {
  const first = kernelOf(tensors, 'net.0.weight');
  return first && { kind: 'pixel', width: first[0], inputChannels: first[1], ...normOf(tensors) };
}

function guessUnet(tensors: ShapedTensors, keys: readonly string[]): NetworkSpec | undefined {
  const first = kernelOf(tensors, 'model.model.0.weight');
  const last = kernelOf(tensors, 'model.model.3.weight');
  const deepest = Math.max(...keys.map(key => key.split('.model').length));
  const levels = deepest - 1;
  if (!first || !last || levels < 5) return undefined;
  const [width, inputChannels] = first;
  const [, outputChannels, cells] = last;
  const upsample = cells === 3 ? ({ upsample: 'resize' } as const) : {};
  return {
    kind: 'unet',
    levels,
    width,
    inputChannels,
    outputChannels,
    dropout: false,
    ...upsample,
    ...normOf(tensors),
  };
}

function guessResnet(tensors: ShapedTensors, keys: readonly string[]): NetworkSpec | undefined {
  const first = kernelOf(tensors, 'model.1.weight');
  const last = kernelOf(tensors, `model.${lastIndex(keys)}.weight`);
  const blocks = new Set(keys.filter(key => key.includes('.conv_block.')).map(key => key.split('.')[1])).size;
  if (!first || !last) return undefined;
  const dropout = kernelOf(tensors, 'model.10.conv_block.6.weight') !== undefined;
  const [width, inputChannels] = first;
  return { kind: 'resnet', blocks, width, inputChannels, outputChannels: last[0], dropout, ...normOf(tensors) };
}

/** A PatchGAN, or an image discriminator, which ends in a 1×1 kernel. */
function guessSequence(tensors: ShapedTensors, keys: readonly string[]): NetworkSpec | undefined {
  const kernels = keys.filter(key => indexOf(key) >= 0 && kernelOf(tensors, key));
  const first = kernelOf(tensors, 'model.0.weight');
  const last = kernelOf(tensors, `model.${lastIndex(kernels)}.weight`);
  if (!first || !last) return undefined;
  const kind = last[2] === 1 ? 'image' : 'patch';
  const layers = kernels.length - (kind === 'image' ? 1 : 2);
  const downsample = blurs(kernels) ? ({ downsample: 'blur' } as const) : {};
  const [width, inputChannels] = first;
  return layers >= 1 ? { kind, layers, width, inputChannels, ...downsample, ...normOf(tensors) } : undefined;
}

/** Whether there is a layer more between the first two kernels; before the second of only two there is a mean as well. */
function blurs(kernels: readonly string[]): boolean {
  const second = Math.min(...kernels.map(indexOf).filter(index => index > 0));
  return second > (kernels.length === 2 ? 3 : 2);
}

/** Running statistics beside weights are BatchNorm's; those of InstanceNorm are gone by now. */
function normOf(tensors: ShapedTensors): { readonly norm?: 'batch' } {
  return Object.keys(tensors).some(key => key.endsWith('.running_mean')) ? { norm: 'batch' } : {};
}

function lastIndex(keys: readonly string[]): number {
  return keys.reduce((last, key) => Math.max(last, indexOf(key)), 0);
}

/** Of the weight of a layer of the outermost list; -1 for other keys. */
function indexOf(key: string): number {
  return Number(/^model\.(\d{1,6})\.weight$/.exec(key)?.[1] ?? -1);
}

/** First three sizes of a convolution's kernel, all at least 1. */
function kernelOf(tensors: ShapedTensors, key: string): readonly [number, number, number] | undefined {
  const shape = Object.hasOwn(tensors, key) ? tensors[key]!.shape : [];
  const [a = 0, b = 0, cells = 0] = shape;
  return shape.length === 4 && a > 0 && b > 0 && cells > 0 ? [a, b, cells] : undefined;
}
