/**
 * Operations that copy elements to other places: each is an index map from the result to its source, or, for the
 * adjoints, from the source to where it is added.
 */
import { type Padding, sizeOf } from '../../graph/index.js';
import { repeat } from './elementwise.js';
import { forEachIndex, type Kernel, offsetOf, stridesOf } from './kernel.js';

export const broadcast: Kernel<'broadcast'> = ({ inputs: [x], shape }) => repeat(x!, shape);

export const reshape: Kernel<'reshape'> = ({ inputs: [x] }) => x!.data.slice();

export const transpose: Kernel<'transpose'> = ({ inputs: [x], attributes: { permutation }, shape }) => {
  const strides = stridesOf(x!.shape);
  const permuted = permutation.map(axis => strides[axis]!);
  return gathered(shape, x!.data, index => offsetOf(index, permuted));
};

export const concat: Kernel<'concat'> = ({ inputs, attributes: { axis }, shape }) => {
  const result = new Float64Array(sizeOf(shape));
  const strides = stridesOf(shape);
  let start = 0;
  for (const { shape: part, data } of inputs) {
    forEachIndex(part, (index, at) => {
      result[offsetOf(index, strides) + start * strides[axis]!] = data[at]!;
    });
    start += part[axis]!;
  }
  return result;
};

export const slice: Kernel<'slice'> = ({ inputs: [x], attributes: { starts, steps }, shape }) => {
  const strides = stridesOf(x!.shape);
  return gathered(shape, x!.data, index =>
    offsetOf(
      index.map((position, axis) => starts[axis]! + position * steps[axis]!),
      strides,
    ),
  );
};

export const sliceGrad: Kernel<'sliceGrad'> = ({ inputs: [dy], attributes: { starts, steps }, shape }) => {
  const strides = stridesOf(shape);
  const result = new Float64Array(sizeOf(shape));
  forEachIndex(dy!.shape, (index, at) => {
    const source = index.map((position, axis) => starts[axis]! + position * steps[axis]!);
    result[offsetOf(source, strides)]! += dy!.data[at]!;
  });
  return result;
};

export const pad: Kernel<'pad'> = ({ inputs: [x], attributes: { before }, shape }) => {
  const strides = stridesOf(shape);
  const result = new Float64Array(sizeOf(shape));
  forEachIndex(x!.shape, (index, at) => {
    const target = index.map((position, axis) => position + before[axis]!);
    result[offsetOf(target, strides)] = x!.data[at]!;
  });
  return result;
};

export const reflectPad: Kernel<'reflectPad'> = ({ inputs: [x], attributes: { padding }, shape }) =>
  gathered(shape, x!.data, reflected(x!.shape, padding));

export const reflectPadGrad: Kernel<'reflectPadGrad'> = ({ inputs: [dy], attributes: { padding }, shape }) => {
  const source = reflected(shape, padding);
  const result = new Float64Array(sizeOf(shape));
  forEachIndex(dy!.shape, (index, at) => {
    result[source(index)]! += dy!.data[at]!;
  });
  return result;
};

/** From an index of the padded image to the offset, in the image of shape `inner`, of the cell it mirrors. */
function reflected(inner: readonly number[], [top, left]: Padding): (index: readonly number[]) => number {
  const strides = stridesOf(inner);
  return ([n, c, y, x]) => offsetOf([n!, c!, mirror(y! - top, inner[2]!), mirror(x! - left, inner[3]!)], strides);
}

function mirror(position: number, size: number): number {
  if (position < 0) return -position;
  return position < size ? position : 2 * (size - 1) - position;
}

function gathered(
  shape: readonly number[],
  data: Float64Array,
  source: (index: readonly number[]) => number,
): Float64Array {
  const result = new Float64Array(sizeOf(shape));
  forEachIndex(shape, (index, at) => {
    result[at] = data[source(index)]!;
  });
  return result;
}
