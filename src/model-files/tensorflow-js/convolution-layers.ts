/** Keras' layers with kernels as ONNX nodes: convolutions, transposed and depthwise ones, each with its bias and activation. */
import { activationNamed } from './activations.js';
import { type LayerContext, type LayerValue, transposedKernel } from './layer-values.js';

export function convolution(context: LayerContext): LayerValue {
  const { emitter, x } = context;
  const kernel = transposedKernel(context.weight('kernel', 4), [3, 2, 0, 1]);
  const groups = x.channels / kernel.shape[1]!;
  if (!Number.isInteger(groups)) throw context.refuse(`takes ${kernel.shape[1]} channels, and gets ${x.channels}`);
  const inputs = [x.name, emitter.floats(kernel.data, kernel.shape)];
  const name = emitter.node('Conv', withBias(context, inputs, kernel.shape[0]!), {
    ...geometry(context, kernel.shape.slice(2)),
    group: groups,
  });
  return activated(context, { name, channels: kernel.shape[0]! });
}

/** The result is `stride` times as large, or larger by what the kernel reaches over where nothing is padded. */
export function transposedConvolution(context: LayerContext): LayerValue {
  const { emitter, x } = context;
  const kernel = transposedKernel(context.weight('kernel', 4), [3, 2, 0, 1]);
  if (kernel.shape[0] !== x.channels) throw context.refuse(`takes ${kernel.shape[0]} channels, and gets ${x.channels}`);
  if (context.settings['output_padding'] != null) throw context.refuse('has an output_padding of its own');
  const sides = kernel.shape.slice(2);
  const strides = context.pair('strides', 1);
  const inputs = [x.name, emitter.floats(kernel.data, kernel.shape)];
  const name = emitter.node('ConvTranspose', withBias(context, inputs, kernel.shape[1]!), {
    kernel_shape: sides,
    strides,
    ...(isSame(context) && samePads(sides, strides)),
  });
  return activated(context, { name, channels: kernel.shape[1]! });
}

/** What of a kernel reaches over is cut off, the smaller half before; what is missing is added behind. */
export function samePads(sides: readonly number[], strides: readonly number[]) {
  const reach = sides.map((side, axis) => side - strides[axis]!);
  const cut = reach.map(cells => Math.max(0, cells));
  const before = cut.map(cells => Math.floor(cells / 2));
  return {
    pads: [...before, ...cut.map((cells, axis) => cells - before[axis]!)],
    output_padding: reach.map(cells => Math.max(0, -cells)),
  };
}

export function depthwiseConvolution(context: LayerContext): LayerValue {
  return activated(context, depthwise(context, 'depthwise_kernel', true));
}

/** Depthwise, and then across the channels. */
export function separableConvolution(context: LayerContext): LayerValue {
  const { emitter } = context;
  const { name: apart } = depthwise(context, 'depthwise_kernel', false);
  const kernel = transposedKernel(context.weight('pointwise_kernel', 4), [3, 2, 0, 1]);
  const inputs = [apart, emitter.floats(kernel.data, kernel.shape)];
  const name = emitter.node('Conv', withBias(context, inputs, kernel.shape[0]!), { kernel_shape: [1, 1] });
  return activated(context, { name, channels: kernel.shape[0]! });
}

/** `[kh, kw, channels, times]`: each channel has kernels of its own. */
function depthwise(context: LayerContext, weight: string, biased: boolean): LayerValue {
  const { emitter, x } = context;
  const kernel = transposedKernel(context.weight(weight, 4), [2, 3, 0, 1]);
  const channels = kernel.shape[0]! * kernel.shape[1]!;
  if (kernel.shape[0] !== x.channels) throw context.refuse(`takes ${kernel.shape[0]} channels, and gets ${x.channels}`);
  const sides = kernel.shape.slice(2);
  const inputs = [x.name, emitter.floats(kernel.data, [channels, 1, ...sides])];
  const name = emitter.node('Conv', biased ? withBias(context, inputs, channels) : inputs, {
    ...geometry(context, sides),
    group: x.channels,
  });
  return { name, channels };
}

function withBias(context: LayerContext, inputs: readonly string[], channels: number): readonly string[] {
  if (context.settings['use_bias'] === false) return inputs;
  const bias = context.vector('bias', channels);
  return bias === undefined ? inputs : [...inputs, bias];
}

function geometry(context: LayerContext, sides: readonly number[]) {
  const [strides, dilations] = [context.pair('strides', 1), context.pair('dilation_rate', 1)];
  return { kernel_shape: sides, strides, dilations, ...(isSame(context) && sameBorders(sides, strides, dilations)) };
}

/** As many results as places, divided by the stride; with a stride, how many cells that takes depends on the size. */
export function sameBorders(sides: readonly number[], strides: readonly number[], dilations: readonly number[]) {
  if (strides.some(stride => stride !== 1)) return { auto_pad: 'SAME_UPPER' };
  const reach = sides.map((side, axis) => (side - 1) * dilations[axis]!);
  return { pads: [...reach.map(cells => Math.floor(cells / 2)), ...reach.map(cells => Math.ceil(cells / 2))] };
}

/** @throws CycleboxError MODEL_INVALID for paddings that no image network has */
function isSame(context: LayerContext): boolean {
  const padding = context.text('padding', 'valid');
  if (padding === 'same' || padding === 'valid') return padding === 'same';
  throw context.refuse(`has the padding "${padding}"`);
}

export function activated(context: LayerContext, value: LayerValue): LayerValue {
  const name = context.text('activation', 'linear');
  const activation = activationNamed(name);
  if (!activation) throw context.refuse(`has the activation "${name}", which is not known here`);
  return { ...value, name: activation(context.emitter, value.name) };
}
