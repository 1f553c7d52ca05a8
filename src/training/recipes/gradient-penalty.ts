/**
 * The gradient penalty of WGAN-GP (Gulrajani et al. 2017, equation 3): between a real and a made image, the discriminator's
 * slope is drawn towards 1 in length. Its gradient by the weights is a gradient of a gradient.
 */
import { add, gradients, mean, mul, scalar, sqrt, square, sub, sum, type Tensor } from '../../graph/index.js';
import type { PhaseScene } from './recipe.js';

/** Squared; keeps the slope of the length finite where a gradient is zero. */
const shortest = 1e-12;

/** λ · mean over the images of (‖∇ₓ D(x)‖₂ - 1)², x drawn anew on the line between `real` and `fake`. Shape []. */
export function gradientPenalty(scene: PhaseScene, network: string, real: Tensor, fake: Tensor): Tensor {
  const batch = real.shape[0] as number;
  const share = scene.drawn(`mix/${network}`, [batch, 1, 1, 1], (random, values) => {
    for (let index = 0; index < values.length; index++) values[index] = random.uniform();
  });
  const x = add(mul(real, share), mul(fake, sub(1, share)));
  const [slope] = gradients(sumOf(scene.apply(network, x)), [x]) as [Tensor];
  const length = sqrt(add(sum(square(slope), [1, 2, 3]), shortest));
  return mul(scalar(mean(square(sub(length, 1)))), scene.settings.penaltyWeight);
}

function sumOf(x: Tensor): Tensor {
  return scalar(sum(x));
}
