/**
 * Instance normalisation on TensorFlow.js. Means and deviations are calls of their own, so that a norm and its gradient
 * share them.
 */

import { axisInLayout } from './layout.js';
import { inLayout, type LaidOutSlot, type LoweringContext } from './lowering-context.js';
import type { PlanBuilder, Slot } from './plan-builder.js';
import { reduce } from './reductions.js';
import type { TfjsDevice } from './tfjs-device.js';

export function lowerInstanceNorm({
  builder,
  device,
  inputs: [x],
  attributes: { epsilon },
}: LoweringContext<'instanceNorm'>): LaidOutSlot {
  const { slot, layout } = x!;
  return { slot: new Normalised(builder, device, slot, spatial(layout), epsilon).y, layout };
}

/** `r · (dy - mean(dy) - y · mean(dy · y))`, with y the normalised x and r = 1/sqrt(variance + epsilon). */
export function lowerInstanceNormGrad({
  builder,
  device,
  inputs,
  attributes,
}: LoweringContext<'instanceNormGrad'>): LaidOutSlot {
  const [x, dy] = inputs;
  const { layout } = x!;
  const axes = spatial(layout);
  const { y, r } = new Normalised(builder, device, x!.slot, axes, attributes.epsilon);
  const adjoint = inLayout(builder, dy!, layout);
  const along = multiply(builder, y, reduce(builder, device, 'mean', multiply(builder, adjoint, y), axes));
  const centred = subtract(builder, adjoint, reduce(builder, device, 'mean', adjoint, axes));
  return { slot: multiply(builder, subtract(builder, centred, along), r), layout };
}

class Normalised {
  readonly y: Slot;
  /** `1 / sqrt(variance + epsilon)` */
  readonly r: Slot;

  constructor(builder: PlanBuilder, device: TfjsDevice, x: Slot, axes: readonly number[], epsilon: number) {
    const centred = subtract(builder, x, reduce(builder, device, 'mean', x, axes));
    const variance = reduce(builder, device, 'mean', multiply(builder, centred, centred), axes);
    const shifted = builder.call('add', [variance, builder.scalar(epsilon)], (tf, [a, b]) => tf.add(a!, b!));
    this.r = builder.call('rsqrt', [shifted], (tf, [value]) => tf.rsqrt(value!));
    this.y = multiply(builder, centred, this.r);
  }
}

function spatial(layout: LaidOutSlot['layout']): readonly number[] {
  return [axisInLayout(2, layout), axisInLayout(3, layout)].sort((a, b) => a - b);
}

function multiply(builder: PlanBuilder, a: Slot, b: Slot): Slot {
  return builder.call('mul', [a, b], (tf, [left, right]) => tf.mul(left!, right!));
}

function subtract(builder: PlanBuilder, a: Slot, b: Slot): Slot {
  return builder.call('sub', [a, b], (tf, [left, right]) => tf.sub(left!, right!));
}
