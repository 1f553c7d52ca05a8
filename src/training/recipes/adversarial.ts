/** What recipes with discriminators share: one side wants to be taken for real, the other wants to know. */
import { mul, type Tensor } from '../../graph/index.js';
import { gradientPenalty } from './gradient-penalty.js';
import { discriminatorLoss, generatorLoss } from './losses.js';
import { discriminatorOptions, type PhaseContext, type RecipeOption } from './recipe.js';

/** What a user may set wherever there are discriminators. */
export const adversarialOptions = [
  'loss',
  'penaltyWeight',
  'augment',
  ...discriminatorOptions,
] as const satisfies readonly RecipeOption[];

/**
 * The generator's loss for `fake`, as `network` judges it.
 *
 * A critic of `wgan-gp` has slope 1 by Euclidean length: if every value of an image changes by 1, it may change by √values,
 * an L1 distance by 1. Divided by that, the loss has the unit of those that it is weighed against (cycle, identity, …), whatever
 * the size of the crops.
 */
export function generatorAdversarialLoss(context: PhaseContext, network: string, fake: Tensor): Tensor {
  const { loss, generator, size } = context.settings;
  const fooling = generatorLoss(loss, context.apply(network, context.augmented(`${network}/fooling`, fake)));
  return loss === 'wgan-gp' ? mul(fooling, 1 / Math.sqrt(generator.outputChannels * size * size)) : fooling;
}

/** Losses of a discriminator by name: its own, and with `wgan-gp` the penalty's. */
export function discriminatorLosses(
  context: PhaseContext,
  network: string,
  real: Tensor,
  fake: Tensor,
): Record<string, Tensor> {
  const { loss } = context.settings;
  const [shownReal, shownFake] = [
    context.augmented(`${network}/real`, real),
    context.augmented(`${network}/fake`, fake),
  ];
  const [onReal, onFake] = context.applyTogether(network, shownReal, shownFake) as [Tensor, Tensor];
  const judging = { [network]: discriminatorLoss(loss, onReal, onFake) };
  if (loss !== 'wgan-gp') return judging;
  return { ...judging, [`penalty_${network}`]: gradientPenalty(context, network, shownReal, shownFake) };
}
