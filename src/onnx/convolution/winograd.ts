/**
 * 3 × 3 convolutions of step 1 and their gradients by Winograd's minimal filtering, F(4 × 4, 3 × 3): 36 products where
 * Conv takes 144 (Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, 2016). Only for kernels that change
 * between runs and for programs that are tailored to a size, on the CPU: files that are exported never hold any of this. Transforms are products with fixed
 * matrices, into which zero and mirrored borders are written, so that neither is ever computed for itself. The gradients
 * are the exact adjoints of the same three products.
 */
import { numericShape, type Padding, type Shape } from '../../graph/index.js';
import type { OnnxEmitter, ValueName } from '../emitter.js';
import type { LoweringContext } from '../lowering-context.js';

type Matrix = readonly (readonly number[])[];

/** Results of a tile, along an axis. */
export const tile = 4;
/** Cells that a tile reads, along an axis. */
export const reach = 6;
export const products = reach * reach;

/** Bᵀ: cells of the image to a tile's products. */
const imageTransform: Matrix = [
  [4, 0, -5, 0, 1, 0],
  [0, -4, -4, 1, 1, 0],
  [0, 4, -4, -1, 1, 0],
  [0, -2, -1, 2, 1, 0],
  [0, 2, -1, -2, 1, 0],
  [0, 4, 0, -5, 0, 1],
];

/** G: cells of the kernel to a tile's products. */
const kernelTransform: Matrix = [
  [1 / 4, 0, 0],
  [-1 / 6, -1 / 6, -1 / 6],
  [-1 / 6, 1 / 6, -1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, -1 / 12, 1 / 6],
  [0, 0, 1],
];

/** Aᵀ: a tile's products to results. */
const resultTransform: Matrix = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, -1, 2, -2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, -1, 8, -8, 1],
];

/** One axis of the image that a convolution reads: `size` cells, mirrored at both ends, then zeros around. */
export interface Axis {
  readonly size: number;
  readonly mirrored: readonly [before: number, after: number];
  readonly zerosBefore: number;
  readonly results: number;
}

/** A convolution of `[batch, c, rows.size, columns.size]` with `[k, c, 3, 3]`. */
export interface Tiling {
  readonly emitter: OnnxEmitter;
  readonly batch: number;
  readonly k: number;
  readonly c: number;
  readonly rows: Axis;
  readonly columns: Axis;
}

/** Fewer channels or cells leave the transforms more to do than they save; many channels pay for themselves in small images. */
const minChannels = 64;
const manyChannels = 128;
const minCellsOfMany = 16 ** 2;
export const minCells = 24 ** 2;

export interface Convolution {
  readonly kernel: Shape;
  /** Of the image before it is mirrored. */
  readonly image: Shape;
  readonly mirrored: Padding;
  readonly stride: readonly [number, number];
  readonly zeros: Padding;
}

/** Undefined where Winograd does not apply or does not pay. */
export function tilingOf(
  { emitter, target }: LoweringContext<OpNameOfConvolution>,
  convolution: Convolution,
): Tiling | undefined {
  const { kernel, image, mirrored, stride, zeros } = convolution;
  if (target !== 'any' || [...kernel, ...image].some(size => typeof size !== 'number')) return undefined;
  const [k, c, kh, kw] = numericShape(kernel, 'A kernel') as [number, number, number, number];
  const [batch, , height, width] = numericShape(image, 'An image') as [number, number, number, number];
  const rows = axisOf(height, [mirrored[0], mirrored[2]], [zeros[0], zeros[2]]);
  const columns = axisOf(width, [mirrored[1], mirrored[3]], [zeros[1], zeros[3]]);
  const applies = kh === 3 && kw === 3 && stride.every(step => step === 1);
  const least = Math.min(k, c) >= manyChannels ? minCellsOfMany : minCells;
  const pays = Math.min(k, c) >= minChannels && rows.results * columns.results >= least;
  return applies && pays ? { emitter, batch, k, c, rows, columns } : undefined;
}

type OpNameOfConvolution = 'conv2d' | 'conv2dInputGrad' | 'conv2dWeightGrad' | 'reflectPadGrad';

function axisOf(size: number, mirrored: readonly [number, number], zeros: readonly [number, number]): Axis {
  const results = size + mirrored[0] + mirrored[1] + zeros[0] + zeros[1] - 2;
  return { size, mirrored, zerosBefore: zeros[0], results };
}

/** `[batch, k, rows.results, columns.results]`. */
export function convolved(tiling: Tiling, x: ValueName, w: ValueName): ValueName {
  return convolvedWith(tiling, x, transformKernel(tiling, w));
}

/** The same with the kernel already transformed. */
export function convolvedWith(tiling: Tiling, x: ValueName, kernel: ValueName): ValueName {
  const { emitter, batch, k, rows, columns } = tiling;
  const [down, across] = [tilesOf(rows), tilesOf(columns)];
  const product = emitter.node('FusedMatMul', [transformImage(tiling, x, 'forward'), kernel], { transB: 1 });
  const flat = reshaped(emitter, product, [products, across * batch * down * k]);
  const cells = emitter.node('Gemm', [constant(emitter, 'results', kroneckerSquare(resultTransform)), flat]);
  const apart = reshaped(emitter, cells, [tile, tile, across, batch, down, k]);
  const placed = emitter.node('Transpose', [apart], { perm: [3, 4, 0, 2, 1, 5] });
  return cropped(tiling, channelsFirst(emitter, placed, [batch, down * tile, across * tile, k]));
}

/** What the last tiles hold beyond the results is cut off. */
function cropped({ emitter, rows, columns }: Tiling, whole: ValueName): ValueName {
  if (rows.results % tile === 0 && columns.results % tile === 0) return whole;
  const [starts, stops, axes] = [
    [0, 0],
    [rows.results, columns.results],
    [2, 3],
  ].map(v => emitter.integers(v));
  return emitter.node('Slice', [whole, starts!, stops!, axes!]);
}

/** `[batch, c, rows.size, columns.size]`: the image's gradient, with what mirrored borders pass on folded in. */
export function imageGradient(tiling: Tiling, dy: ValueName, w: ValueName): ValueName {
  const { emitter, batch, c, rows, columns } = tiling;
  const [down, across] = [tilesOf(rows), tilesOf(columns)];
  const [toRows, toColumns] = [rows, columns].map(axis =>
    constant(emitter, `gathered ${keyOf(axis)}`, transposed(placed(imageTransform, axis))),
  );
  const gradient = transformGradient(tiling, dy);
  const product = emitter.node('MatMul', [gradient, transformKernel(tiling, w, gradient)]);
  const apart = reshaped(emitter, product, [reach, reach, across, batch, down, c]);
  const byImage = emitter.node('Transpose', [apart], { perm: [3, 0, 4, 1, 2, 5] });
  const wide = reshaped(emitter, byImage, [batch * reach * down, reach * across, c]);
  const half = emitter.node('MatMul', [toColumns!, wide]);
  const high = reshaped(emitter, half, [batch, reach * down, columns.size * c]);
  const whole = emitter.node('MatMul', [toRows!, high]);
  return channelsFirst(emitter, whole, [batch, rows.size, columns.size, c]);
}

/** An image that a kernel was applied to, and the gradient that came back. */
interface Application {
  readonly tiling: Tiling;
  readonly x: ValueName;
  readonly dy: ValueName;
}

/** `[k, c, 3, 3]`, the sum over applications of one kernel, transformed back once. */
export function kernelGradient(applications: readonly Application[]): ValueName {
  const { emitter, k, c } = applications[0]!.tiling;
  const back = constant(emitter, 'kernel', transposed(kroneckerSquare(kernelTransform)));
  const product = reshaped(emitter, kernelProducts(applications), [products, k * c]);
  // Not a Gemm: where ONNX Runtime may, it makes one of it and the Transpose, which takes longer.
  const cells = emitter.node('MatMul', [back, product]);
  return reshaped(emitter, emitter.node('Transpose', [cells], { perm: [1, 0] }), [k, c, 3, 3]);
}

/** Applications of fewer tiles are multiplied as one: copying them costs less than adding their products. */
const minTilesApart = 64;

/** `[36, k, c]`, added up over all applications. */
function kernelProducts(applications: readonly Application[]): ValueName {
  const { emitter, rows, columns } = applications[0]!.tiling;
  const gradients = applications.map(({ tiling, dy }) => transformGradient(tiling, dy));
  const images = applications.map(({ tiling, x }) => transformImage(tiling, x, 'backward'));
  const product = (dy: ValueName, x: ValueName) =>
    emitter.node('MatMul', [emitter.node('Transpose', [dy], { perm: [0, 2, 1] }), x]);
  if (applications.length === 1 || tilesOf(rows) * tilesOf(columns) >= minTilesApart) {
    return gradients
      .map((gradient, index) => product(gradient, images[index]!))
      .reduce((sum, next) => emitter.node('Add', [sum, next]));
  }
  const joined = (parts: readonly ValueName[]) => emitter.node('Concat', parts, { axis: 1 });
  return product(joined(gradients), joined(images));
}

/**
 * U: `[36, k, c]`. Computed for every use, from a matrix of its own: ONNX Runtime joins equal nodes, and would keep four
 * times the kernel from the first use to the last.
 * @param after `[36, tiles, k]`: not before this is there. What needs weights alone, ONNX Runtime computes as early as it can, and the
 * gradients' kernels of all layers would lie there from the first image on.
 */
export function transformKernel({ emitter, k, c }: Tiling, w: ValueName, after?: ValueName): ValueName {
  const transform = emitter.floats(Float32Array.from(kroneckerSquare(kernelTransform).flat()), [products, 9]);
  const cells = reshaped(emitter, w, [k * c, 9]);
  const spread =
    after === undefined
      ? emitter.node('Gemm', [transform, cells], { transB: 1 })
      : emitter.node('Gemm', [transform, cells, oneValueOf(emitter, after)], { transB: 1, beta: 0 });
  return reshaped(emitter, spread, [products, k, c]);
}

/** `[1, 1]`, of `[36, tiles, channels]`: what a Gemm can wait for; with a beta of 0 it does not read it. */
function oneValueOf(emitter: OnnxEmitter, value: ValueName): ValueName {
  const [starts, stops, axes] = [
    [0, 0, 0],
    [1, 1, 1],
    [0, 1, 2],
  ].map(v => emitter.integers(v));
  return reshaped(emitter, emitter.node('Slice', [value, starts!, stops!, axes!]), [1, 1]);
}

/**
 * V: `[36, tiles, c]`. Computed again for the gradients, from matrices of their own: kept from the first use to the last
 * it would take more than twice the memory of the image.
 */
function transformImage(tiling: Tiling, x: ValueName, pass: 'forward' | 'backward'): ValueName {
  return transformTiles(tiling, x, tiling.c, pass, [tiling.rows, tiling.columns], imageTransform);
}

/** Of dy, by the adjoint of the last transform: `[36, tiles, k]`; both gradients read it. */
function transformGradient(tiling: Tiling, dy: ValueName): ValueName {
  const axes = [tiling.rows, tiling.columns].map(({ results }) => ({
    ...axisOf(results, [0, 0], [1, 1]),
    zerosBefore: 0,
  }));
  return tiling.emitter.shared(`winograd gradient ${dy}`, () =>
    transformTiles(tiling, dy, tiling.k, 'gradient', axes as [Axis, Axis], transposed(resultTransform)),
  );
}

/**
 * `[36, tiles, channels]`, tiles ordered by column, image and row. Each product multiplies from the left and reads the image
 * transposed, so that an axis after the other is done with and the channels, many, come to lie innermost.
 */
function transformTiles(
  { emitter, batch }: Tiling,
  image: ValueName,
  channels: number,
  name: string,
  [rows, columns]: readonly [Axis, Axis],
  transform: Matrix,
): ValueName {
  const [down, across] = [tilesOf(rows), tilesOf(columns)];
  const [left, right] = [rows, columns].map((axis, index) =>
    constant(emitter, `${name} ${['down', 'across'][index]} ${keyOf(axis)}`, placed(transform, axis)),
  );
  const lines = reshaped(emitter, image, [batch * channels * rows.size, columns.size]);
  const half = emitter.node('FusedMatMul', [right!, lines], { transB: 1 });
  const planes = reshaped(emitter, half, [reach * across * batch, channels, rows.size]);
  const whole = emitter.node('FusedMatMul', [left!, planes], { transB: 1 });
  const apart = reshaped(emitter, whole, [reach, across * batch, reach, down * channels]);
  const byProduct = emitter.node('Transpose', [apart], { perm: [2, 0, 1, 3] });
  return reshaped(emitter, byProduct, [products, across * batch * down, channels]);
}

/** `[n, h, w, c]`, given flat, → `[n, c, h, w]`. */
function channelsFirst(
  emitter: OnnxEmitter,
  value: ValueName,
  [n, h, w, c]: readonly [number, number, number, number],
): ValueName {
  const swapped = emitter.node('Transpose', [reshaped(emitter, value, [n, h * w, c])], { perm: [0, 2, 1] });
  return reshaped(emitter, swapped, [n, c, h, w]);
}

/** `[rows of transform · tiles, size]`: what every tile takes from every cell of the axis. */
function placed(transform: Matrix, axis: Axis): Matrix {
  return transform.flatMap(row =>
    Array.from({ length: tilesOf(axis) }, (_, index) => {
      const taken = Array.from({ length: axis.size }, () => 0);
      for (const [offset, value] of row.entries()) {
        const cell = cellAt(axis, index * tile + offset);
        if (cell !== undefined) taken[cell] = taken[cell]! + value;
      }
      return taken;
    }),
  );
}

/** The cell that a position of the bordered axis shows; undefined for a zero. */
function cellAt({ size, mirrored: [before, after], zerosBefore }: Axis, position: number): number | undefined {
  const cell = position - zerosBefore - before;
  if (cell < -before || cell >= size + after) return undefined;
  const inside = Math.abs(cell);
  return inside < size ? inside : 2 * size - 2 - inside;
}

export function tilesOf({ results }: Axis): number {
  return Math.ceil(results / tile);
}

function keyOf({ size, mirrored, zerosBefore, results }: Axis): string {
  return `${size} ${mirrored} ${zerosBefore} ${results}`;
}

/** The Kronecker product of a matrix with itself: the transform along both axes of a tile at once. */
function kroneckerSquare(matrix: Matrix): Matrix {
  return matrix.flatMap(down => matrix.map(across => down.flatMap(a => across.map(b => a * b))));
}

function transposed(matrix: Matrix): Matrix {
  return matrix[0]!.map((_, column) => matrix.map(row => row[column]!));
}

function constant(emitter: OnnxEmitter, key: string, matrix: Matrix): ValueName {
  return emitter.shared(`winograd constant ${key}`, () =>
    emitter.floats(Float32Array.from(matrix.flat()), [matrix.length, matrix[0]!.length]),
  );
}

function reshaped(emitter: OnnxEmitter, value: ValueName, shape: readonly number[]): ValueName {
  return emitter.node('Reshape', [value, emitter.integers(shape)]);
}
