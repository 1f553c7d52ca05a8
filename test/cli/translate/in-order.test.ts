import { describe, expect, it } from 'vitest';
import { inOrder } from '../../../src/cli/translate/in-order.js';
import { PixelBudget } from '../../../src/cli/translate/pixel-budget.js';

describe('in-order', () => {
  it('gives results in the order of the list and starts no more than so many ahead', async () => {
    const started: number[] = [];
    const taken: (readonly [number, number])[] = [];
    const start = (n: number) => {
      started.push(n);
      return n * 10;
    };
    for await (const each of inOrder([1, 2, 3, 4, 5], 2, start)) {
      taken.push(each);
      expect(started.length - taken.length).toBe(Math.min(1, 5 - taken.length));
    }
    expect(taken).toEqual([1, 2, 3, 4, 5].map((n, index) => [index, n * 10]));
  });

  it('does one after the other where one is the most', async () => {
    const started: string[] = [];
    for await (const [index] of inOrder(['a', 'b', 'c'], 1, name => started.push(name)))
      expect(started).toHaveLength(index + 1);
    expect(started).toEqual(['a', 'b', 'c']);
  });
});

describe('pixel-budget', () => {
  it('has what comes in wait until there is room, in order, and one that is too large go alone', async () => {
    const budget = new PixelBudget(10);
    const log: string[] = [];
    const ends = new Map<string, () => void>();
    const begin = (name: string, pixels: number) =>
      budget.spend(pixels, async () => {
        log.push(name);
        await new Promise<void>(end => ends.set(name, end));
      });
    const all = [begin('a', 6), begin('b', 4), begin('large', 50), begin('c', 1)];
    const end = async (name: string) => {
      await expect.poll(() => ends.has(name)).toBe(true);
      ends.get(name)!();
    };
    await end('a');
    expect(log).toEqual(['a', 'b']);
    await end('b');
    await end('large');
    await end('c');
    await Promise.all(all);
    expect(log).toEqual(['a', 'b', 'large', 'c']);
  });

  it('gives back what a failure had', async () => {
    const budget = new PixelBudget(1);
    await expect(budget.spend(1, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await budget.spend(1, async () => 'yes')).toBe('yes');
  });
});
