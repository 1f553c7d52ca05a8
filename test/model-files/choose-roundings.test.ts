/** Which layers go to int8: the quickest choice that is near enough, found in few runs. */
import { describe, expect, it } from 'vitest';
import { chooseRoundings, type Sensitivity } from '../../src/model-files/int8/choose-roundings.js';
import type { ObservedModelRanges } from '../../src/model-files/int8/observed-ranges.js';
import type { Distance } from '../../src/model-files/int8/trial.js';
import type { KernelBits, ModelRanges } from '../../src/onnx/index.js';

const channels = { least: [0], most: [1] };
const both = { into: channels, outOf: channels };

/** Ten layers, each of which harms twice as much as the one before it, a quarter of that with its sums whole. */
const table: readonly Sensitivity[] = Array.from({ length: 10 }, (_, at) => ({
  ...{ names: [`y${at}`], work: 0.1 },
  meanSquares: { bytes: 2 ** at, sums: 2 ** at / 4, none: 0 },
}));
const ranges: ObservedModelRanges = Object.fromEntries(table.map(({ names: [name] }) => [name!, both]));

/** Errors that add up, times `factor`, of which `most` is allowed. */
function trialWith({
  factor = 1,
  most,
  mostOfOne = Number.POSITIVE_INFINITY,
}: {
  factor?: number;
  most: number;
  mostOfOne?: number;
}) {
  const runs: ModelRanges[] = [];
  return {
    runs,
    distance(chosen: ModelRanges): Promise<Distance> {
      runs.push(chosen);
      const errors = table.map(({ names: [name], meanSquares: { bytes, sums } }) => {
        const range = chosen[name!];
        if (!range) return 0;
        return range.outOf ? bytes! : sums!;
      });
      const all = factor * errors.reduce((sum, error) => sum + error, 0);
      return Promise.resolve({ all, one: 2 * all });
    },
    strainOf: ({ all, one }: Distance) => Math.max(all / most, one / mostOfOne),
  };
}

async function chosen(trial: ReturnType<typeof trialWith>, kernelBits: KernelBits = 7): Promise<string> {
  const found = await chooseRoundings(trial, ranges, table, { kernelBits, onProgress: () => {} });
  return table.map(({ names: [name] }) => ({ bytes: 'b', sums: 's', none: '.' })[found.get(name!)!]).join('');
}

describe('the choice of what calculates in int8', () => {
  it('is everything, with bytes, where that is near enough, and nothing where nothing is', async () => {
    expect(await chosen(trialWith({ most: 1023 }))).toBe('bbbbbbbbbb');
    expect(await chosen(trialWith({ most: 0.1 }))).toBe('..........');
  });

  it('gives more layers whole sums before it gives one up where int8 gains more', async () => {
    expect(await chosen(trialWith({ most: 100 }), 8)).toBe('bbbbssss..');
  });

  it('gives whole sums to what harms most before it gives it up', async () => {
    expect(await chosen(trialWith({ most: 1023 - 384 }))).toBe('bbbbbbbbbs');
    expect(await chosen(trialWith({ most: 450 }))).toBe('bbbbbbbbss');
    expect(await chosen(trialWith({ most: 100 }))).toBe('bbbbbsss..');
  });

  it('goes as far as runs say where errors add up to less or to more than those of each alone', async () => {
    const exact = await chosen(trialWith({ most: 100 }));
    for (const factor of [0.2, 0.5, 2, 5]) expect(await chosen(trialWith({ factor, most: 100 * factor }))).toBe(exact);
    expect(await chosen(trialWith({ factor: 0.2, most: 100 }))).not.toBe(exact);
  });

  it('is near enough for the least like image, too', async () => {
    expect(await chosen(trialWith({ most: 1000, mostOfOne: 200 }))).toBe(await chosen(trialWith({ most: 100 })));
  });

  it('takes eight runs at the most', async () => {
    for (const factor of [0.03, 0.3, 1, 3, 30]) {
      const trial = trialWith({ factor, most: 77 });
      await chosen(trial);
      expect(trial.runs.length).toBeLessThanOrEqual(8);
      expect(trial.runs.length).toBeGreaterThan(1);
    }
  });
});
