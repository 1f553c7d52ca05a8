import { describe, expect, it } from 'vitest';
import { Random } from '../../src/base/index.js';

const draw = (random: Random, count: number, take: (random: Random) => number) =>
  Array.from({ length: count }, () => take(random));

describe('Random', () => {
  it('gives the same numbers for the same seed and others for another', () => {
    const numbers = (seed: number) => draw(new Random(seed), 5, random => random.uniform());
    expect(numbers(1)).toEqual(numbers(1));
    expect(new Set([1, 2, 2 ** 32 + 1, -1, 0].map(seed => numbers(seed)[0])).size).toBe(5);
  });

  it('draws uniform numbers in [0, 1) with the right mean and spread', () => {
    const values = draw(new Random(3), 50_000, random => random.uniform());
    expect(values.every(value => value >= 0 && value < 1)).toBe(true);
    const mean = values.reduce((sum, value) => sum + value) / values.length;
    expect(mean).toBeGreaterThan(0.49);
    expect(mean).toBeLessThan(0.51);
  });

  it('draws normal numbers with mean 0, variance 1 and the tails of a normal distribution', () => {
    const values = draw(new Random(4), 50_000, random => random.normal());
    const mean = values.reduce((sum, value) => sum + value) / values.length;
    const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length;
    const beyondTwo = values.filter(value => Math.abs(value) > 2).length / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(variance - 1)).toBeLessThan(0.03);
    expect(Math.abs(beyondTwo - 0.0455)).toBeLessThan(0.005);
  });

  it('draws every integer below n about equally often', () => {
    const counts = new Array<number>(7).fill(0);
    for (const value of draw(new Random(5), 70_000, random => random.integer(7))) counts[value]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
    expect(() => new Random(0).integer(0)).toThrow(RangeError);
  });

  it('shuffles without losing or doubling items', () => {
    const items = Array.from({ length: 100 }, (_, index) => index);
    const shuffled = new Random(6).shuffle([...items]);
    expect(shuffled).not.toEqual(items);
    expect(shuffled.toSorted((a, b) => a - b)).toEqual(items);
  });

  it('goes on from its state after a trip through JSON, in the middle of a pair of normal numbers too', () => {
    const random = new Random(8);
    random.normal();
    const restored = Random.from(JSON.parse(JSON.stringify(random.state)));
    const take = (source: Random) => [...draw(source, 3, r => r.normal()), source.uniform(), source.integer(1000)];
    expect(take(restored)).toEqual(take(random));
  });
});
