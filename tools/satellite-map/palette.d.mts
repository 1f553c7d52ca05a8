/** Types of palette.mjs for the tests; the meaning of each is told there. */
type Colour = readonly [number, number, number];
export const SEA: Colour;
export const SEA_RIM: Colour;
export const RIM_PIXELS: number;
export const COAST_INK: Colour;
export const TINTS: readonly (readonly [number, Colour])[];
export function tint(metres: number): Colour;
export function isLand(r: number, g: number, b: number): boolean;
