/** CycleGAN as a plugin would return it: for tests that hold recipes of plugins to what cyclebox has itself. */
import type { RecipeDocument, RecipeNode } from '../../src/plugin-api/index.js';

export interface CycleganWeights {
  readonly cycleWeight: number;
  readonly identityWeight: number;
}

/** @param settings as a plugin is told them */
export function cycleganDocument({ cycleWeight, identityWeight }: CycleganWeights): RecipeDocument {
  const weighted = (name: string, made: string, truth: string, weight: number): Record<string, RecipeNode> => ({
    [`${name}Error`]: { op: 'meanAbsoluteError', of: [made, truth] },
    [name]: { op: 'mul', of: [`${name}Error`, weight] },
  });
  const judged = (network: string, real: string, fake: string): Record<string, RecipeNode> => ({
    [fake]: { op: 'earlier', output: fake, of: [real] },
    [`real_${network}`]: { op: 'augment', of: [real] },
    [`fake_${network}`]: { op: 'augment', of: [fake] },
    [`onReal_${network}`]: { op: 'apply', network, of: [`real_${network}`] },
    [`onFake_${network}`]: { op: 'apply', network, of: [`fake_${network}`] },
    [network]: { op: 'discriminatorLoss', of: [`onReal_${network}`, `onFake_${network}`] },
  });
  return {
    summary: 'CycleGAN, as data.',
    uses: ['cycleWeight', 'identityWeight'],
    networks: [
      { name: 'G_A', kind: 'generator' },
      { name: 'G_B', kind: 'generator' },
      { name: 'D_A', kind: 'discriminator' },
      { name: 'D_B', kind: 'discriminator' },
    ],
    phases: [
      {
        name: 'generators',
        optimiser: 'generator',
        trains: ['G_A', 'G_B'],
        nodes: {
          fakeB: { op: 'apply', network: 'G_A', of: ['a'] },
          fakeA: { op: 'apply', network: 'G_B', of: ['b'] },
          fakeJudged: { op: 'apply', network: 'D_A', of: ['fakeB'] },
          otherJudged: { op: 'apply', network: 'D_B', of: ['fakeA'] },
          G_A: { op: 'generatorLoss', of: ['fakeJudged'] },
          G_B: { op: 'generatorLoss', of: ['otherJudged'] },
          recoveredA: { op: 'apply', network: 'G_B', of: ['fakeB'] },
          recoveredB: { op: 'apply', network: 'G_A', of: ['fakeA'] },
          ...weighted('cycle_A', 'recoveredA', 'a', cycleWeight),
          ...weighted('cycle_B', 'recoveredB', 'b', cycleWeight),
          sameB: { op: 'apply', network: 'G_A', of: ['b'] },
          sameA: { op: 'apply', network: 'G_B', of: ['a'] },
          ...weighted('idt_A', 'sameB', 'b', identityWeight),
          ...weighted('idt_B', 'sameA', 'a', identityWeight),
        },
        losses: {
          G_A: 'G_A',
          G_B: 'G_B',
          cycle_A: 'cycle_A',
          cycle_B: 'cycle_B',
          ...(identityWeight > 0 && { idt_A: 'idt_A', idt_B: 'idt_B' }),
        },
        outputs: { fakeB: 'fakeB', fakeA: 'fakeA' },
      },
      {
        name: 'discriminators',
        optimiser: 'discriminator',
        trains: ['D_A', 'D_B'],
        nodes: { ...judged('D_A', 'b', 'fakeB'), ...judged('D_B', 'a', 'fakeA') },
        losses: { D_A: 'D_A', D_B: 'D_B' },
      },
    ],
    pooled: ['fakeB', 'fakeA'],
    directions: [
      { network: 'G_A', from: 0, to: 1 },
      { network: 'G_B', from: 1, to: 0 },
    ],
  };
}
