/**
 * Resizing in the tensor language: by whole factors as repetition, which every rounding rule of ONNX agrees on, and with
 * linear interpolation as products with fixed matrices, one per axis.
 */
import { broadcast, matmul, reshape, type Tensor, transpose } from '../../graph/index.js';
import { type ImportContext, shapeOf } from './import-context.js';

export function importResize(context: ImportContext): Tensor {
  const x = context.tensor(0);
  const shape = shapeOf(x);
  const { sizes, factors } = targetOf(context, shape);
  const mode = context.text('mode', 'nearest');
  switch (mode) {
    case 'nearest':
      return repeated(context, x, factors);
    case 'linear': {
      if (context.integer('antialias', 0) !== 0) return context.refuse('with antialias');
      return sizes.reduce((value, size, axis) => interpolated(context, value, axis, size, factors[axis]!), x);
    }
    default:
      return context.refuse(`with mode ${mode}`);
  }
}

interface Target {
  readonly sizes: readonly number[];
  readonly factors: readonly number[];
}

function targetOf(context: ImportContext, shape: readonly number[]): Target {
  const scalesAt = context.node.op === 'Upsample' || context.opset < 11 ? 1 : 2;
  const scales = context.list('scales') ?? (hasNumbers(context, scalesAt) ? context.numbers(scalesAt) : undefined);
  if (scales) return { factors: scales, sizes: shape.map((size, axis) => Math.floor(size * scales[axis]!)) };
  if (!hasNumbers(context, 3)) return context.refuse('without scales or sizes');
  const sizes = context.numbers(3);
  return { sizes, factors: sizes.map((size, axis) => size / shape[axis]!) };
}

function hasNumbers(context: ImportContext, index: number): boolean {
  const value = context.inputs[index];
  return value !== undefined && shapeOf(value)[0] !== 0;
}

function repeated(context: ImportContext, x: Tensor, factors: readonly number[]): Tensor {
  if (factors.some(factor => !Number.isInteger(factor) || factor < 1)) {
    return context.refuse(`by factors ${factors.map(factor => +factor.toFixed(4)).join(' × ')}`);
  }
  const shape = shapeOf(x);
  const apart = shape.flatMap(size => [size, 1]);
  const wide = shape.flatMap((size, axis) => [size, factors[axis]!]);
  const result = shape.map((size, axis) => size * factors[axis]!);
  return reshape(broadcast(reshape(x, apart), wide), result);
}

/** Along one axis, as rows times a matrix `[old size, new size]`. */
function interpolated(context: ImportContext, x: Tensor, axis: number, size: number, factor: number): Tensor {
  const shape = shapeOf(x);
  const old = shape[axis]!;
  if (old === size) return x;
  const last = shape.length - 1;
  const swap = shape.map((_, at) => (at === axis ? last : at === last ? axis : at));
  const swapped = swap.map(at => shape[at]!);
  const rows = reshape(transpose(x, swap), [swapped.slice(0, -1).reduce((count, one) => count * one, 1), old]);
  const matrix = context.builder.constant(linearMatrix(context, old, size, factor), [old, size]);
  return transpose(reshape(matmul(rows, matrix), [...swapped.slice(0, -1), size]), swap);
}

/** Column i holds the two weights of the cells between which new cell i lies; the edge goes on outside. */
function linearMatrix(context: ImportContext, old: number, size: number, factor: number): Float32Array {
  const rule = context.text('coordinate_transformation_mode', context.opset < 11 ? 'asymmetric' : 'half_pixel');
  const matrix = new Float32Array(old * size);
  for (let cell = 0; cell < size; cell++) {
    const at = Math.min(Math.max(sourceOf(context, rule, cell, old, size, factor), 0), old - 1);
    const low = Math.floor(at);
    const high = Math.min(low + 1, old - 1);
    matrix[low * size + cell]! += 1 - (at - low);
    matrix[high * size + cell]! += at - low;
  }
  return matrix;
}

/** Where a new cell lies among the old ones. */
function sourceOf(
  context: ImportContext,
  rule: string,
  cell: number,
  old: number,
  size: number,
  factor: number,
): number {
  switch (rule) {
    case 'half_pixel':
      return (cell + 0.5) / factor - 0.5;
    case 'pytorch_half_pixel':
      return size > 1 ? (cell + 0.5) / factor - 0.5 : 0;
    case 'align_corners':
      return size > 1 ? (cell * (old - 1)) / (size - 1) : 0;
    case 'asymmetric':
      return cell / factor;
    default:
      return context.refuse(`with coordinates ${rule}`);
  }
}
