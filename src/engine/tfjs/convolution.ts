/**
 * The three convolutions on TensorFlow.js, NHWC. Zeros are padded by a call of their own: the native backends convolve
 * with `valid` and `same` padding only. Backends without a kernel for the weight gradient get it as matrix products;
 * where the input gradient's kernel is a plain loop, it is spelt as a convolution.
 */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import type { Convolution, Padding } from '../../graph/index.js';
import { concreteShape } from '../graph-shapes.js';
import { inputGradient, weightGradient } from './convolution-gradients.js';
import type { Tensorflow } from './installation.js';
import { inLayout, type LaidOutSlot, type LoweringContext } from './lowering-context.js';
import { spatialPads } from './padding.js';

export function lowerConv2d({
  builder,
  inputs: [x, w],
  attributes: { stride, padding },
}: LoweringContext<'conv2d'>): LaidOutSlot {
  const image = padded({ builder }, inLayout(builder, x!, 'image'), padding);
  const slot = builder.call(`conv2d ${stride}`, [image, inLayout(builder, w!, 'kernel')], (tf, [input, kernel]) =>
    tf.conv2d(input as Tensor4D, kernel as Tensor4D, [...stride], 'valid'),
  );
  return { slot, layout: 'image' };
}

export function lowerConv2dInputGrad(context: LoweringContext<'conv2dInputGrad'>): LaidOutSlot {
  const { builder, device, inputs, attributes, shape } = context;
  const factors = [inLayout(builder, inputs[0]!, 'image'), inLayout(builder, inputs[1]!, 'kernel')];
  const gradient = device.isWebAssembly ? inputGradient : byBackprop;
  const size = JSON.stringify(attributes.size);
  const slot = builder.call(
    `conv2dInputGrad ${attributes.stride} ${attributes.padding} ${size}`,
    factors,
    (tf, [dy, w], sizes) => {
      const [, , height, width] = concreteShape(shape, sizes);
      return gradient(tf, dy!, w!, attributes, [height!, width!]);
    },
    attributes.size.some(cells => typeof cells !== 'number'),
  );
  return { slot, layout: 'image' };
}

export function lowerConv2dWeightGrad(context: LoweringContext<'conv2dWeightGrad'>): LaidOutSlot {
  const { builder, device, inputs, attributes } = context;
  const { stride, padding, kernel } = attributes;
  const image = padded(context, inLayout(builder, inputs[0]!, 'image'), padding);
  const gradient = device.has('Conv2DBackpropFilter') ? byFilterKernel : weightGradient;
  const slot = builder.call(
    `conv2dWeightGrad ${stride} [${kernel}]`,
    [image, inLayout(builder, inputs[1]!, 'image')],
    (tf, [x, dy]) => gradient(tf, x!, dy!, stride, kernel),
  );
  return { slot, layout: 'kernel' };
}

function padded({ builder }: Pick<LoweringContext<'conv2d'>, 'builder'>, image: number, padding: Padding): number {
  if (padding.every(cells => cells === 0)) return image;
  const pads = spatialPads(padding, 'image');
  return builder.call(`pad ${pads.join(' ')}`, [image], (tf, [x]) => tf.pad(x!, pads));
}

type InputGradient = (
  tf: Tensorflow,
  dy: Tensor,
  w: Tensor,
  convolution: Convolution,
  size: readonly [number, number],
) => Tensor;

/** The gradient of the padded image, with its border cut off. */
const byBackprop: InputGradient = (tf, dy, w, { stride, padding: [top, left, bottom, right] }, [height, width]) => {
  const [batch, channels] = [dy.shape[0]!, w.shape[2]!];
  const whole: [number, number, number, number] = [batch, top + height + bottom, left + width + right, channels];
  const full = tf.conv2dTranspose(dy as Tensor4D, w as Tensor4D, whole, [...stride], 'valid');
  return tf.slice(full, [0, top, left, 0], [batch, height, width, channels]);
};

type WeightGradient = (
  tf: Tensorflow,
  x: Tensor,
  dy: Tensor,
  stride: readonly [number, number],
  kernel: readonly [number, number],
) => Tensor;

const byFilterKernel: WeightGradient = (tf, x, dy, stride, kernel) => {
  const filterShape = [...kernel, x.shape[3]!, dy.shape[3]!];
  const attributes = {
    strides: [...stride],
    pad: 'valid',
    dataFormat: 'NHWC',
    dimRoundingMode: undefined,
    filterShape,
  };
  return tf.engine().runKernel<Tensor>('Conv2DBackpropFilter', { x, dy }, attributes as never);
};
