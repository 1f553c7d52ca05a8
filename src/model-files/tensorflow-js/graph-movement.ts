/**
 * TensorFlow's operations that move values as ONNX nodes: borders, sizes, slices, and the arithmetic of shapes, which stays
 * computed where sizes are open.
 */
import type { ValueName } from '../../onnx/index.js';
import type { GraphContext } from './graph-context.js';

/** `[[before, behind], …]` for each axis, as a constant. */
export function padded(context: GraphContext, mode: string): ValueName {
  const { emitter, node } = context;
  if (mode === 'symmetric') throw node.refuse('mirrors with the edge repeated, which is not known here');
  const pairs = context.numbers(1);
  const pads = [...pairs.filter((_, at) => at % 2 === 0), ...pairs.filter((_, at) => at % 2 === 1)];
  const value = node.op === 'PadV2' ? [context.input(2)] : [];
  return emitter.node('Pad', [context.input(0), emitter.integers(pads), ...value], { mode });
}

/** To a size that is a constant or computed; where whole pixels lie is what the flags say. */
export function resized(context: GraphContext, mode: 'nearest' | 'linear'): ValueName {
  const { emitter, node } = context;
  const centres = node.flag('half_pixel_centers') ? 'half_pixel' : 'asymmetric';
  const rule = node.flag('align_corners') ? 'align_corners' : centres;
  const attributes = {
    mode,
    coordinate_transformation_mode: rule,
    ...(mode === 'nearest' && { nearest_mode: rule === 'asymmetric' ? 'floor' : 'round_prefer_ceil' }),
  };
  return context.channelsFirst(context.input(0), x => {
    const outer = emitter.node('Slice', [
      emitter.node('Shape', [x]),
      emitter.integers([0]),
      emitter.integers([2]),
      emitter.integers([0]),
    ]);
    const sizes = emitter.node('Concat', [outer, context.input(1)], { axis: 0 });
    return emitter.node('Resize', [x, '', '', sizes], attributes);
  });
}

export function reshaped(context: GraphContext): ValueName {
  return context.emitter.node('Reshape', [context.input(0), context.input(1)], { allowzero: 0 });
}

export function shaped(context: GraphContext): ValueName {
  return context.emitter.node('Shape', [context.input(0)]);
}

const farEnd = 2 ** 31 - 1;

/** x, begins, ends, steps: constants, with masks for axes that are open at one end or of which one place is taken. */
export function stridedSlice(context: GraphContext): ValueName {
  const { emitter, node } = context;
  for (const mask of ['ellipsis_mask', 'new_axis_mask'])
    if (node.integer(mask, 0) !== 0) throw node.refuse(`has a ${mask}`);
  const [begins, ends, steps] = [context.numbers(1), context.numbers(2), context.numbers(3)];
  const bit = (mask: string, axis: number) => ((node.integer(mask, 0) >> axis) & 1) === 1;
  const single = (axis: number) => bit('shrink_axis_mask', axis);
  const bounds = begins.map((begin, axis) => {
    if (single(axis)) return [begin, begin === -1 ? farEnd : begin + 1, 1] as const;
    const step = steps[axis]!;
    const from = bit('begin_mask', axis) ? (step > 0 ? 0 : farEnd) : begin;
    return [from, bit('end_mask', axis) ? (step > 0 ? farEnd : -farEnd) : ends[axis]!, step] as const;
  });
  const axes = begins.map((_, axis) => axis);
  const column = (at: 0 | 1 | 2) => emitter.integers(bounds.map(bound => bound[at]));
  const part = emitter.node('Slice', [context.input(0), column(0), column(1), emitter.integers(axes), column(2)]);
  const gone = axes.filter(single);
  return gone.length === 0 ? part : emitter.node('Squeeze', [part, emitter.integers(gone)]);
}

/** x, begins, sizes; −1 is all that is left. */
export function sliced(context: GraphContext): ValueName {
  const { emitter } = context;
  const [begins, sizes] = [context.numbers(1), context.numbers(2)];
  const ends = begins.map((begin, axis) => (sizes[axis] === -1 ? farEnd : begin + sizes[axis]!));
  const axes = begins.map((_, axis) => axis);
  return emitter.node('Slice', [
    context.input(0),
    emitter.integers(begins),
    emitter.integers(ends),
    emitter.integers(axes),
  ]);
}

/** Values of one shape, beside each other along a new axis. */
export function stacked(context: GraphContext): ValueName {
  const { emitter, node } = context;
  const axis = node.integer('axis', 0);
  const apart = context.inputs.map(x => emitter.node('Unsqueeze', [x, emitter.integers([axis])]));
  return emitter.node('Concat', apart, { axis });
}
