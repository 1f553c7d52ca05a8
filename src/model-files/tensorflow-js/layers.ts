/**
 * Keras' layers as ONNX nodes, by class name: those that image networks have, and the layers of their own that known
 * upscalers and CycleGANs bring. A class that is not here is refused by name, rather than guessed at.
 */
import {
  activated,
  convolution,
  depthwiseConvolution,
  separableConvolution,
  transposedConvolution,
} from './convolution-layers.js';
import type { LayerContext, LayerValue } from './layer-values.js';

type Rule = (context: LayerContext) => LayerValue;

const same: Rule = ({ x }) => x;

const rules: Readonly<Record<string, Rule>> = {
  Conv2D: convolution,
  Conv2DTranspose: transposedConvolution,
  DepthwiseConv2D: depthwiseConvolution,
  SeparableConv2D: separableConvolution,
  Activation: context => activated(context, context.x),
  ReLU: rectified,
  LeakyReLU: context =>
    unary(context, 'LeakyRelu', { alpha: context.number('alpha', context.number('negative_slope', 0.3)) }),
  ELU: context => unary(context, 'Elu', { alpha: context.number('alpha', 1) }),
  PReLU: parametricRelu,
  BatchNormalization: batchNormalisation,
  InstanceNormalization: instanceNormalisation,
  Add: context => joined(context, 'Add'),
  Subtract: context => joined(context, 'Sub'),
  Multiply: context => joined(context, 'Mul'),
  Maximum: context => joined(context, 'Max'),
  Minimum: context => joined(context, 'Min'),
  Average: averaged,
  Concatenate: concatenated,
  UpSampling2D: upsampled,
  ZeroPadding2D: context => padded(context, 'constant'),
  ReflectionPadding2D: context => padded(context, 'reflect'),
  Cropping2D: cropped,
  MaxPooling2D: context => pooled(context, 'MaxPool'),
  AveragePooling2D: context => pooled(context, 'AveragePool'),
  Rescaling: context => scaled(context, context.number('scale', 1), context.number('offset', 0)),
  // Of upscalers (ESRGAN in @upscalerjs).
  MultiplyBeta: context => scaled(context, context.number('beta', 0.2), 0),
  PixelShuffle2x: context => shuffled(context, 2),
  PixelShuffle3x: context => shuffled(context, 3),
  PixelShuffle4x: context => shuffled(context, 4),
  PixelShuffle8x: context => shuffled(context, 8),
  Dropout: same,
  SpatialDropout2D: same,
  GaussianNoise: same,
  GaussianDropout: same,
};

/** @throws CycleboxError MODEL_INVALID for a class or setting that is not known here */
export function emitLayer(kind: string, context: LayerContext): LayerValue {
  const name = kind.replace(/^(?:Addons|Custom|tfa|keras_contrib)>/, '');
  const rule = Object.hasOwn(rules, name) ? rules[name]! : undefined;
  if (!rule) throw context.refuse('is of a kind that is not known here');
  if (context.text('data_format', 'channels_last') !== 'channels_last') throw context.refuse('has its channels first');
  return rule(context);
}

function unary({ emitter, x }: LayerContext, op: string, attributes: Readonly<Record<string, number>>): LayerValue {
  return { ...x, name: emitter.node(op, [x.name], attributes) };
}

function rectified(context: LayerContext): LayerValue {
  const { emitter, x, settings } = context;
  if (context.number('threshold', 0) !== 0) throw context.refuse('has a threshold');
  const slope = context.number('negative_slope', 0);
  const most = settings['max_value'];
  const name = slope === 0 ? emitter.node('Relu', [x.name]) : emitter.node('LeakyRelu', [x.name], { alpha: slope });
  return { ...x, name: typeof most === 'number' ? emitter.node('Min', [name, emitter.filled(most)]) : name };
}

/** A slope for each channel, or for each pixel, which no size but one would have. */
function parametricRelu(context: LayerContext): LayerValue {
  const { emitter, x } = context;
  const { data } = context.weight('alpha', 3);
  if (data.length !== x.channels) throw context.refuse('has slopes for each pixel');
  return { ...x, name: emitter.node('PRelu', [x.name, emitter.floats(data, [x.channels, 1, 1])]) };
}

/** In use: by the moving averages. */
function batchNormalisation(context: LayerContext): LayerValue {
  const { emitter, x } = context;
  const named = (name: string, otherwise: number) =>
    context.vector(name, x.channels) ?? emitter.filled(otherwise, [x.channels]);
  const inputs = [x.name, named('gamma', 1), named('beta', 0), named('moving_mean', 0), named('moving_variance', 1)];
  return { ...x, name: emitter.node('BatchNormalization', inputs, { epsilon: context.number('epsilon', 1e-3) }) };
}

/** Of keras-contrib, TensorFlow Addons, and as Keras' CycleGAN examples write it (`scale` and `offset`). */
function instanceNormalisation(context: LayerContext): LayerValue {
  const { emitter, x } = context;
  const named = (names: readonly string[], otherwise: number) =>
    names.map(name => context.vector(name, x.channels)).find(value => value !== undefined) ??
    emitter.filled(otherwise, [x.channels]);
  const inputs = [x.name, named(['gamma', 'scale'], 1), named(['beta', 'offset'], 0)];
  return { ...x, name: emitter.node('InstanceNormalization', inputs, { epsilon: context.number('epsilon', 1e-3) }) };
}

function joined(context: LayerContext, op: string): LayerValue {
  const [first, ...others] = context.inputs;
  if (!first || others.length === 0) throw context.refuse('joins fewer than two values');
  const name = others.reduce((value, other) => context.emitter.node(op, [value, other.name]), first.name);
  return { channels: Math.max(...context.inputs.map(({ channels }) => channels)), name };
}

function averaged(context: LayerContext): LayerValue {
  const sum = joined(context, 'Add');
  return { ...sum, name: context.emitter.node('Mul', [sum.name, context.emitter.filled(1 / context.inputs.length)]) };
}

function concatenated(context: LayerContext): LayerValue {
  const axis = context.number('axis', -1);
  if (axis !== -1 && axis !== 3) throw context.refuse(`joins along axis ${axis}, and not along the channels`);
  const names = context.inputs.map(({ name }) => name);
  const channels = context.inputs.reduce((sum, each) => sum + each.channels, 0);
  return { name: context.emitter.node('Concat', names, { axis: 1 }), channels };
}

function upsampled(context: LayerContext): LayerValue {
  const { emitter, x } = context;
  const [down, across] = context.pair('size', 2);
  const scales = emitter.floats(Float32Array.of(1, 1, down, across), [4]);
  const by = context.text('interpolation', 'nearest');
  if (by !== 'nearest' && by !== 'bilinear') throw context.refuse(`interpolates "${by}"`);
  const attributes =
    by === 'nearest'
      ? { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }
      : { mode: 'linear', coordinate_transformation_mode: 'half_pixel' };
  return { ...x, name: emitter.node('Resize', [x.name, '', scales], attributes) };
}

function padded(context: LayerContext, mode: string): LayerValue {
  const { emitter, x } = context;
  const [top, bottom, left, right] = context.borders('padding');
  const pads = emitter.integers([0, 0, top, left, 0, 0, bottom, right]);
  return { ...x, name: emitter.node('Pad', [x.name, pads], { mode }) };
}

function cropped(context: LayerContext): LayerValue {
  const { emitter, x } = context;
  const [top, bottom, left, right] = context.borders('cropping');
  const end = (cells: number) => (cells === 0 ? 2 ** 31 - 1 : -cells);
  const bounds = [emitter.integers([top, left]), emitter.integers([end(bottom), end(right)]), emitter.integers([2, 3])];
  return { ...x, name: emitter.node('Slice', [x.name, ...bounds]) };
}

function pooled(context: LayerContext, op: string): LayerValue {
  const { emitter, x } = context;
  const sides = context.pair('pool_size', 2);
  const strides = context.settings['strides'] == null ? sides : context.pair('strides', 2);
  const isSame = context.text('padding', 'valid') === 'same';
  const attributes = { kernel_shape: sides, strides, ...(isSame && { auto_pad: 'SAME_UPPER' }) };
  return { ...x, name: emitter.node(op, [x.name], attributes) };
}

function scaled({ emitter, x }: LayerContext, factor: number, summand: number): LayerValue {
  const product = factor === 1 ? x.name : emitter.node('Mul', [x.name, emitter.filled(factor)]);
  return { ...x, name: summand === 0 ? product : emitter.node('Add', [product, emitter.filled(summand)]) };
}

/** TensorFlow's depthToSpace. */
function shuffled(context: LayerContext, factor: number): LayerValue {
  const { emitter, x } = context;
  if (x.channels % factor ** 2 !== 0) throw context.refuse(`cannot make pixels of ${x.channels} channels`);
  const name = emitter.node('DepthToSpace', [x.name], { blocksize: factor, mode: 'DCR' });
  return { name, channels: x.channels / factor ** 2 };
}
