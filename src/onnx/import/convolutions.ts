/** ONNX's convolutions and poolings in the tensor language, which knows neither groups nor dilation nor pooling. */
import {
  add,
  concat,
  conv2d,
  conv2dInputGrad,
  div,
  mean,
  type Padding,
  reshape,
  type Stride,
  slice,
  sliceGrad,
  type Tensor,
} from '../../graph/index.js';
import { type ImportContext, perChannel, shapeOf } from './import-context.js';

export function importConv(context: ImportContext): Tensor {
  const x = context.tensor(0);
  const w = dilated(context, context.tensor(1));
  const window = windowOf(context, shapeOf(x), shapeOf(w).slice(2));
  const groups = context.integer('group', 1);
  const each = shapeOf(w)[0]! / groups;
  const parts = inGroups(x, groups).map((part, at) => conv2d(part, sliceAxis(w, 0, at * each, each), window));
  return withBias(context, concat(parts, 1));
}

export function importConvTranspose(context: ImportContext): Tensor {
  const x = context.tensor(0);
  const w = dilated(context, context.tensor(1));
  if (context.list('output_shape')) return context.refuse('with an output_shape');
  const [, , height, width] = shapeOf(x);
  const [inputs, , kh, kw] = shapeOf(w);
  const { stride, padding } = windowOf(context, shapeOf(x), [kh!, kw!]);
  const [extraRows = 0, extraColumns = 0] = context.list('output_padding') ?? [];
  const size = [
    (height! - 1) * stride[0] + kh! - padding[0] - padding[2] + extraRows,
    (width! - 1) * stride[1] + kw! - padding[1] - padding[3] + extraColumns,
  ] as const;
  const groups = context.integer('group', 1);
  const each = inputs! / groups;
  const parts = inGroups(x, groups).map((part, at) =>
    conv2dInputGrad(part, sliceAxis(w, 0, at * each, each), stride, padding, size),
  );
  return withBias(context, concat(parts, 1));
}

/** Each channel by itself, as an image of one channel, against a window of equal weights. */
export function importAveragePool(context: ImportContext): Tensor {
  const x = context.tensor(0);
  const [n, c, h, w] = shapeOf(x) as [number, number, number, number];
  const kernel = context.list('kernel_shape') ?? context.refuse('without kernel_shape');
  if (context.integer('ceil_mode', 0) !== 0) return context.refuse('with ceil_mode');
  const cells = kernel[0]! * kernel[1]!;
  const ones = context.builder.constant(new Float32Array(cells).fill(1), [1, 1, kernel[0]!, kernel[1]!]);
  const window = windowOf(context, [n, c, h, w], kernel);
  const sums = conv2d(reshape(x, [n * c, 1, h, w]), ones, window);
  const padded = window.padding.some(size => size > 0) && context.integer('count_include_pad', 0) === 0;
  const counts = padded
    ? conv2d(context.builder.constant(new Float32Array(h * w).fill(1), [1, 1, h, w]), ones, window)
    : cells;
  const [, , rows, columns] = shapeOf(sums);
  return reshape(div(sums, counts), [n, c, rows!, columns!]);
}

export function importGlobalAveragePool(context: ImportContext): Tensor {
  const x = context.tensor(0);
  return mean(
    x,
    shapeOf(x)
      .map((_, axis) => axis)
      .slice(2),
  );
}

interface Window {
  readonly stride: Stride;
  readonly padding: Padding;
}

function windowOf(context: ImportContext, x: readonly number[], kernel: readonly number[]): Window {
  if (x.length !== 4) return context.refuse(`of ${x.length - 2} spatial axes`);
  const [down = 1, across = 1] = context.list('strides') ?? [];
  const stride: Stride = [down, across];
  const auto = context.text('auto_pad', 'NOTSET');
  const [top = 0, left = 0, bottom = 0, right = 0] = context.list('pads') ?? [];
  if (auto === 'NOTSET') return { stride, padding: [top, left, bottom, right] };
  if (auto === 'VALID') return { stride, padding: [0, 0, 0, 0] };
  if (context.node.op === 'ConvTranspose') return context.refuse(`with auto_pad ${auto}`);
  const total = (axis: 0 | 1) => {
    const size = x[axis + 2]!;
    return Math.max(0, (Math.ceil(size / stride[axis]) - 1) * stride[axis] + kernel[axis]! - size);
  };
  const first = (cells: number) => (auto === 'SAME_UPPER' ? Math.floor(cells / 2) : Math.ceil(cells / 2));
  const [rows, columns] = [total(0), total(1)];
  return { stride, padding: [first(rows), first(columns), rows - first(rows), columns - first(columns)] };
}

/** The kernel with zeros between its cells. */
function dilated(context: ImportContext, w: Tensor): Tensor {
  const [down = 1, across = 1] = context.list('dilations') ?? [];
  if (down === 1 && across === 1) return w;
  const [k, c, kh, kw] = shapeOf(w) as [number, number, number, number];
  const shape = [k, c, (kh - 1) * down + 1, (kw - 1) * across + 1];
  return sliceGrad(w, shape, [0, 0, 0, 0], shape, [1, 1, down, across]);
}

function inGroups(x: Tensor, groups: number): Tensor[] {
  const each = shapeOf(x)[1]! / groups;
  return Array.from({ length: groups }, (_, at) => sliceAxis(x, 1, at * each, each));
}

/** `size` cells from `start` along an axis. */
export function sliceAxis(x: Tensor, axis: number, start: number, size: number): Tensor {
  const shape = shapeOf(x);
  return slice(
    x,
    shape.map((_, at) => (at === axis ? start : 0)),
    shape.map((length, at) => (at === axis ? start + size : length)),
  );
}

function withBias(context: ImportContext, y: Tensor): Tensor {
  return context.inputs[2] ? add(y, perChannel(context.tensor(2))) : y;
}
