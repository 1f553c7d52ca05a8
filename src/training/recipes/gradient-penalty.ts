/**
 * The gradient penalty of WGAN-GP (Gulrajani et al. 2017, equation 3): between a real and a made image, the critic's slope is
 * drawn towards 1 in length. Its gradient by the weights is a gradient of a gradient.
 *
 * An image's judgement is the mean over its logits, as in the loss. With their sum (what differentiating a map of logits by
 * ones gives) the critic would be as many times too flat as there are patches, and had learnt nothing in the toy problems.
 */
import { add, gradients, mean, mul, scalar, sqrt, square, sub, sum, type Tensor } from '../../graph/index.js';
import type { PhaseContext } from './recipe.js';

/** Squared; keeps the slope of the length finite where a gradient is zero. */
const epsilon = 1e-12;

/** λ · mean over the images of (‖∇ₓ D(x)‖₂ - 1)², x drawn anew on the line between `real` and `fake`. Shape []. */
export function gradientPenalty(context: PhaseContext, network: string, real: Tensor, fake: Tensor): Tensor {
  const batch = real.shape[0] as number;
  const share = context.randomInput(`mix/${network}`, [batch, 1, 1, 1], (random, values) => {
    for (let index = 0; index < values.length; index++) values[index] = random.uniform();
  });
  const x = add(mul(real, share), mul(fake, sub(1, share)));
  // No image of a batch changes another's judgement, so that the sum's slopes are each image's own.
  const [gradient] = gradients(scalar(sum(mean(context.apply(network, x), [1, 2, 3]))), [x]) as [Tensor];
  const length = sqrt(add(sum(square(gradient), [1, 2, 3]), epsilon));
  return mul(scalar(mean(square(sub(length, 1)))), context.settings.penaltyWeight);
}
