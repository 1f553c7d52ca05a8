/** Types of places.mjs for the tests; the meaning of each is told there. */
export interface Place {
  readonly left: number;
  readonly top: number;
}
export interface Area extends Place {
  readonly right: number;
  readonly bottom: number;
}
export const WORLD: { readonly width: number; readonly height: number };
export const HELD_OUT: { readonly west: number; readonly east: number };
export function toX(longitude: number, width?: number): number;
export function toY(latitude: number, height?: number): number;
export function seededRandom(seed: number): () => number;
export function latitudeBand(maxLatitude: number): { top: number; bottom: number };
export function heldOutArea(maxLatitude: number): Area;
export function trainingBlocks(maxLatitude: number): Area[];
export function assignBlocks(
  blocks: readonly Area[],
  features: readonly (readonly number[])[],
  seed: number,
  tries?: number,
): ('a' | 'b')[];
export function touches(left: number, top: number, size: number, area: Area): boolean;
export function drawPlaces(blocks: readonly Area[], count: number, size: number, seed: number): Place[];
export function placeInDegrees(
  place: Place,
  size: number,
): { west: number; east: number; north: number; south: number };
