import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planTiles } from '../../src/image/index.js';

const options = fc
  .record({
    size: fc.integer({ min: 1, max: 90 }),
    part: fc.double({ min: 0, max: 0.99, noNaN: true }),
    blend: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ size, part, blend }) => {
    const overlap = Math.min(size - 1, Math.floor(size * part));
    return { size, overlap, blend: Math.floor(overlap * blend) };
  });

test('at every pixel the weights of all tiles sum to one, none is negative, and all tiles lie inside', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), options, (total, option) => {
      const { columns } = planTiles(total, 1, option);
      const sums = new Float64Array(total);
      columns.starts.forEach((start, i) => {
        expect(start).toBeGreaterThanOrEqual(0);
        expect(start + columns.length).toBeLessThanOrEqual(total);
        columns.weights[i]!.forEach((weight, p) => {
          expect(weight).toBeGreaterThanOrEqual(0);
          sums[start + p] = sums[start + p]! + weight;
        });
      });
      for (const sum of sums) expect(Math.abs(sum - 1)).toBeLessThan(1e-6);
    }),
    { numRuns: 100 },
  );
});

test('neighbours overlap at least as much as asked, and no more tiles are cut than needed', () => {
  const { columns, rows, count } = planTiles(1000, 300, { size: 256, overlap: 64 });
  expect(columns.starts).toEqual([0, 186, 372, 558, 744]);
  expect(rows.starts).toEqual([0, 44]);
  expect(count).toBe(10);
});

test('a picture no larger than a tile is one tile of its own size', () => {
  const plan = planTiles(100, 40, { size: 256, overlap: 64 });
  expect(plan).toMatchObject({ count: 1, columns: { length: 100, starts: [0] }, rows: { length: 40, starts: [0] } });
  expect(plan.columns.weights[0]!.every(weight => weight === 1)).toBe(true);
});

test('the rim of a tile, where the network saw least, does not count', () => {
  const { columns } = planTiles(400, 1, { size: 256, overlap: 64, blend: 32 });
  expect(columns.weights[0]!.at(-1)).toBe(0);
  expect(columns.weights[1]![0]).toBe(0);
});

test('options that make no sense are programming mistakes', () => {
  expect(() => planTiles(100, 100, { size: 32, overlap: 32 })).toThrow(RangeError);
  expect(() => planTiles(100, 100, { size: 32, overlap: 8, blend: 9 })).toThrow(RangeError);
});
