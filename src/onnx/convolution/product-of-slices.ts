/**
 * Sums of products over many cells, for a graphics card: `Σ a · bᵀ` with a `[m, cells]` and b `[n, cells]`. A card computes
 * the results of a product beside each other, and each of them by one thread that goes through all cells. The gradient of a
 * first layer has 32 · 147 results of 16 384 cells each, which leaves the card idle for all of that way; so cells are cut into
 * slices, each of which is a product of its own in one batch, and the products are added up.
 */
import type { OnnxEmitter, ValueName } from '../emitter.js';

export interface Product {
  /** a `[m, cells]` and b `[n, cells]`. */
  readonly factors: readonly [a: ValueName, b: ValueName];
  /** m and n, the same for all that are added up. */
  readonly sizes: readonly [m: number, n: number];
  readonly cells: number;
}

/** Fewer cells than these are one product. */
const fewestCells = 512;

/** Undefined where the cells are too few for it. */
export function productOfSlices(emitter: OnnxEmitter, products: readonly Product[]): ValueName | undefined {
  const [m, n] = products[0]!.sizes;
  const cells = products.reduce((sum, product) => sum + product.cells, 0);
  if (cells < fewestCells) return undefined;
  const slice = sliceOf(cells);
  const slices = Math.ceil(cells / slice);
  const side = (index: 0 | 1, size: number, perm: readonly number[]) => {
    const values = products.map(({ factors }) => factors[index]);
    const joined = values.length === 1 ? values[0]! : emitter.node('Concat', values, { axis: 1 });
    const filled = filledUp(emitter, joined, slices * slice - cells);
    const cut = emitter.node('Reshape', [filled, emitter.integers([size, slices, slice])]);
    return emitter.node('Transpose', [cut], { perm });
  };
  const each = emitter.node('MatMul', [side(0, m, [1, 0, 2]), side(1, n, [1, 2, 0])]);
  return emitter.node('ReduceSum', [each, emitter.integers([0])], { keepdims: 0 });
}

/** ONNX Runtime's kernels read four cells at a time. */
const cellsRead = 4;

/** The most cells, of 64 to 256, that all can be cut into evenly; 128 where there is no such number. */
function sliceOf(cells: number): number {
  for (let slice = 256; slice >= 64; slice -= cellsRead) if (cells % slice === 0) return slice;
  return 128;
}

/** Zeros behind the cells. */
function filledUp(emitter: OnnxEmitter, x: ValueName, missing: number): ValueName {
  return missing === 0 ? x : emitter.node('Pad', [x, emitter.integers([0, 0, 0, missing])]);
}
