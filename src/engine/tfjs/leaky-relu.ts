/**
 * The leaky rectifier and its gradient on TensorFlow.js, each as what the backend is fast at: WebAssembly computes
 * LeakyRelu element by element and Relu in vectors, and the native backends make Step of eight operations.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Tensorflow } from './installation.js';
import { inLayout, type LaidOutSlot, type LoweringContext } from './lowering-context.js';

export function lowerLeakyRelu({
  builder,
  device,
  inputs: [x],
  attributes: { slope },
}: LoweringContext<'leakyRelu'>): LaidOutSlot {
  const rectify = slope !== 0 && device.isWebAssembly ? byParts : byOneKernel;
  const slot = builder.call(`leakyRelu ${slope}`, [x!.slot], (tf, [value]) => rectify(tf, value!, slope));
  return { slot, layout: x!.layout };
}

/** (x, dy): `x > 0 ? dy : slope · dy`. What depends on x alone is a call of its own, which several gradients share. */
export function lowerLeakyReluGrad(context: LoweringContext<'leakyReluGrad'>): LaidOutSlot {
  const { builder, device, inputs, attributes } = context;
  const { slope } = attributes;
  const [x, dy] = inputs;
  const { layout } = dy!;
  const source = inLayout(builder, x!, layout);
  if (!device.isNative) {
    const factor = builder.call(`step ${slope}`, [source], (tf, [value]) => tf.step(value!, slope));
    return { slot: builder.call('mul', [dy!.slot, factor], (tf, [a, b]) => tf.mul(a!, b!)), layout };
  }
  const positive = builder.call('greater', [source, builder.scalar(0)], (tf, [a, b]) => tf.greater(a!, b!));
  if (slope === 0) {
    const factor = builder.call('cast', [positive], (tf, [value]) => tf.cast(value!, 'float32'));
    return { slot: builder.call('mul', [dy!.slot, factor], (tf, [a, b]) => tf.mul(a!, b!)), layout };
  }
  const slot = builder.call(`chosen ${slope}`, [positive, dy!.slot, builder.scalar(slope)], (tf, [where, value, by]) =>
    tf.where(where!, value!, tf.mul(value!, by!)),
  );
  return { slot, layout };
}

function byOneKernel(tf: Tensorflow, x: Tensor, slope: number): Tensor {
  return slope === 0 ? tf.relu(x) : tf.leakyRelu(x, slope);
}

function byParts(tf: Tensorflow, x: Tensor, slope: number): Tensor {
  return tf.sub(tf.relu(x), tf.mul(tf.relu(tf.neg(x)), slope));
}
