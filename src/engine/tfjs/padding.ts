/**
 * Borders and windows on TensorFlow.js: zero and mirrored padding, slices, and their adjoints, in whatever layout the
 * value lies.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Padding, Slice } from '../../graph/index.js';
import { dilate, padOrCrop, reversedSlice, sliceAxis } from './axis-operations.js';
import type { Tensorflow } from './installation.js';
import { axisInLayout, type Layout, toLayout } from './layout.js';
import type { LaidOutSlot, LoweringContext } from './lowering-context.js';

export function lowerPad({ builder, inputs: [x], attributes: { before, after } }: LoweringContext<'pad'>): LaidOutSlot {
  const { slot, layout } = x!;
  const pads = toLayout(
    before.map((cells, axis) => [cells, after[axis]!] as [number, number]),
    layout,
  );
  return { slot: builder.call(`pad ${pads.join(' ')}`, [slot], (tf, [value]) => tf.pad(value!, pads)), layout };
}

export function lowerReflectPad({
  builder,
  inputs: [x],
  attributes: { padding },
}: LoweringContext<'reflectPad'>): LaidOutSlot {
  const { slot, layout } = x!;
  const pads = spatialPads(padding, layout);
  const name = `reflectPad ${pads.join(' ')}`;
  return { slot: builder.call(name, [slot], (tf, [value]) => tf.mirrorPad(value!, pads, 'reflect')), layout };
}

export function lowerReflectPadGrad({
  builder,
  inputs: [dy],
  attributes,
}: LoweringContext<'reflectPadGrad'>): LaidOutSlot {
  const { slot, layout } = dy!;
  const [top, left, bottom, right] = attributes.padding;
  const [rows, columns] = [axisInLayout(2, layout), axisInLayout(3, layout)];
  const folded = builder.call(`reflectPadGrad ${rows} ${columns} ${attributes.padding}`, [slot], (tf, [value]) =>
    foldAxis(tf, foldAxis(tf, value!, rows, top, bottom), columns, left, right),
  );
  return { slot: folded, layout };
}

export function lowerSlice({ builder, inputs: [x], attributes }: LoweringContext<'slice'>): LaidOutSlot {
  const { slot, layout } = x!;
  const { starts, stops, steps } = toLayoutSlice(attributes, layout);
  const sizes = stops.map((stop, axis) => stop - starts[axis]!);
  const name = `slice ${starts} ${stops} ${steps}`;
  const dense = steps.every(step => step === 1);
  const cut = builder.call(name, [slot], (tf, [value]) =>
    dense ? tf.slice(value!, starts, sizes) : tf.stridedSlice(value!, starts, stops, steps),
  );
  return { slot: cut, layout };
}

export function lowerSliceGrad({ builder, inputs: [dy], attributes }: LoweringContext<'sliceGrad'>): LaidOutSlot {
  const { slot, layout } = dy!;
  const { starts, steps } = toLayoutSlice(attributes, layout);
  const shape = toLayout(attributes.shape, layout);
  const name = `sliceGrad [${shape}] ${starts} ${steps}`;
  const placed = builder.call(name, [slot], (tf, [value]) => {
    const spread = steps.reduce<Tensor>((values, step, axis) => dilate(tf, values, axis, step), value!);
    return shape.reduce<Tensor>((values, size, axis) => {
      const start = starts[axis]!;
      return padOrCrop(tf, values, axis, start, size - start - values.shape[axis]!);
    }, spread);
  });
  return { slot: placed, layout };
}

/** The pairs that padding wants, for an image in a layout. */
export function spatialPads([top, left, bottom, right]: Padding, layout: Layout): [number, number][] {
  const none: [number, number] = [0, 0];
  return toLayout([none, none, [top, bottom], [left, right]], layout);
}

/**
 * Along one axis, the first cells are added, mirrored, to the cells behind the edge they mirror, and so are the last.
 * Only the touched cells are computed where the two strips do not overlap.
 */
function foldAxis(tf: Tensorflow, x: Tensor, axis: number, before: number, after: number): Tensor {
  if (before === 0 && after === 0) return x;
  const size = x.shape[axis]! - before - after;
  const middle = (start: number, stop: number) => sliceAxis(tf, x, axis, before + start, stop - start);
  const strip = (start: number, length: number) => reversedSlice(tf, x, axis, start, length);
  const [low, high] = [1 + before, size - 1 - after];
  if (low > high) {
    return [
      ...(before > 0 ? [padOrCrop(tf, strip(0, before), axis, 1, size - 1 - before)] : []),
      ...(after > 0 ? [padOrCrop(tf, strip(before + size, after), axis, high, 1)] : []),
    ].reduce((sum, folded) => tf.add(sum, folded), middle(0, size));
  }
  const pieces = [middle(0, 1)];
  if (before > 0) pieces.push(tf.add(middle(1, low), strip(0, before)));
  if (low < high) pieces.push(middle(low, high));
  if (after > 0) pieces.push(tf.add(middle(high, size - 1), strip(before + size, after)));
  return tf.concat([...pieces, middle(size - 1, size)], axis);
}

function toLayoutSlice({ starts, stops, steps }: Slice, layout: Layout) {
  return { starts: toLayout(starts, layout), stops: toLayout(stops, layout), steps: toLayout(steps, layout) };
}
