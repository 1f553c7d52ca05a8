/**
 * The data set tool's geometry: where crops may lie, and how rings of coast become land and water. Only its modules
 * without packages are loaded here, so this runs from the root's install alone.
 */
import { describe, expect, it } from 'vitest';
import { isLand, SEA, SEA_RIM, TINTS, tint } from '../../tools/satellite-map/palette.mjs';
import {
  type Area,
  assignBlocks,
  drawPlaces,
  HELD_OUT,
  heldOutArea,
  type Place,
  placeInDegrees,
  seededRandom,
  touches,
  toX,
  trainingBlocks,
  WORLD,
} from '../../tools/satellite-map/places.mjs';
import { cutAtAntimeridian, fillEvenOdd, type Point, unwrapRing } from '../../tools/satellite-map/rings.mjs';

const SIZE = 128;
const MAX_LATITUDE = 52;

function chosen(seed: number): { a: Place[]; b: Place[]; blocks: Area[] } {
  const blocks = trainingBlocks(MAX_LATITUDE);
  const random = seededRandom(seed);
  const owners = assignBlocks(
    blocks,
    blocks.map(() => [random(), random()]),
    seed,
    50,
  );
  const own = (name: 'a' | 'b') => blocks.filter((_, i) => owners[i] === name);
  return { a: drawPlaces(own('a'), 400, SIZE, seed), b: drawPlaces(own('b'), 400, SIZE, seed + 1), blocks };
}

function painted(places: readonly Place[]): Uint8Array {
  const pixels = new Uint8Array(WORLD.width * WORLD.height);
  for (const { left, top } of places) {
    for (let y = top; y < top + SIZE; y++) pixels.fill(1, y * WORLD.width + left, y * WORLD.width + left + SIZE);
  }
  return pixels;
}

describe('places of crops', () => {
  it('no training crop touches the held-out strip, not even with its edge', () => {
    const { a, b } = chosen(1);
    const strip = { left: toX(HELD_OUT.west), right: toX(HELD_OUT.east), top: 0, bottom: WORLD.height };
    for (const { left, top } of [...a, ...b]) {
      expect(touches(left, top, SIZE, strip)).toBe(false);
      const { west, east } = placeInDegrees({ left, top }, SIZE);
      expect(east <= HELD_OUT.west || west >= HELD_OUT.east).toBe(true);
    }
  });

  it('no crop of A shares a pixel with a crop of B', () => {
    for (const seed of [1, 2, 3]) {
      const { a, b } = chosen(seed);
      const inA = painted(a);
      const shared = painted(b).some((value, i) => value === 1 && inA[i] === 1);
      expect(shared).toBe(false);
    }
  });

  it('held-out crops lie wholly in the strip, and every crop within the latitudes asked for', () => {
    const { a, b } = chosen(1);
    const held = drawPlaces([heldOutArea(MAX_LATITUDE)], 150, SIZE, 9);
    for (const place of held) {
      const { west, east } = placeInDegrees(place, SIZE);
      expect(west).toBeGreaterThanOrEqual(HELD_OUT.west);
      expect(east).toBeLessThanOrEqual(HELD_OUT.east);
    }
    for (const place of [...a, ...b, ...held]) {
      const { north, south } = placeInDegrees(place, SIZE);
      expect(Math.max(north, -south)).toBeLessThanOrEqual(MAX_LATITUDE);
    }
  });

  it('the same seed gives the same places, another seed others', () => {
    expect(chosen(1)).toEqual(chosen(1));
    expect(chosen(1).a).not.toEqual(chosen(2).a);
  });

  it('blocks are halved so that both halves look alike', () => {
    const blocks = trainingBlocks(MAX_LATITUDE);
    const features = blocks.map((_, i) => [i % 2 === 0 ? 10 : 0]);
    const owners = assignBlocks(blocks, features, 1);
    const sum = (name: string) => features.reduce((s, [f], i) => s + (owners[i] === name ? (f ?? 0) : 0), 0);
    expect(Math.abs(sum('a') - sum('b'))).toBeLessThanOrEqual(10);
  });

  it('asking for more places than there are says so instead of looking for ever', () => {
    const tight = { left: 0, top: 0, right: SIZE + 1, bottom: SIZE };
    expect(drawPlaces([tight], 2, SIZE, 1)).toHaveLength(2);
    expect(() => drawPlaces([tight], 3, SIZE, 1)).toThrow(/only 2 of 3 different places for crops of 128 px/);
  });
});

describe('rings of coast', () => {
  const square = (from: number, to: number): Point[] => [
    [from, from],
    [to, from],
    [to, to],
    [from, to],
    [from, from],
  ];
  const inDegrees = (ring: readonly Point[]) => ring.map(([lon, lat]): Point => [lon + 180, 90 - lat]);
  const landAt = (land: Float32Array, lon: number, lat: number) => land[Math.floor(90 - lat) * 360 + lon + 180];

  it('a ring inside a ring is a hole, and an island in the hole is land again', () => {
    const land = fillEvenOdd([square(1, 11), square(3, 9), square(5, 7)], 12, 12);
    const middle = Array.from(land.subarray(6 * 12, 7 * 12));
    expect(middle).toEqual([0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0]);
    expect(land.reduce((a, b) => a + b)).toBe(100 - 36 + 4);
  });

  it('pixels on an edge get their share of land', () => {
    const land = fillEvenOdd([square(1.25, 2.75)], 4, 4);
    expect(land[1 * 4 + 1]).toBeCloseTo(0.75 * 0.75);
    expect(land.reduce((a, b) => a + b)).toBeCloseTo(1.5 * 1.5);
  });

  it('a ring across the antimeridian is land on both sides of it and nowhere between', () => {
    const chukotka: Point[] = [
      [170, 60],
      [-170, 60],
      [-170, 70],
      [170, 70],
      [170, 60],
    ];
    expect(unwrapRing(chukotka).map(([lon]) => lon)).toEqual([170, 190, 190, 170, 170]);
    const land = fillEvenOdd(cutAtAntimeridian(chukotka).map(inDegrees), 360, 180);
    expect([landAt(land, 179, 65), landAt(land, -180, 65), landAt(land, -171, 65)]).toEqual([1, 1, 1]);
    expect([landAt(land, 0, 65), landAt(land, 169, 65), landAt(land, -169, 65)]).toEqual([0, 0, 0]);
    expect(land.reduce((a, b) => a + b)).toBe(20 * 10);
  });

  it('a ring round the south pole is filled down to the pole, wherever it starts', () => {
    for (const start of [-180, -170, 30]) {
      const ring = Array.from({ length: 37 }, (_, i): Point => [((start + i * 10 + 540) % 360) - 180, -70]);
      const land = fillEvenOdd(cutAtAntimeridian(ring).map(inDegrees), 360, 180);
      expect(land.reduce((a, b) => a + b)).toBe(360 * 20);
      expect([landAt(land, -180, -80), landAt(land, 0, -80), landAt(land, 179, -80)]).toEqual([1, 1, 1]);
    }
  });
});

describe('the map’s palette', () => {
  it('water is water, and every land tint is land in shade, flat and in light', () => {
    for (const [r, g, b] of [SEA, SEA_RIM]) expect(isLand(r, g, b)).toBe(false);
    for (const [metres] of TINTS) {
      for (const light of [0.65, 1, 1.1]) {
        const [r, g, b] = tint(metres).map(v => Math.min(255, Math.round(v * light))) as [number, number, number];
        expect(isLand(r, g, b), `${metres} m in light ${light}`).toBe(true);
      }
    }
  });
});
