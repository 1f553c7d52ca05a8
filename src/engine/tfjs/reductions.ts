/**
 * Sums and means over axes. Where a backend adds the elements up one after the other in float32, one axis is reduced
 * after the other: the running sums stay short, and what rounding takes from long ones stays.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { PlanBuilder, Slot } from './plan-builder.js';
import type { TfjsDevice } from './tfjs-device.js';

export type Reduction = 'sum' | 'mean';

/** Over places in memory; the axes stay with size 1. */
export function reduce(
  builder: PlanBuilder,
  device: TfjsDevice,
  name: Reduction,
  x: Slot,
  places: readonly number[],
): Slot {
  const steps = device.accumulatesInFloat32 ? [...places].sort((a, b) => b - a).map(place => [place]) : [[...places]];
  return builder.call(`${name} ${places}`, [x], (tf, [value]) =>
    steps.reduce<Tensor>((partial, axes) => tf[name](partial, axes, true), value!),
  );
}
