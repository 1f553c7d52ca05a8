/**
 * The colours of the map style, and the answer to "is this map pixel water or land?". Plain numbers, no packages.
 * What must stay true: every water colour is nearer to a water colour than to any land colour, so that the true map
 * itself is classified without error (but for the mixed pixels on the coast line).
 *
 * The order agrees with the satellite picture on purpose: water dark and blue, land lighter and warmer (red above blue).
 */

/** Open sea, and the shallow rim along coasts that fades into it within RIM_PIXELS. */
export const SEA = Object.freeze([20, 52, 104]);
export const SEA_RIM = Object.freeze([52, 108, 164]);
export const RIM_PIXELS = 8;

/** The thin line between land and sea. */
export const COAST_INK = Object.freeze([34, 48, 58]);

/** Hypsometric tints: metres above the sea, colour. Between two rows the colour is mixed. */
export const TINTS = Object.freeze([
  [0, [92, 132, 78]],
  [100, [122, 150, 84]],
  [250, [166, 172, 100]],
  [450, [205, 188, 126]],
  [800, [206, 172, 110]],
  [1400, [186, 142, 90]],
  [2300, [158, 112, 76]],
  [3400, [142, 108, 88]],
  [4400, [188, 176, 168]],
  [5400, [246, 245, 243]],
]);

/** The colour [r, g, b] of flat land at a height in metres. */
export function tint(metres) {
  let i = 1;
  while (i < TINTS.length - 1 && metres > TINTS[i][0]) i++;
  const [h0, c0] = TINTS[i - 1];
  const [h1, c1] = TINTS[i];
  const t = Math.min(1, Math.max(0, (metres - h0) / (h1 - h0)));
  return [0, 1, 2].map(k => c0[k] + (c1[k] - c0[k]) * t);
}

export const WATER_COLOURS = [SEA, SEA_RIM];
/** Tints as they occur: in shade, flat, and in light. */
export const LAND_COLOURS = TINTS.flatMap(([, c]) => [0.6, 0.8, 1, 1.15].map(s => c.map(v => Math.min(255, v * s))));

const nearest = (r, g, b, colours) =>
  Math.min(...colours.map(c => (r - c[0]) ** 2 + (g - c[1]) ** 2 + (b - c[2]) ** 2));

/** Answers by colour, found once each: 0 not asked yet, 1 water, 2 land. */
const known = new Uint8Array(1 << 24);

/** Whether a map pixel (0..255 each) is land: its nearest palette colour, by Euclidean distance in RGB, is a land tint. */
export function isLand(r, g, b) {
  const key = (r << 16) | (g << 8) | b;
  if (known[key] === 0) known[key] = nearest(r, g, b, LAND_COLOURS) < nearest(r, g, b, WATER_COLOURS) ? 2 : 1;
  return known[key] === 2;
}
