/**
 * Adversarial objectives on discriminator logits, as means over all elements.
 * `lsgan`: Mao et al. 2017, targets 1 and 0; `vanilla`: Goodfellow et al. 2014 with the non-saturating generator.
 */
import { binaryCrossEntropyWithLogits, meanSquaredError, type Tensor } from '../../graph/index.js';

export const adversarialLosses = ['lsgan', 'vanilla'] as const;
export type AdversarialLoss = (typeof adversarialLosses)[number];

/** How far `logits` are from judging everything real (or fake). Shape []. */
export function adversarialLoss(kind: AdversarialLoss, logits: Tensor, real: boolean): Tensor {
  const target = real ? 1 : 0;
  switch (kind) {
    case 'lsgan':
      return meanSquaredError(logits, target);
    case 'vanilla':
      return binaryCrossEntropyWithLogits(logits, target);
    default:
      return kind satisfies never;
  }
}
