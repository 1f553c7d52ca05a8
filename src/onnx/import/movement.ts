/** ONNX operations that move elements, in the tensor language. */
import {
  add,
  broadcast,
  concat,
  pad,
  reflectPad,
  reshape,
  slice,
  sub,
  type Tensor,
  transpose,
} from '../../graph/index.js';
import { broadcastShape, reshapeTarget, squeezed, steppedIndices, unsqueezed } from './constants.js';
import { sliceAxis } from './convolutions.js';
import { axisOf, type ImportContext, shapeOf } from './import-context.js';

export function importReshape(context: ImportContext): Tensor {
  const x = context.tensor(0);
  const target = context.listOrInput('shape', 1) ?? context.refuse('without a shape');
  return reshape(x, reshapeTarget(shapeOf(x), target, context.integer('allowzero', 0) === 0));
}

export function importFlatten(context: ImportContext): Tensor {
  const shape = shapeOf(context.input(0));
  const axis = axisOf(context.integer('axis', 1), shape.length);
  const product = (sizes: readonly number[]) => sizes.reduce((total, size) => total * size, 1);
  return reshape(context.tensor(0), [product(shape.slice(0, axis)), product(shape.slice(axis))]);
}

export function importSqueeze(context: ImportContext): Tensor {
  const x = context.tensor(0);
  return reshape(x, squeezed(shapeOf(x), context.listOrInput('axes', 1)));
}

export function importUnsqueeze(context: ImportContext): Tensor {
  const x = context.tensor(0);
  return reshape(x, unsqueezed(shapeOf(x), context.listOrInput('axes', 1) ?? []));
}

export function importTranspose(context: ImportContext): Tensor {
  const x = context.tensor(0);
  const backwards = shapeOf(x)
    .map((_, axis) => axis)
    .reverse();
  return transpose(x, context.list('perm') ?? backwards);
}

export function importExpand(context: ImportContext): Tensor {
  const x = context.tensor(0);
  return broadcast(x, broadcastShape(shapeOf(x), context.numbers(1)));
}

export function importConcat(context: ImportContext): Tensor {
  const parts = context.inputs.map((_, index) => context.tensor(index));
  return concat(parts, axisOf(context.integer('axis'), shapeOf(parts[0]!).length));
}

export function importSplit(context: ImportContext): Tensor[] {
  const x = context.tensor(0);
  const axis = axisOf(context.integer('axis', 0), shapeOf(x).length);
  const size = shapeOf(x)[axis]!;
  const count = context.node.outputs.length;
  const equal = Math.ceil(size / count);
  const sizes =
    context.listOrInput('split', 1) ??
    Array.from({ length: count }, (_, at) => (at < count - 1 ? equal : size - equal * (count - 1)));
  let start = 0;
  return sizes.map(length => {
    start += length;
    return sliceAxis(x, axis, start - length, length);
  });
}

export function importSlice(context: ImportContext): Tensor {
  const x = context.tensor(0);
  const shape = shapeOf(x);
  const starts = context.listOrInput('starts', 1) ?? context.refuse('without starts');
  const ends = context.listOrInput('ends', 2) ?? context.refuse('without ends');
  const axes = context.listOrInput('axes', 3) ?? starts.map((_, axis) => axis);
  const steps = context.inputs[4] ? context.numbers(4) : starts.map(() => 1);
  const windows = shape.map(size => ({ first: 0, stop: size, step: 1 }));
  axes.forEach((axis, at) => {
    const step = steps[at]!;
    if (step < 1) context.refuse('backwards');
    const taken = steppedIndices(shape[axisOf(axis, shape.length)]!, starts[at]!, ends[at]!, step);
    if (taken.length === 0) context.refuse('of nothing');
    windows[axisOf(axis, shape.length)] = { first: taken[0]!, stop: taken.at(-1)! + 1, step };
  });
  return slice(
    x,
    windows.map(({ first }) => first),
    windows.map(({ stop }) => stop),
    windows.map(({ step }) => step),
  );
}

/** Slices laid one after the other: networks gather a few kernel cells or channels. */
export function importGather(context: ImportContext): Tensor {
  const x = context.tensor(0);
  const shape = shapeOf(x);
  const axis = axisOf(context.integer('axis', 0), shape.length);
  const parts = context.numbers(1).map(index => sliceAxis(x, axis, axisOf(index, shape[axis]!), 1));
  const indexShape = shapeOf(context.input(1));
  return reshape(concat(parts, axis), [...shape.slice(0, axis), ...indexShape, ...shape.slice(axis + 1)]);
}

export function importPad(context: ImportContext): Tensor {
  const x = context.tensor(0);
  const rank = shapeOf(x).length;
  const { before, after } = padsOf(context, rank);
  const cropped = crop(x, before, after);
  const [first, last] = [before, after].map(cells => cells.map(count => Math.max(0, count)));
  const mode = context.text('mode', 'constant');
  switch (mode) {
    case 'constant':
      return paddedWith(context, cropped, first!, last!);
    case 'reflect': {
      const spatial = rank === 4 && [0, 1].every(axis => first![axis] === 0 && last![axis] === 0);
      if (!spatial) return context.refuse('with mode reflect on other axes than height and width');
      return reflectPad(cropped, [first![2]!, first![3]!, last![2]!, last![3]!]);
    }
    case 'edge':
      return first!.reduce((value, _, axis) => repeatEdges(value, axis, first![axis]!, last![axis]!), cropped);
    default:
      return context.refuse(`with mode ${mode}`);
  }
}

function padsOf(context: ImportContext, rank: number): { before: number[]; after: number[] } {
  const pads = context.listOrInput('pads', 1) ?? context.list('paddings') ?? context.refuse('without pads');
  const axes = context.inputs[3] ? context.numbers(3).map(axis => axisOf(axis, rank)) : undefined;
  const half = pads.length / 2;
  const side = (offset: number) =>
    Array.from({ length: rank }, (_, axis) => {
      const at = axes ? axes.indexOf(axis) : axis;
      return at < 0 ? 0 : pads[offset + at]!;
    });
  return { before: side(0), after: side(half) };
}

function crop(x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  return slice(
    x,
    before.map(cells => Math.max(0, -cells)),
    shapeOf(x).map((size, axis) => size - Math.max(0, -after[axis]!)),
  );
}

function paddedWith(context: ImportContext, x: Tensor, before: readonly number[], after: readonly number[]): Tensor {
  const value = context.inputs[2] ? context.numbers(2)[0]! : context.integer('value', 0);
  if (value === 0) return pad(x, before, after);
  return add(pad(sub(x, value), before, after), value);
}

function repeatEdges(x: Tensor, axis: number, before: number, after: number): Tensor {
  const size = shapeOf(x)[axis]!;
  const edge = (start: number, times: number) => {
    const strip = sliceAxis(x, axis, start, 1);
    return broadcast(
      strip,
      shapeOf(strip).map((length, at) => (at === axis ? times : length)),
    );
  };
  const parts = [x];
  if (before > 0) parts.unshift(edge(0, before));
  if (after > 0) parts.push(edge(size - 1, after));
  return concat(parts, axis);
}

/** Channels into blocks of pixels: `[n, c·b², h, w]` → `[n, c, h·b, w·b]`. */
export function importDepthToSpace(context: ImportContext): Tensor {
  const block = context.integer('blocksize');
  const x = context.tensor(0);
  const [n, depth, h, w] = shapeOf(x) as [number, number, number, number];
  const c = depth / block ** 2;
  const columnsFirst = context.text('mode', 'DCR') === 'DCR';
  const split = columnsFirst
    ? transpose(reshape(x, [n, block, block, c, h, w]), [0, 3, 4, 1, 5, 2])
    : transpose(reshape(x, [n, c, block, block, h, w]), [0, 1, 4, 2, 5, 3]);
  return reshape(split, [n, c, h * block, w * block]);
}

export function importSpaceToDepth(context: ImportContext): Tensor {
  const block = context.integer('blocksize');
  const x = context.tensor(0);
  const [n, c, h, w] = shapeOf(x) as [number, number, number, number];
  const split = reshape(x, [n, c, h / block, block, w / block, block]);
  return reshape(transpose(split, [0, 3, 5, 1, 2, 4]), [n, c * block ** 2, h / block, w / block]);
}
