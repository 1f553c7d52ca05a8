/** What recipes with discriminators share: one side wants to be taken for real, the other wants to know. */
import type { Tensor } from '../../graph/index.js';
import { gradientPenalty } from './gradient-penalty.js';
import { discriminatorLoss, generatorLoss } from './losses.js';
import type { PhaseScene } from './recipe.js';

/** The generator's loss for `fake`, as `network` judges it. */
export function foolingLoss(scene: PhaseScene, network: string, fake: Tensor): Tensor {
  return generatorLoss(scene.settings.loss, scene.apply(network, scene.seen(`${network}/fooling`, fake)));
}

/** Losses of a discriminator by name: its own, and with `wgan-gp` the penalty's. */
export function judgingLosses(scene: PhaseScene, network: string, real: Tensor, fake: Tensor): Record<string, Tensor> {
  const { loss } = scene.settings;
  const [shownReal, shownFake] = [scene.seen(`${network}/real`, real), scene.seen(`${network}/fake`, fake)];
  const [onReal, onFake] = scene.applyTogether(network, shownReal, shownFake) as [Tensor, Tensor];
  const judging = { [network]: discriminatorLoss(loss, onReal, onFake) };
  if (loss !== 'wgan-gp') return judging;
  return { ...judging, [`penalty_${network}`]: gradientPenalty(scene, network, shownReal, shownFake) };
}
