/**
 * What the three convolutions share: kernel sizes, and kernels turned round. A stride-1 convolution and an input
 * gradient are one another with the kernel rotated, which lets each be spelt as Conv (which unfolds its input) or as
 * ConvTranspose (which folds its result): the side with fewer channels is the cheaper one to spread over the kernel.
 */
import { numericShape, type Padding, type Shape } from '../../graph/index.js';
import type { OnnxEmitter, ValueName } from '../emitter.js';

export function kernelSize(w: Shape): readonly [number, number] {
  return numericShape(w.slice(2), 'A kernel') as unknown as readonly [number, number];
}

/** Whether `fewer` channels are so much fewer than `many` that turning the kernel pays. */
export function farFewer(fewer: number, many: number): boolean {
  return fewer * 4 <= many;
}

/** Padding that a stride-1 convolution has when seen as an input gradient, and the other way round. */
export function gradientPadding([top, left, bottom, right]: Padding, [kh, kw]: readonly [number, number]): Padding {
  return [kh - 1 - top, kw - 1 - left, kh - 1 - bottom, kw - 1 - right];
}

/** `[k, c, kh, kw]` → `[c, k, kh, kw]` with both spatial axes reversed. */
export function rotatedKernel(emitter: OnnxEmitter, w: ValueName, shape: Shape): ValueName {
  const [kh, kw] = kernelSize(shape);
  const rows = Array.from({ length: kh }, (_, row) => kh - 1 - row);
  const columns = Array.from({ length: kw }, (_, column) => kw - 1 - column);
  return gatheredKernel(emitter, w, shape, rows, columns);
}

/** `[k, c, kh, kw]` → `[c, k, …]` with the given kernel rows and columns. */
export function gatheredKernel(
  emitter: OnnxEmitter,
  w: ValueName,
  shape: Shape,
  rows: readonly number[],
  columns: readonly number[],
): ValueName {
  return emitter.shared(`kernel ${w} [${rows}] [${columns}]`, () => {
    const [k, c, kh, kw] = numericShape(shape, 'A kernel');
    const cells = rows.flatMap(row => columns.map(column => row * kw! + column));
    const picked = emitter.isFixed(w)
      ? gathered(emitter, w, [k!, c!, kh! * kw!], cells)
      : multiplied(emitter, w, [k!, c!, kh! * kw!], cells);
    const swapped = emitter.node('Transpose', [picked], { perm: [1, 0, 2] });
    return emitter.node('Reshape', [swapped, emitter.integers([c!, k!, rows.length, columns.length])]);
  });
}

function gathered(
  emitter: OnnxEmitter,
  w: ValueName,
  flatShape: readonly [number, number, number],
  cells: readonly number[],
): ValueName {
  const flat = emitter.shared(`flat ${w}`, () => emitter.node('Reshape', [w, emitter.integers(flatShape)]));
  return emitter.node('Gather', [flat, emitter.integers(cells)], { axis: 2 });
}

/** As a product with a 0-1 matrix: Gather copies cell by cell, which takes three times as long. */
function multiplied(
  emitter: OnnxEmitter,
  w: ValueName,
  [k, c, size]: readonly [number, number, number],
  cells: readonly number[],
): ValueName {
  const rows = emitter.shared(`rows ${w}`, () => emitter.node('Reshape', [w, emitter.integers([k * c, size])]));
  const choice = emitter.shared(`choice ${size} [${cells}]`, () => {
    const data = new Float32Array(size * cells.length);
    for (const [index, cell] of cells.entries()) data[cell * cells.length + index] = 1;
    return emitter.floats(data, [size, cells.length]);
  });
  const picked = emitter.node('MatMul', [rows, choice]);
  return emitter.node('Reshape', [picked, emitter.integers([k, c, cells.length])]);
}
