/**
 * Adversarial losses alone, in both directions: CycleGAN without its cycle. Nothing asks that a translation has to do with
 * its input, which is what this recipe is there to show.
 */
import { adversarialOptions, foolingLoss } from './adversarial.js';
import { cyclegan, judgeBoth } from './cyclegan.js';
import type { PhaseResult, PhaseScene, Recipe } from './recipe.js';

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

function generators(scene: PhaseScene): PhaseResult {
  const [fakeB, fakeA] = [scene.apply('G_A', scene.a), scene.apply('G_B', scene.b)];
  return {
    losses: { G_A: foolingLoss(scene, 'D_A', fakeB), G_B: foolingLoss(scene, 'D_B', fakeA) },
    handsOn: { fakeB, fakeA },
  };
}
