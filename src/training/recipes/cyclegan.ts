/**
 * CycleGAN (Zhu et al. 2017): G_A translates A to B and D_A judges B; G_B translates B to A and D_B judges A. Order and
 * weights are the reference implementation's: both generators first, with one optimiser; then both discriminators.
 */
import { meanAbsoluteError, mul, type Tensor } from '../../graph/index.js';
import { adversarialOptions, discriminatorLosses, generatorAdversarialLoss } from './adversarial.js';
import type { PhaseContext, PhaseResult, Recipe } from './recipe.js';

export const cyclegan: Recipe = {
  id: 'cyclegan',
  summary: 'Two generators and two discriminators; what is translated there and back must come back as it was.',
  paired: false,
  uses: [...adversarialOptions, 'cycleWeight', 'identityWeight', 'poolSize'],
  networks: ({ generator, discriminator }) => [
    { name: 'G_A', spec: generator },
    { name: 'G_B', spec: generator },
    { name: 'D_A', spec: discriminator },
    { name: 'D_B', spec: discriminator },
  ],
  phases: [
    { name: 'generators', optimiser: 'generator', trains: ['G_A', 'G_B'], build: generators },
    { name: 'discriminators', optimiser: 'discriminator', trains: ['D_A', 'D_B'], build: judgeBoth },
  ],
  pooled: ['fakeB', 'fakeA'],
  directions: [
    { network: 'G_A', from: 0, to: 1 },
    { network: 'G_B', from: 1, to: 0 },
  ],
  columns: [
    { key: 'A', title: 'A' },
    { key: 'fakeB', title: 'A → B' },
    { key: 'recoveredA', title: 'A → B → A' },
    { key: 'B', title: 'B' },
    { key: 'fakeA', title: 'B → A' },
    { key: 'recoveredB', title: 'B → A → B' },
  ],
  preview: ({ a, b, apply }) => {
    const [fakeB, fakeA] = [apply('G_A', a), apply('G_B', b)];
    return { fakeB, fakeA, recoveredA: apply('G_B', fakeB), recoveredB: apply('G_A', fakeA) };
  },
};

/**
 * What is made of an image of A has nothing to do with what is made of one of B, and both can be computed beside each other
 * (phase-shares.ts). An image that is to stay as it is goes through a generator together with the one that comes back.
 */
function generators(context: PhaseContext): PhaseResult {
  const { a, b, apply, applyTogether } = context;
  const { cycleWeight, identityWeight } = context.settings;
  const withIdentity = identityWeight > 0;
  const back = (network: string, fake: Tensor, real: Tensor) =>
    applyTogether(network, ...(withIdentity ? [fake, real] : [fake])) as [Tensor, Tensor];
  const [fakeB, fakeA] = [apply('G_A', a), apply('G_B', b)];
  const [recoveredA, sameA] = back('G_B', fakeB, a);
  const [recoveredB, sameB] = back('G_A', fakeA, b);
  const losses = {
    G_A: generatorAdversarialLoss(context, 'D_A', fakeB),
    G_B: generatorAdversarialLoss(context, 'D_B', fakeA),
    cycle_A: mul(meanAbsoluteError(recoveredA, a), cycleWeight),
    cycle_B: mul(meanAbsoluteError(recoveredB, b), cycleWeight),
    ...(withIdentity && {
      idt_A: mul(meanAbsoluteError(sameB, b), identityWeight),
      idt_B: mul(meanAbsoluteError(sameA, a), identityWeight),
    }),
  };
  return { losses, outputs: { fakeB, fakeA }, inspected: { recoveredA, recoveredB } };
}

/** Both discriminators, on real images and on what was handed on as `fakeB` and `fakeA`. */
export function judgeBoth(context: PhaseContext): PhaseResult {
  const { a, b, earlierOutput } = context;
  const fake = (name: string, real: Tensor) => earlierOutput(name, real.shape as readonly number[]);
  return {
    losses: {
      ...discriminatorLosses(context, 'D_A', b, fake('fakeB', b)),
      ...discriminatorLosses(context, 'D_B', a, fake('fakeA', a)),
    },
  };
}
