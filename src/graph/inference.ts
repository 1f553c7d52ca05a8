/**
 * Shape inference: from an operation, its attributes and the shapes of its inputs to the shape of its result. The only
 * place where shapes are checked; a message names the operation, the shapes it got and what it expected.
 */
import { CycleboxError } from '../base/index.js';
import {
  type Dimension,
  formatShape,
  plus,
  type Shape,
  sameDimension,
  sameElementCount,
  sameShape,
  times,
  windowCount,
} from './dimension.js';
import type { Attributes, OpName, Padding, Slice } from './operations.js';

type Rule<O extends OpName> = (shapes: readonly Shape[], attributes: Attributes<O>) => Shape;

type ShapeRule = (shapes: readonly Shape[]) => Shape;

const unary: ShapeRule = ([x]) => x!;

const binary =
  (op: OpName): ShapeRule =>
  ([a, b]) =>
    broadcastShapes(op, a!, b!);

const reduction =
  (op: OpName): ((shapes: readonly Shape[], attributes: { readonly axes: readonly number[] }) => Shape) =>
  ([x], { axes }) => {
    for (const axis of axes) expect(op, axis >= 0 && axis < x!.length, [x!], `axes below ${x!.length}, got ${axis}`);
    return x!.map((dimension, axis) => (axes.includes(axis) ? 1 : dimension));
  };

function leaf(): never {
  throw new CycleboxError('GRAPH_INVALID', 'The shape of a leaf is given, not inferred.');
}

const rules: { readonly [O in OpName]: Rule<O> } = {
  input: leaf,
  variable: leaf,
  constant: leaf,

  neg: unary,
  abs: unary,
  sign: unary,
  exp: unary,
  log: unary,
  sqrt: unary,
  tanh: unary,
  sigmoid: unary,
  softplus: unary,
  leakyRelu: unary,
  leakyReluGrad: ([x, dy]) => {
    expect('leakyReluGrad', sameShape(x!, dy!), [x!, dy!], 'equal shapes');
    return dy!;
  },

  add: binary('add'),
  sub: binary('sub'),
  mul: binary('mul'),
  div: binary('div'),

  sum: reduction('sum'),
  mean: reduction('mean'),
  broadcast: ([x], { shape }) => {
    const result = broadcastShapes('broadcast', x!, shape);
    expect('broadcast', sameShape(result, shape), [x!, shape], 'a target that the input broadcasts to');
    return shape;
  },

  reshape: ([x], { shape }) => {
    expect('reshape', sameElementCount(x!, shape), [x!, shape], 'as many elements as before');
    return shape;
  },
  transpose: ([x], { permutation }) => {
    const sorted = [...permutation].sort((a, b) => a - b);
    expect(
      'transpose',
      sorted.length === x!.length && sorted.every((axis, index) => axis === index),
      [x!],
      `a permutation of ${x!.length} axes, got [${permutation}]`,
    );
    return permutation.map(axis => x![axis]!);
  },
  concat: (shapes, { axis }) => {
    const [first] = shapes;
    expect('concat', axis >= 0 && axis < first!.length, [first!], `an axis below ${first!.length}, got ${axis}`);
    for (const shape of shapes) {
      const fits =
        shape.length === first!.length && shape.every((d, at) => at === axis || sameDimension(d, first![at]!));
      expect('concat', fits, [first!, shape], `shapes that differ only along axis ${axis}`);
    }
    const sizes = shapes.map(shape => shape[axis]!);
    return first!.map((dimension, at) => (at === axis ? sumOf(sizes) : dimension));
  },
  slice: ([x], attributes) => {
    checkSlice('slice', x!, attributes);
    return slicedShape(x!, attributes);
  },
  sliceGrad: ([dy], attributes) => {
    checkSlice('sliceGrad', attributes.shape, attributes);
    const expected = slicedShape(attributes.shape, attributes);
    expect(
      'sliceGrad',
      sameShape(dy!, expected),
      [dy!, attributes.shape],
      `the slice's shape ${formatShape(expected)}`,
    );
    return attributes.shape;
  },
  pad: ([x], { before, after }) => {
    const fits = before.length === x!.length && after.length === x!.length;
    expect('pad', fits && [...before, ...after].every(n => n >= 0), [x!], 'a count ≥ 0 before and after every axis');
    return x!.map((dimension, axis) => plus(dimension, before[axis]! + after[axis]!));
  },
  reflectPad: ([x], { padding }) => {
    expectImages('reflectPad', [x!]);
    const [top, left, bottom, right] = padding;
    const fits = !narrow(x![2]!, Math.max(top, bottom)) && !narrow(x![3]!, Math.max(left, right));
    expect('reflectPad', fits, [x!], `height and width above the padding [${padding}]`);
    return [x![0]!, x![1]!, plus(x![2]!, top + bottom), plus(x![3]!, left + right)];
  },
  reflectPadGrad: ([dy], { padding }) => {
    expectImages('reflectPadGrad', [dy!]);
    const [top, left, bottom, right] = padding;
    const height = plus(dy![2]!, -top - bottom);
    const width = plus(dy![3]!, -left - right);
    const fits = !narrow(height, Math.max(top, bottom)) && !narrow(width, Math.max(left, right));
    expect('reflectPadGrad', fits, [dy!], `height and width that reflectPad [${padding}] can give`);
    return [dy![0]!, dy![1]!, height, width];
  },

  matmul: ([a, b], { transposeA, transposeB }) => {
    const rank = a!.length;
    const leading = rank >= 2 && b!.length === rank && sameShape(a!.slice(0, -2), b!.slice(0, -2));
    expect('matmul', leading, [a!, b!], 'equal ranks ≥ 2 and equal leading axes');
    const [m, k] = transposeA ? [a![rank - 1]!, a![rank - 2]!] : [a![rank - 2]!, a![rank - 1]!];
    const [inner, n] = transposeB ? [b![rank - 1]!, b![rank - 2]!] : [b![rank - 2]!, b![rank - 1]!];
    expect('matmul', sameDimension(k, inner), [a!, b!], 'equal inner axes');
    return [...a!.slice(0, -2), m, n];
  },

  conv2d: ([x, w], { stride, padding }) => {
    expectImages('conv2d', [x!, w!]);
    expect('conv2d', sameDimension(x![1]!, w![1]!), [x!, w!], 'as many input channels as the kernel has');
    return [x![0]!, w![0]!, ...convolvedSize('conv2d', x!, kernelOf(w!), stride, padding)];
  },
  conv2dInputGrad: ([dy, w], { stride, padding, size }) => {
    expectImages('conv2dInputGrad', [dy!, w!]);
    expect('conv2dInputGrad', sameDimension(dy![1]!, w![0]!), [dy!, w!], 'as many channels as the kernel puts out');
    const result: Shape = [dy![0]!, w![1]!, ...size];
    const back = convolvedSize('conv2dInputGrad', result, kernelOf(w!), stride, padding);
    const fits = sameDimension(back[0], dy![2]!) && sameDimension(back[1], dy![3]!);
    const expectation = `a first tensor of spatial size ${formatShape(back)}, the convolution's of ${formatShape(size)}`;
    expect('conv2dInputGrad', fits, [dy!, w!], expectation);
    return result;
  },
  conv2dWeightGrad: ([x, dy], { stride, padding, kernel }) => {
    expectImages('conv2dWeightGrad', [x!, dy!]);
    const size = convolvedSize('conv2dWeightGrad', x!, kernel, stride, padding);
    const fits = sameShape([x![0]!, ...size], [dy![0]!, dy![2]!, dy![3]!]);
    expect('conv2dWeightGrad', fits, [x!, dy!], `a result of spatial size ${formatShape(size)}`);
    return [dy![1]!, x![1]!, ...kernel];
  },

  instanceNorm: ([x]) => {
    expectImages('instanceNorm', [x!]);
    return x!;
  },
  instanceNormGrad: ([x, dy]) => {
    expectImages('instanceNormGrad', [x!, dy!]);
    expect('instanceNormGrad', sameShape(x!, dy!), [x!, dy!], 'equal shapes');
    return x!;
  },
};

/** The shape of an operation's result. @throws SHAPE_MISMATCH naming the operation, the shapes and the expectation. */
export function inferShape<O extends OpName>(op: O, shapes: readonly Shape[], attributes: Attributes<O>): Shape {
  return rules[op](shapes, attributes);
}

/** The shape two operands broadcast to, aligned at the last axis. */
export function broadcastShapes(op: OpName, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    expect(op, left === 1 || right === 1 || sameDimension(left, right), [a, b], 'shapes that broadcast');
    return left === 1 ? right : left;
  });
}

function convolvedSize(
  op: OpName,
  x: Shape,
  kernel: readonly [number, number],
  stride: readonly [number, number],
  [top, left, bottom, right]: Padding,
): [Dimension, Dimension] {
  const height = windowCount(x[2]!, kernel[0], stride[0], top + bottom);
  const width = windowCount(x[3]!, kernel[1], stride[1], left + right);
  const fits = [height, width].every(size => typeof size !== 'number' || size >= 1);
  expect(op, fits, [x, kernel], 'an image at least as large as the kernel');
  return [height, width];
}

/** Whether an axis is too small to mirror so many cells without its edge. */
function narrow(size: Dimension, cells: number): boolean {
  return typeof size === 'number' && cells >= size;
}

function kernelOf(w: Shape): [number, number] {
  const [height, width] = [w[2]!, w[3]!];
  if (typeof height === 'number' && typeof width === 'number') return [height, width];
  throw new CycleboxError('SHAPE_MISMATCH', `A kernel needs numbers for its size, got ${formatShape(w)}.`);
}

function checkSlice(op: OpName, x: Shape, { starts, stops, steps }: Slice): void {
  const complete = [starts, stops, steps].every(list => list.length === x.length);
  expect(op, complete, [x], 'a start, a stop and a step for every axis');
  x.forEach((dimension, axis) => {
    const end = typeof dimension === 'number' ? dimension : Number.POSITIVE_INFINITY;
    const fits = starts[axis]! >= 0 && starts[axis]! < stops[axis]! && stops[axis]! <= end && steps[axis]! >= 1;
    expect(op, fits, [x], `0 ≤ start < stop ≤ size on axis ${axis}, got ${starts[axis]}…${stops[axis]}`);
  });
}

function slicedShape(x: Shape, { starts, stops, steps }: Slice): number[] {
  return x.map((_, axis) => Math.ceil((stops[axis]! - starts[axis]!) / steps[axis]!));
}

function sumOf(dimensions: readonly Dimension[]): Dimension {
  return dimensions.reduce((sum, dimension) => {
    if (typeof dimension === 'number') return plus(sum, dimension);
    if (typeof sum === 'number') return plus(dimension, sum);
    throw new CycleboxError('SHAPE_MISMATCH', 'concat along an axis takes at most one symbolic size.');
  });
}

/** Images and kernels have four axes. */
function expectImages(op: OpName, shapes: readonly Shape[]): void {
  const fits = shapes.every(shape => shape.length === 4);
  expect(op, fits, shapes, shapes.length === 1 ? 'a tensor of 4 axes' : 'tensors of 4 axes');
}

function expect(op: OpName, fits: boolean, shapes: readonly Shape[], expectation: string): void {
  if (fits) return;
  throw new CycleboxError(
    'SHAPE_MISMATCH',
    `${op}: got ${shapes.map(formatShape).join(' and ')}, expected ${expectation}.`,
  );
}

/** Output size of a transposed convolution: `(size - 1) · stride - padding + kernel + extra`. */
export function transposedSize(
  size: Dimension,
  kernel: number,
  stride: number,
  padding: number,
  extra: number,
): Dimension {
  return plus(times(plus(size, -1), stride), kernel - padding + extra);
}
