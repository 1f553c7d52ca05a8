import { describe, expect, it } from 'vitest';
import type { CycleboxError } from '../../src/base/index.js';
import type { Device } from '../../src/engine/index.js';
import { add, exp, GraphBuilder, mul } from '../../src/graph/index.js';
import { estimateMemory, resolveTrainingSettings, type TrainingOptions } from '../../src/training/index.js';
import { liveBytes } from '../../src/training/memory/live-bytes.js';
import { type AvailableMemory, requireMemory } from '../../src/training/memory/memory-check.js';

const settingsOf = (more: Partial<TrainingOptions> = {}) =>
  resolveTrainingSettings({ pair: 'red-blue', a: 'a', b: 'b', out: 'out', size: 64, width: 8, blocks: 2, ...more });

describe('the bytes that are live in a graph', () => {
  const values = 25;
  const bytes = 4 * values;

  it('are those of values that are still to be used', () => {
    const builder = new GraphBuilder();
    const x = builder.input('x', [values]);
    const chain = exp(exp(exp(x)));
    builder.output('y', add(chain, exp(chain)));
    // Of the chain two at a time; at its end the last one, what is made of it, and their sum.
    expect(liveBytes(builder.build())).toBe(3 * bytes);
  });

  it('are not those of inputs and variables, nor of what goes where the variables lie', () => {
    const builder = new GraphBuilder();
    const weight = builder.variable('weight', [values]);
    const used = mul(weight, builder.input('x', [values]));
    builder.update(weight, add(weight, used));
    builder.output('y', exp(used));
    expect(liveBytes(builder.build())).toBe(2 * bytes);
  });
});

describe('the estimate of a training', () => {
  it('has the weights once, the moments twice, the averages of the generators, and gradients where they are gathered', () => {
    const plain = estimateMemory(settingsOf());
    // Of networks of 50 739 and 44 425 values, four bytes each.
    const [generators, discriminators] = [2 * 4 * 50_739, 2 * 4 * 44_425];
    expect(plain).toMatchObject({
      weights: generators + discriminators,
      moments: 2 * (generators + discriminators),
      averages: generators,
      gathered: 0,
    });
    const gathering = estimateMemory(settingsOf({ accumulate: 2, ema: 0 }));
    expect(gathering).toMatchObject({ averages: 0, gathered: gathering.weights });
    // Programs that gather are others than those that apply, and each keeps its own memory.
    expect(gathering.activations / plain.activations).toBeCloseTo(2, 0);
  });

  it('grows with batch and crops as they do, to a tenth', () => {
    const [one, four, larger] = [{}, { batch: 4 }, { size: 128 }].map(
      more => estimateMemory(settingsOf(more)).activations,
    );
    expect(four! / one!).toBeGreaterThan(3.6);
    expect(four! / one!).toBeLessThan(4.1);
    expect(larger! / four!).toBeCloseTo(1, 1);
  });

  it('has the copies of weights that are joined to be updated, where an engine prefers few operations', () => {
    // Small crops of wide networks: there the update is what takes the most.
    const settings = settingsOf({ size: 32, width: 32 });
    const [apart, joined] = [false, true].map(prefersFew => estimateMemory(settings, prefersFew));
    const { weights } = apart!;
    const more = joined!.activations - apart!.activations;
    // At least a weight, its gradient and both moments of the largest group once more; at most all of them, and what is made of them.
    expect(more / weights).toBeGreaterThan(0.5);
    expect(more / weights).toBeLessThan(1.55 * 8);
    expect(joined!.onDevice - apart!.onDevice).toBeCloseTo(more, 0);
  });

  it('of growing crops is that of the last ones', () => {
    expect(estimateMemory(settingsOf({ sizes: [32, 64] })).total).toBe(estimateMemory(settingsOf()).total);
  });
});

describe('a training that does not fit into memory', () => {
  const processor: Device = { id: 'cpu', kind: 'cpu', name: 'A CPU' };
  const card: Device = { id: 'cuda:0', kind: 'gpu', name: 'A card', memoryBytes: 1 };
  const asked = settingsOf({ batch: 8, width: 32, size: 128 });

  function refusal(device: Device, available: AvailableMemory): string {
    try {
      requireMemory(asked, { device }, available);
    } catch (error) {
      expect(error).toMatchObject({ code: 'OUT_OF_MEMORY', subject: { pair: 'red-blue' } });
      return (error as CycleboxError).message;
    }
    throw new Error('It was not refused.');
  }

  const totalOf = (more: Partial<TrainingOptions>) => estimateMemory({ ...asked, ...more } as typeof asked).total;

  it('is allowed where there is just enough', () => {
    const machine = estimateMemory(asked).total;
    expect(() => requireMemory(asked, { device: processor }, { machine, device: undefined })).not.toThrow();
  });

  it('is refused with the largest batch that fits, in runs that make up for it', () => {
    const machine = totalOf({ batch: 2, accumulate: 4 });
    expect(refusal(processor, { machine, device: undefined })).toMatch(
      /^Training red-blue with batch 8, crops of 128, width 32 needs about \d\.\d GB of memory, and this machine has \d\.\d GB\. Give --batch 2 --accumulate 4\. .*--no-memory-check/,
    );
  });

  it('is refused with smaller crops, then with narrower networks', () => {
    const crops = totalOf({ batch: 1, size: 64 });
    expect(refusal(processor, { machine: crops, device: undefined })).toContain('Give --batch 1 --size 64.');
    const width = totalOf({ batch: 1, size: 64, width: 16, discriminatorWidth: 16 });
    expect(refusal(processor, { machine: width, device: undefined })).toContain('Give --batch 1 --size 64 --width 16.');
    expect(refusal(processor, { machine: 1, device: undefined })).toContain('No smaller batch, crop or width would do');
  });

  it('of a card is told by its name', () => {
    const device = estimateMemory({ ...asked, batch: 2, accumulate: 4 }).onDevice;
    expect(refusal(card, { machine: 1e12, device })).toMatch(
      /needs about \d\.\d GB on A card \(cuda:0\), which has \d\.\d GB\. Give --batch 2 --accumulate 4\./,
    );
  });
});
