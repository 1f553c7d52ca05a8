/** Types of rings.mjs for the tests; the meaning of each is told there. */
export type Point = readonly [number, number];
export function unwrapRing(ring: readonly Point[]): Point[];
export function cutAtAntimeridian(ring: readonly Point[]): Point[][];
export function fillEvenOdd(
  rings: readonly (readonly Point[])[],
  width: number,
  height: number,
  samples?: number,
): Float32Array;
