/**
 * The size of one axis: a number, or an affine form of a symbol such as `height/4 + 6`. A symbol carries the number it
 * is a multiple of, which is what lets strided layers halve it exactly. Gradients need numbers; exported models keep
 * batch, height and width symbolic.
 */
import { CycleboxError } from '../base/index.js';

/** `symbol · numerator / denominator + offset`, in lowest terms; the symbol's value is a multiple of `multiple`. */
export interface SymbolicDimension {
  readonly symbol: string;
  readonly multiple: number;
  readonly numerator: number;
  readonly denominator: number;
  readonly offset: number;
}

export type Dimension = number | SymbolicDimension;
export type Shape = readonly Dimension[];

/** A free dimension, whose value at run time must be a multiple of `multiple`. */
export function symbol(name: string, multiple = 1): SymbolicDimension {
  return { symbol: name, multiple, numerator: 1, denominator: 1, offset: 0 };
}

export function sameDimension(a: Dimension, b: Dimension): boolean {
  if (typeof a === 'number' || typeof b === 'number') return a === b;
  return (
    a.symbol === b.symbol && a.numerator === b.numerator && a.denominator === b.denominator && a.offset === b.offset
  );
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dimension, axis) => sameDimension(dimension, b[axis]!));
}

/**
 * Whether two shapes are known to have as many elements as one another: equal numbers, and equal symbolic sizes once what
 * they are multiples of is taken out, so that `[c, height]` and `[2·height, c/2]` are.
 */
export function sameElementCount(a: Shape, b: Shape): boolean {
  const [left, right] = [factorsOf(a), factorsOf(b)];
  return left.over * right.under === right.over * left.under && String(left.symbols) === String(right.symbols);
}

/** A shape's elements as `over / under` times factors `symbol + offset`, in an order of their own. */
function factorsOf(shape: Shape): { readonly over: number; readonly under: number; readonly symbols: string[] } {
  let [over, under] = [1, 1];
  const symbols: string[] = [];
  for (const dimension of shape) {
    if (typeof dimension === 'number') {
      over *= dimension;
      continue;
    }
    over *= dimension.numerator;
    under *= dimension.denominator;
    symbols.push(`${dimension.symbol} ${(dimension.offset * dimension.denominator) / dimension.numerator}`);
  }
  return { over, under, symbols: symbols.sort() };
}

/** `[1, 3, height/4 + 6, 64]`. */
export function formatShape(shape: Shape): string {
  return `[${shape.map(formatDimension).join(', ')}]`;
}

export function formatDimension(dimension: Dimension): string {
  if (typeof dimension === 'number') return String(dimension);
  const { symbol: name, numerator, denominator, offset } = dimension;
  const scaled = `${numerator === 1 ? '' : `${numerator}*`}${name}${denominator === 1 ? '' : `/${denominator}`}`;
  if (offset === 0) return scaled;
  return offset > 0 ? `${scaled}+${offset}` : `${scaled}${offset}`;
}

export function plus(dimension: Dimension, amount: number): Dimension {
  return typeof dimension === 'number' ? dimension + amount : { ...dimension, offset: dimension.offset + amount };
}

export function times(dimension: Dimension, factor: number): Dimension {
  if (typeof dimension === 'number') return dimension * factor;
  return scaled(dimension, factor, 1, dimension.offset * factor);
}

/** `floor(dimension / divisor)`. @throws SHAPE_MISMATCH when a symbol is not known to be divisible. */
export function dividedBy(dimension: Dimension, divisor: number): Dimension {
  if (divisor === 1) return dimension;
  if (typeof dimension === 'number') return Math.floor(dimension / divisor);
  const { multiple, numerator, denominator, offset } = dimension;
  if ((multiple * numerator) % (denominator * divisor) !== 0) {
    throw new CycleboxError(
      'SHAPE_MISMATCH',
      `${formatDimension(dimension)} is divided by ${divisor}, but ${dimension.symbol} is only known to be a multiple of ${multiple}. Declare the symbol with a larger multiple.`,
    );
  }
  return scaled(dimension, 1, divisor, Math.floor(offset / divisor));
}

/** Positions of a window of `kernel` sliding by `stride` over `dimension` plus `padding` cells. */
export function windowCount(dimension: Dimension, kernel: number, stride: number, padding: number): Dimension {
  return plus(dividedBy(plus(dimension, padding - kernel), stride), 1);
}

/** The numbers of a shape. @throws SHAPE_MISMATCH when one is symbolic; `why` ends the sentence "… needs numbers". */
export function numericShape(shape: Shape, why: string): readonly number[] {
  return shape.map(dimension => {
    if (typeof dimension === 'number') return dimension;
    throw new CycleboxError('SHAPE_MISMATCH', `${why} needs numbers for dimensions, got ${formatShape(shape)}.`);
  });
}

/** Elements of a tensor of this shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

function scaled(dimension: SymbolicDimension, up: number, down: number, offset: number): SymbolicDimension {
  const numerator = dimension.numerator * up;
  const denominator = dimension.denominator * down;
  const divisor = greatestCommonDivisor(numerator, denominator);
  return { ...dimension, numerator: numerator / divisor, denominator: denominator / divisor, offset };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
