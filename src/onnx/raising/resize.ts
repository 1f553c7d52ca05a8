/**
 * Resizing in the tensor language: by whole factors as repetition, which every rounding rule of ONNX agrees on, and with
 * linear interpolation as products with fixed matrices, one per axis.
 */
import { broadcast, matmul, reshape, type Tensor, transpose } from '../../graph/index.js';
import { type RaisingSite, shapeOf } from './site.js';

export function raiseResize(site: RaisingSite): Tensor {
  const x = site.tensor(0);
  const shape = shapeOf(x);
  const { sizes, factors } = targetOf(site, shape);
  const mode = site.text('mode', 'nearest');
  switch (mode) {
    case 'nearest':
      return repeated(site, x, factors);
    case 'linear': {
      if (site.integer('antialias', 0) !== 0) return site.refuse('with antialias');
      return sizes.reduce((value, size, axis) => interpolated(site, value, axis, size, factors[axis]!), x);
    }
    default:
      return site.refuse(`with mode ${mode}`);
  }
}

interface Target {
  readonly sizes: readonly number[];
  readonly factors: readonly number[];
}

function targetOf(site: RaisingSite, shape: readonly number[]): Target {
  const scalesAt = site.node.op === 'Upsample' || site.opset < 11 ? 1 : 2;
  const scales = site.list('scales') ?? (hasNumbers(site, scalesAt) ? site.numbers(scalesAt) : undefined);
  if (scales) return { factors: scales, sizes: shape.map((size, axis) => Math.floor(size * scales[axis]!)) };
  if (!hasNumbers(site, 3)) return site.refuse('without scales or sizes');
  const sizes = site.numbers(3);
  return { sizes, factors: sizes.map((size, axis) => size / shape[axis]!) };
}

function hasNumbers(site: RaisingSite, index: number): boolean {
  const value = site.inputs[index];
  return value !== undefined && shapeOf(value)[0] !== 0;
}

function repeated(site: RaisingSite, x: Tensor, factors: readonly number[]): Tensor {
  if (factors.some(factor => !Number.isInteger(factor) || factor < 1)) {
    return site.refuse(`by factors ${factors.map(factor => +factor.toFixed(4)).join(' × ')}`);
  }
  const shape = shapeOf(x);
  const apart = shape.flatMap(size => [size, 1]);
  const wide = shape.flatMap((size, axis) => [size, factors[axis]!]);
  const result = shape.map((size, axis) => size * factors[axis]!);
  return reshape(broadcast(reshape(x, apart), wide), result);
}

/** Along one axis, as rows times a matrix `[old size, new size]`. */
function interpolated(site: RaisingSite, x: Tensor, axis: number, size: number, factor: number): Tensor {
  const shape = shapeOf(x);
  const old = shape[axis]!;
  if (old === size) return x;
  const last = shape.length - 1;
  const swap = shape.map((_, at) => (at === axis ? last : at === last ? axis : at));
  const swapped = swap.map(at => shape[at]!);
  const rows = reshape(transpose(x, swap), [swapped.slice(0, -1).reduce((count, one) => count * one, 1), old]);
  const matrix = site.builder.constant(linearMatrix(site, old, size, factor), [old, size]);
  return transpose(reshape(matmul(rows, matrix), [...swapped.slice(0, -1), size]), swap);
}

/** Column i holds the two weights of the cells between which new cell i lies; the edge goes on outside. */
function linearMatrix(site: RaisingSite, old: number, size: number, factor: number): Float32Array {
  const rule = site.text('coordinate_transformation_mode', site.opset < 11 ? 'asymmetric' : 'half_pixel');
  const matrix = new Float32Array(old * size);
  for (let cell = 0; cell < size; cell++) {
    const at = Math.min(Math.max(sourceOf(site, rule, cell, old, size, factor), 0), old - 1);
    const low = Math.floor(at);
    const high = Math.min(low + 1, old - 1);
    matrix[low * size + cell]! += 1 - (at - low);
    matrix[high * size + cell]! += at - low;
  }
  return matrix;
}

/** Where a new cell lies among the old ones. */
function sourceOf(site: RaisingSite, rule: string, cell: number, old: number, size: number, factor: number): number {
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
      return site.refuse(`with coordinates ${rule}`);
  }
}
