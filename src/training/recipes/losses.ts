/**
 * Adversarial objectives on discriminator logits, as means over all elements. `lsgan`: Mao et al. 2017, targets 1 and 0;
 * `vanilla`: Goodfellow et al. 2014 with the non-saturating generator; `hinge`: Lim & Ye 2017; `wgan-gp`: Gulrajani et al.
 * 2017, whose gradient penalty is a loss of its own (gradient-penalty.ts).
 */
import {
  add,
  binaryCrossEntropyWithLogits,
  mean,
  meanSquaredError,
  mul,
  neg,
  relu,
  scalar,
  sub,
  type Tensor,
} from '../../graph/index.js';

export const adversarialLosses = ['lsgan', 'vanilla', 'hinge', 'wgan-gp'] as const;
export type AdversarialLoss = (typeof adversarialLosses)[number];

/** How far the discriminator is from taking what was made for real. Shape []. */
export function generatorLoss(kind: AdversarialLoss, onFake: Tensor): Tensor {
  switch (kind) {
    case 'lsgan':
      return meanSquaredError(onFake, 1);
    case 'vanilla':
      return binaryCrossEntropyWithLogits(onFake, 1);
    case 'hinge':
    case 'wgan-gp':
      return neg(scalar(mean(onFake)));
    default:
      return kind satisfies never;
  }
}

/**
 * How far the discriminator is from telling real from made. Shape []. For `lsgan` and `vanilla` half of the sum, as the
 * reference has it, which slows the discriminator down.
 */
export function discriminatorLoss(kind: AdversarialLoss, onReal: Tensor, onFake: Tensor): Tensor {
  switch (kind) {
    case 'lsgan':
      return mul(add(meanSquaredError(onReal, 1), meanSquaredError(onFake, 0)), 0.5);
    case 'vanilla':
      return mul(add(binaryCrossEntropyWithLogits(onReal, 1), binaryCrossEntropyWithLogits(onFake, 0)), 0.5);
    case 'hinge':
      return add(scalar(mean(relu(sub(1, onReal)))), scalar(mean(relu(add(1, onFake)))));
    case 'wgan-gp':
      return sub(scalar(mean(onFake)), scalar(mean(onReal)));
    default:
      return kind satisfies never;
  }
}
