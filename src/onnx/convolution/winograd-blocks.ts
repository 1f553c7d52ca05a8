/**
 * Winograd's convolution with a fixed kernel, and when it pays. An image is computed in blocks, each with what it reads of its
 * neighbours: transforms are products with matrices as large as an image's side, so that for a large image as a whole they
 * would take more than they save.
 */
import type { OnnxEmitter, ValueName } from '../emitter.js';
import {
  type Axis,
  convolved,
  convolvedWith,
  minCells,
  products,
  reach,
  type Tiling,
  tile,
  tilesOf,
  transformKernel,
} from './winograd.js';

/**
 * The kernel of a Conv that is fixed is laid out beforehand for the processor's vectors, and such a Conv multiplies as fast as
 * a matrix product. The transforms' products do not: more channels must share them, and only so large a share of the
 * Conv's multiplications is faster than it (docs/performance.md).
 */
export const minChannelsOfFixed = 128;
const largestShareOfConv = 0.55;

export function paysForFixed(tiling: Tiling): boolean {
  const { k, c, rows, columns } = tiling;
  const tiled = blocksOf(tiling)
    .flat()
    .reduce((sum, block) => sum + multiplications({ ...tiling, ...block }), 0);
  const plain = 9 * k * c * rows.results * columns.results;
  const isLarge = Math.min(k, c) >= minChannelsOfFixed && rows.results * columns.results >= minCells;
  return isLarge && tiled <= largestShareOfConv * plain;
}

/** Of one image, transforms included. */
function multiplications({ k, c, rows, columns }: Tiling): number {
  const [down, across] = [tilesOf(rows), tilesOf(columns)];
  const image = reach * c * down * columns.size * (rows.size + reach * across);
  return image + products * k * down * across * (c + tile ** 2);
}

/** `[batch, k, rows.results, columns.results]`; the kernel is transformed once for all blocks. */
export function convolvedInBlocks(tiling: Tiling, x: ValueName, w: ValueName): ValueName {
  const { emitter } = tiling;
  const blocks = blocksOf(tiling);
  if (blocks.flat().length === 1) return convolved(tiling, x, w);
  const kernel = transformKernel(tiling, w);
  const joined = (parts: readonly ValueName[], axis: number) =>
    parts.length === 1 ? parts[0]! : emitter.node('Concat', parts, { axis });
  const bands = blocks.map(band =>
    joined(
      band.map(block => convolvedWith({ ...tiling, ...block }, cutOut(emitter, x, block), kernel)),
      3,
    ),
  );
  return joined(bands, 2);
}

/** A part of an axis that is convolved by itself. */
interface Part extends Axis {
  /** Of the whole axis: its first cell that the part reads. */
  readonly start: number;
}

interface Block {
  readonly rows: Part;
  readonly columns: Part;
}

/** Results of a part, at most: measured, with how many a transform is still quick. */
const largestPart = 80;

/** In rows of blocks. */
function blocksOf({ rows, columns }: Pick<Tiling, 'rows' | 'columns'>): Block[][] {
  const across = partsOf(columns);
  return partsOf(rows).map(part => across.map(other => ({ rows: part, columns: other })));
}

/** Of about equal length, in whole tiles. */
function partsOf(axis: Axis): Part[] {
  const count = Math.ceil(axis.results / largestPart);
  const length = Math.ceil(tilesOf(axis) / count) * tile;
  const firsts = Array.from({ length: Math.ceil(axis.results / length) }, (_, index) => index * length);
  return firsts.map(first => partOf(axis, first, Math.min(axis.results, first + length)));
}

/** The results `[first, end)` of an axis; borders stay with the parts at its ends. */
function partOf(axis: Axis, first: number, end: number): Part {
  const { size, results, zerosBefore } = axis;
  const border = zerosBefore + axis.mirrored[0];
  const [isFirst, isLast] = [first === 0, end === results];
  const start = isFirst ? 0 : first - border;
  const stop = isLast ? size : end + 2 - border;
  const mirrored = [isFirst ? axis.mirrored[0] : 0, isLast ? axis.mirrored[1] : 0] as const;
  return { size: stop - start, mirrored, zerosBefore: isFirst ? zerosBefore : 0, results: end - first, start };
}

function cutOut(emitter: OnnxEmitter, x: ValueName, { rows, columns }: Block): ValueName {
  const [starts, stops, axes] = [
    [rows.start, columns.start],
    [rows.start + rows.size, columns.start + columns.size],
    [2, 3],
  ].map(values => emitter.integers(values));
  return emitter.node('Slice', [x, starts!, stops!, axes!]);
}
