/**
 * Borders and strided placement in ONNX: zero and mirrored padding, their adjoints, and the adjoint of slicing.
 */
import { numericShape } from '../graph/index.js';
import type { OnnxEmitter, ValueName } from './emitter.js';
import type { LoweringContext, LoweringTarget } from './lowering-context.js';

export function lowerPad({ emitter, inputs: [x], attributes: { before, after } }: LoweringContext<'pad'>): ValueName {
  return emitter.node('Pad', [x!, emitter.integers([...before, ...after])]);
}

export function lowerReflectPad({ emitter, inputs: [x], attributes }: LoweringContext<'reflectPad'>): ValueName {
  const [top, left, bottom, right] = attributes.padding;
  return emitter.node('Pad', [x!, emitter.integers([0, 0, top, left, 0, 0, bottom, right])], { mode: 'reflect' });
}

/**
 * Images up to this size are folded by products with 0-1 matrices, two nodes instead of a dozen slices and copies. On
 * WebGPU a node costs more, and a product less.
 */
const largestFoldedByProduct: Readonly<Record<LoweringTarget, number>> = { any: 72, webgpu: 320 };

/** Folds the border back, one axis after the other. */
export function lowerReflectPadGrad({
  emitter,
  target,
  inputs,
  attributes,
  shape,
}: LoweringContext<'reflectPadGrad'>): ValueName {
  const [, , height, width] = numericShape(shape, 'reflectPadGrad in ONNX');
  const [top, left, bottom, right] = attributes.padding;
  if (Math.max(height!, width!) <= largestFoldedByProduct[target]) {
    const columns = emitter.node('MatMul', [inputs[0]!, mirrorMatrix(emitter, width!, left, right, false)]);
    return emitter.node('MatMul', [mirrorMatrix(emitter, height!, top, bottom, true), columns]);
  }
  const rows = foldAxis(emitter, inputs[0]!, 2, height!, top, bottom);
  return foldAxis(emitter, rows, 3, width!, left, right);
}

/** `[padded, size]`, or transposed: a 1 where a padded cell shows a cell of the image. */
function mirrorMatrix(
  emitter: OnnxEmitter,
  size: number,
  before: number,
  after: number,
  transposed: boolean,
): ValueName {
  return emitter.shared(`mirror ${size} ${before} ${after} ${transposed}`, () => {
    const padded = before + size + after;
    const data = new Float32Array(padded * size);
    for (let cell = 0; cell < padded; cell++) {
      const at = Math.abs(cell - before);
      const shown = at < size ? at : 2 * size - 2 - at;
      data[transposed ? shown * padded + cell : cell * size + shown] = 1;
    }
    return emitter.floats(data, transposed ? [size, padded] : [padded, size]);
  });
}

/**
 * Along one axis, the `before` first cells are added, mirrored, to the cells 1…before of the middle, and the `after`
 * last ones to its cells from size-1-after on. Only the touched cells are computed; the rest is copied once.
 */
function foldAxis(
  emitter: OnnxEmitter,
  x: ValueName,
  axis: number,
  size: number,
  before: number,
  after: number,
): ValueName {
  if (before === 0 && after === 0) return x;
  const part = (start: number, stop: number) => sliceAxis(emitter, x, axis, before + start, before + stop);
  if (before + after + 2 > size) return foldAxisBySums(emitter, x, axis, size, before, after);
  const folded = (start: number, stop: number, mirrorStop: number) =>
    emitter.node('Add', [part(start, stop), mirrored(emitter, x, axis, mirrorStop, stop - start)]);
  const pieces = [part(0, 1)];
  if (before > 0) pieces.push(folded(1, 1 + before, before));
  if (1 + before < size - 1 - after) pieces.push(part(1 + before, size - 1 - after));
  if (after > 0) pieces.push(folded(size - 1 - after, size - 1, before + size + after));
  pieces.push(part(size - 1, size));
  return emitter.node('Concat', pieces, { axis });
}

/** The same where the two mirrored strips overlap: three full tensors are added. */
function foldAxisBySums(
  emitter: OnnxEmitter,
  x: ValueName,
  axis: number,
  size: number,
  before: number,
  after: number,
): ValueName {
  const placed = (strip: ValueName, start: number, length: number) => {
    const pads = Array.from({ length: 8 }, () => 0);
    pads[axis] = start;
    pads[axis + 4] = size - start - length;
    return emitter.node('Pad', [strip, emitter.integers(pads)]);
  };
  let result = sliceAxis(emitter, x, axis, before, before + size);
  if (before > 0) {
    result = emitter.node('Add', [result, placed(mirrored(emitter, x, axis, before, before), 1, before)]);
  }
  if (after > 0) {
    const strip = mirrored(emitter, x, axis, before + size + after, after);
    result = emitter.node('Add', [result, placed(strip, size - 1 - after, after)]);
  }
  return result;
}

/** `length` cells along an axis, taken backwards from the one before `stop`. */
function mirrored(emitter: OnnxEmitter, x: ValueName, axis: number, stop: number, length: number): ValueName {
  const first = stop - 1;
  const last = stop - length - 1;
  const end = last < 0 ? Number.MIN_SAFE_INTEGER : last;
  return sliceAxis(emitter, x, axis, first, end, -1);
}

export function sliceAxis(
  emitter: OnnxEmitter,
  x: ValueName,
  axis: number,
  start: number,
  stop: number,
  step = 1,
): ValueName {
  const range = [[start], [stop], [axis], [step]].map(values => emitter.integers(values));
  return emitter.node('Slice', [x, ...range]);
}

/** Spreads values to their places: each strided axis gets a trailing axis of zeros that is then folded in. */
export function lowerSliceGrad({ emitter, inputs, inputShapes, attributes }: LoweringContext<'sliceGrad'>): ValueName {
  const { shape, starts, steps } = attributes;
  const dense = numericShape(inputShapes[0]!, 'sliceGrad in ONNX');
  const spread = steps.every(step => step === 1) ? inputs[0]! : dilate(emitter, inputs[0]!, dense, steps);
  const spreadShape = dense.map((size, axis) => size * steps[axis]!);
  // The zeros behind the last value may reach past the end: they are cut off, the rest is filled up.
  const excess = shape.map((size, axis) => Math.max(0, starts[axis]! + spreadShape[axis]! - size));
  const cut = excess.some(cells => cells > 0)
    ? emitter.node('Slice', [
        spread,
        emitter.integers(shape.map(() => 0)),
        emitter.integers(spreadShape.map((size, axis) => size - excess[axis]!)),
      ])
    : spread;
  const after = shape.map((size, axis) => Math.max(0, size - starts[axis]! - spreadShape[axis]!));
  return emitter.node('Pad', [cut, emitter.integers([...starts, ...after])]);
}

/** Inserts `step - 1` zeros after every value, per axis. */
function dilate(emitter: OnnxEmitter, x: ValueName, shape: readonly number[], steps: readonly number[]): ValueName {
  const split = emitter.node('Reshape', [x, emitter.integers(shape.flatMap(size => [size, 1]))]);
  const after = steps.flatMap(step => [0, step - 1]);
  const padded = emitter.node('Pad', [split, emitter.integers([...after.map(() => 0), ...after])]);
  return emitter.node('Reshape', [padded, emitter.integers(shape.map((size, axis) => size * steps[axis]!))]);
}
