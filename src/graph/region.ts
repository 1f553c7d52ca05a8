/**
 * Rectangles of images, as what of a network's value is wanted or at hand: a span of rows and a span of columns, each in
 * cells of that value's own plane. Pure arithmetic.
 */

/** From the first cell to the one behind the last. */
export type Span = readonly [from: number, to: number];
/** Rows, then columns. */
export type Region = readonly [Span, Span];

/** 0: down, 1: across. */
export type PlaneAxis = 0 | 1;

export const lengthOf = ([from, to]: Span): number => to - from;

/** How many cells. */
export const areaOf = ([rows, columns]: Region): number => lengthOf(rows) * lengthOf(columns);

export const sameSpan = (a: Span, b: Span): boolean => a[0] === b[0] && a[1] === b[1];

/** The smallest region that holds both. */
export function hullOf(a: Region | undefined, b: Region): Region {
  if (!a) return b;
  return [hullOfSpans(a[0], b[0]), hullOfSpans(a[1], b[1])];
}

function hullOfSpans(a: Span, b: Span): Span {
  return [Math.min(a[0], b[0]), Math.max(a[1], b[1])];
}

/** What of `span` lies in [0, size); one cell at the near end where nothing does. */
export function clipped([from, to]: Span, size: number): Span {
  const first = Math.min(Math.max(from, 0), size - 1);
  return [first, Math.max(first + 1, Math.min(to, size))];
}
