/**
 * One iteration of CycleGAN (Zhu et al. 2017) as two graphs: the generators' step, which also hands out the fakes, and
 * the discriminators' step, which takes them back after the image pool has had its say. Order and weights are those of
 * the reference implementation: both generators first, with one optimiser; then both discriminators, with one.
 *
 * G_A translates A to B and D_A judges B; G_B translates B to A and D_B judges A.
 */
import { add, type Graph, GraphBuilder, gradients, meanAbsoluteError, mul, type Tensor } from '../../graph/index.js';
import {
  buildNetwork,
  type DiscriminatorSpec,
  type GeneratorSpec,
  type NetworkSpec,
  parametersOf,
} from '../../nets/index.js';
import { type AdamSettings, applyAdam } from './adam.js';
import { type AdversarialLoss, adversarialLoss } from './losses.js';

export const generatorNames = ['G_A', 'G_B'] as const;
export const discriminatorNames = ['D_A', 'D_B'] as const;
export type GeneratorName = (typeof generatorNames)[number];
export type DiscriminatorName = (typeof discriminatorNames)[number];
export type NetworkName = GeneratorName | DiscriminatorName;

export const generatorLossNames = ['G_A', 'G_B', 'cycle_A', 'cycle_B', 'idt_A', 'idt_B'] as const;
export const discriminatorLossNames = ['D_A', 'D_B'] as const;

export interface CycleGanSpec {
  readonly generator: GeneratorSpec;
  readonly discriminator: DiscriminatorSpec;
  readonly batch: number;
  /** Height and width of the training crops, pixels. */
  readonly size: number;
  readonly loss: AdversarialLoss;
  /** λ of ‖G_B(G_A(a)) - a‖₁ and its mirror image. */
  readonly cycleWeight: number;
  /** Absolute weight of ‖G_A(b) - b‖₁ and its mirror image; 0 leaves both out. */
  readonly identityWeight: number;
  readonly adam: AdamSettings;
}

export interface StepOptions {
  /** Hand out every gradient as `gradient/NAME` and the reconstructions, for checks. */
  readonly inspect?: boolean;
}

/** `G_A.model.1.weight`. */
export const weightName = (network: NetworkName, key: string): string => `${network}.${key}`;

/**
 * Inputs `A`, `B` `[batch, channels, size, size]` in [-1, 1] and Adam's scalars; outputs `fakeB` = G_A(A), `fakeA` =
 * G_B(B), and `loss/NAME` for the generators' losses, weights included. Updates G_A and G_B.
 */
export function generatorStep(spec: CycleGanSpec, options: StepOptions = {}): Graph {
  const builder = new GraphBuilder();
  const nets = networks(builder, spec);
  const [a, b] = realImages(builder, spec);
  const fakeB = nets.G_A(a);
  const fakeA = nets.G_B(b);
  const recoveredA = nets.G_B(fakeB);
  const recoveredB = nets.G_A(fakeA);
  const losses: Record<string, Tensor> = {
    G_A: adversarialLoss(spec.loss, nets.D_A(fakeB), true),
    G_B: adversarialLoss(spec.loss, nets.D_B(fakeA), true),
    cycle_A: mul(meanAbsoluteError(recoveredA, a), spec.cycleWeight),
    cycle_B: mul(meanAbsoluteError(recoveredB, b), spec.cycleWeight),
  };
  if (spec.identityWeight > 0) {
    losses['idt_A'] = mul(meanAbsoluteError(nets.G_A(b), b), spec.identityWeight);
    losses['idt_B'] = mul(meanAbsoluteError(nets.G_B(a), a), spec.identityWeight);
  }
  builder.output('fakeB', fakeB);
  builder.output('fakeA', fakeA);
  if (options.inspect) {
    builder.output('recoveredA', recoveredA);
    builder.output('recoveredB', recoveredB);
  }
  descend(builder, spec, losses, generatorNames, options);
  return builder.build();
}

/**
 * Inputs `A`, `B`, `fakeA`, `fakeB` and Adam's scalars; outputs `loss/D_A`, `loss/D_B`: half the sum of the losses on
 * real and on fake images. Updates D_A and D_B.
 */
export function discriminatorStep(spec: CycleGanSpec, options: StepOptions = {}): Graph {
  const builder = new GraphBuilder();
  const nets = networks(builder, spec);
  const [a, b] = realImages(builder, spec);
  const fakeA = builder.input('fakeA', a.shape);
  const fakeB = builder.input('fakeB', b.shape);
  const loss = (judge: (x: Tensor) => Tensor, real: Tensor, fake: Tensor) =>
    mul(add(adversarialLoss(spec.loss, judge(real), true), adversarialLoss(spec.loss, judge(fake), false)), 0.5);
  const losses = { D_A: loss(nets.D_A, b, fakeB), D_B: loss(nets.D_B, a, fakeA) };
  descend(builder, spec, losses, discriminatorNames, options);
  return builder.build();
}

/** Names and shapes of every weight that the two steps keep between runs, without biases that cancel. */
export function trainedParameters(spec: CycleGanSpec): { readonly name: string; readonly shape: readonly number[] }[] {
  return [...generatorNames, ...discriminatorNames].flatMap(network =>
    parametersOf(specOf(spec, network))
      .filter(parameter => !parameter.cancels)
      .map(({ key, shape }) => ({ name: weightName(network, key), shape })),
  );
}

export function specOf(spec: CycleGanSpec, network: NetworkName): NetworkSpec {
  return network === 'G_A' || network === 'G_B' ? spec.generator : spec.discriminator;
}

function networks(builder: GraphBuilder, spec: CycleGanSpec): Record<NetworkName, (x: Tensor) => Tensor> {
  const network = (name: NetworkName) => (x: Tensor) =>
    buildNetwork(specOf(spec, name), x, (key, shape) => builder.variable(weightName(name, key), shape));
  return { G_A: network('G_A'), G_B: network('G_B'), D_A: network('D_A'), D_B: network('D_B') };
}

function realImages(builder: GraphBuilder, { batch, size, generator }: CycleGanSpec): readonly [Tensor, Tensor] {
  const shape = [batch, generator.inputChannels, size, size];
  return [builder.input('A', shape), builder.input('B', shape)];
}

/** Names the losses and takes one Adam step down their sum, for the weights of the given networks only. */
function descend(
  builder: GraphBuilder,
  spec: CycleGanSpec,
  losses: Readonly<Record<string, Tensor>>,
  trained: readonly NetworkName[],
  { inspect = false }: StepOptions,
): void {
  for (const [name, loss] of Object.entries(losses)) builder.output(`loss/${name}`, loss);
  const total = Object.values(losses).reduce((sum, loss) => add(sum, loss));
  const parameters = trainedParameters(spec).filter(({ name }) =>
    trained.some(network => name.startsWith(`${network}.`)),
  );
  const weights = parameters.map(({ name, shape }) => builder.variable(name, shape));
  gradients(total, weights).forEach((gradient, index) => {
    const { name } = parameters[index]!;
    if (inspect) builder.output(`gradient/${name}`, gradient);
    applyAdam(builder, name, weights[index]!, gradient, spec.adam);
  });
}
