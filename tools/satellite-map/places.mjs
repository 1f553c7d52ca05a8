/**
 * Where crops are taken: the grid of blocks over the world picture, which block belongs to which training folder,
 * and where a crop may lie. Plain numbers, no pictures and no packages.
 * What must stay true: no training crop touches the held-out strip, and no crop of A shares a pixel with one of B.
 */

/** The world picture in pixels (equirectangular, longitude -180..180 from left, latitude 90..-90 from the top). */
export const WORLD = Object.freeze({ width: 4096, height: 2048 });

/** Longitudes in degrees east that no training crop may touch; the paired held-out set comes from here alone. */
export const HELD_OUT = Object.freeze({ west: 60, east: 100 });

/** Wanted side of a block in degrees: room for many different crops of 128 px (11.25 degrees) in one block. */
const BLOCK_DEGREES = 26;

/** Longitude in degrees to a horizontal position in pixels. */
export const toX = (longitude, width = WORLD.width) => ((longitude + 180) / 360) * width;
/** Latitude in degrees to a vertical position in pixels. */
export const toY = (latitude, height = WORLD.height) => ((90 - latitude) / 180) * height;

/** Deterministic random numbers in [0, 1) from a 32-bit seed (mulberry32). */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The band of rows, top to bottom (whole pixels, bottom exclusive), within `maxLatitude` degrees of the equator. */
export function latitudeBand(maxLatitude) {
  return { top: Math.ceil(toY(maxLatitude)), bottom: Math.floor(toY(-maxLatitude)) };
}

/** The held-out strip as whole pixels that lie inside it. Training blocks keep one pixel's rounding away from it. */
export function heldOutArea(maxLatitude) {
  const { top, bottom } = latitudeBand(maxLatitude);
  return { left: Math.ceil(toX(HELD_OUT.west)), top, right: Math.floor(toX(HELD_OUT.east)), bottom };
}

function split(from, to, wanted) {
  const count = Math.max(1, Math.round((to - from) / wanted));
  return Array.from({ length: count }, (_, i) => [
    Math.round(from + ((to - from) * i) / count),
    Math.round(from + ((to - from) * (i + 1)) / count),
  ]);
}

/**
 * Cuts everything outside the held-out strip into blocks of about 26 degrees: `{ left, top, right, bottom }` in
 * pixels, right and bottom exclusive.
 */
export function trainingBlocks(maxLatitude) {
  const wanted = (BLOCK_DEGREES / 360) * WORLD.width;
  const { top, bottom } = latitudeBand(maxLatitude);
  const columns = [
    ...split(0, Math.floor(toX(HELD_OUT.west)), wanted),
    ...split(Math.ceil(toX(HELD_OUT.east)), WORLD.width, wanted),
  ];
  return split(top, bottom, wanted).flatMap(([t, b]) =>
    columns.map(([l, r]) => ({ left: l, top: t, right: r, bottom: b })),
  );
}

function shuffled(items, random) {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}

function imbalance(owners, features) {
  let sum = 0;
  for (let f = 0; f < features[0].length; f++) {
    let difference = 0;
    for (let i = 0; i < owners.length; i++) difference += owners[i] === 'a' ? features[i][f] : -features[i][f];
    sum += Math.abs(difference);
  }
  return sum;
}

/**
 * Gives each block to 'a' or 'b', half each, so that both halves look alike: of many random halvings the one whose
 * sums of `features` (one list of numbers per block: land share, heights, colours) differ least.
 */
export function assignBlocks(blocks, features, seed, tries = 4000) {
  const random = seededRandom(seed);
  const even = blocks.map((_, i) => (i % 2 === 0 ? 'a' : 'b'));
  let best = even;
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < tries; i++) {
    const owners = shuffled(even, random);
    const found = imbalance(owners, features);
    if (found < least) [best, least] = [owners, found];
  }
  return best;
}

/** Whether the square of side `size` at (`left`, `top`) shares a pixel with `area`. */
export function touches(left, top, size, area) {
  return left < area.right && left + size > area.left && top < area.bottom && top + size > area.top;
}

function coveredArea(left, top, size, blocks) {
  let pixels = 0;
  for (const block of blocks) {
    const w = Math.min(left + size, block.right) - Math.max(left, block.left);
    const h = Math.min(top + size, block.bottom) - Math.max(top, block.top);
    if (w > 0 && h > 0) pixels += w * h;
  }
  return pixels;
}

/**
 * Draws `count` different crops, uniformly over every place where the square lies wholly in `blocks` (it may lie across
 * the border of two). Uniform, so sea and land come in their natural shares. Throws a RangeError where none fits.
 */
export function drawPlaces(blocks, count, size, seed) {
  const random = seededRandom(seed);
  const left = Math.min(...blocks.map(b => b.left));
  const top = Math.min(...blocks.map(b => b.top));
  const spanX = Math.max(...blocks.map(b => b.right)) - size - left + 1;
  const spanY = Math.max(...blocks.map(b => b.bottom)) - size - top + 1;
  const places = new Map();
  for (let tries = 0; places.size < count; tries++) {
    if (tries > count * 1000 + 100_000) {
      throw new RangeError(
        `Found only ${places.size} of ${count} different places for crops of ${size} px. Ask for fewer or smaller crops.`,
      );
    }
    const place = { left: left + Math.floor(random() * spanX), top: top + Math.floor(random() * spanY) };
    if (coveredArea(place.left, place.top, size, blocks) !== size * size) continue;
    places.set(`${place.left},${place.top}`, place);
  }
  return [...places.values()];
}

/** A crop's borders in degrees, rounded to a thousandth. */
export function placeInDegrees({ left, top }, size) {
  const round = v => Math.round(v * 1000) / 1000;
  return {
    west: round((left / WORLD.width) * 360 - 180),
    east: round(((left + size) / WORLD.width) * 360 - 180),
    north: round(90 - (top / WORLD.height) * 180),
    south: round(90 - ((top + size) / WORLD.height) * 180),
  };
}
