/**
 * Adversarial losses alone, in both directions: CycleGAN without its cycle. Nothing asks that a translation has to do with
 * its input, which is what this recipe is there to show.
 */
import { adversarialOptions, generatorAdversarialLoss } from './adversarial.js';
import { cyclegan, judgeBoth } from './cyclegan.js';
import type { PhaseContext, PhaseResult, Recipe } from './recipe.js';

export const gan: Recipe = {
  ...cyclegan,
  id: 'gan',
  summary: 'Two generators and two discriminators, and nothing that ties a translation to its input.',
  uses: [...adversarialOptions, 'poolSize'],
  phases: [
    { name: 'generators', optimiser: 'generator', trains: ['G_A', 'G_B'], build: generators },
    { name: 'discriminators', optimiser: 'discriminator', trains: ['D_A', 'D_B'], build: judgeBoth },
  ],
};

function generators(context: PhaseContext): PhaseResult {
  const [fakeB, fakeA] = [context.apply('G_A', context.a), context.apply('G_B', context.b)];
  return {
    losses: {
      G_A: generatorAdversarialLoss(context, 'D_A', fakeB),
      G_B: generatorAdversarialLoss(context, 'D_B', fakeA),
    },
    outputs: { fakeB, fakeA },
  };
}
