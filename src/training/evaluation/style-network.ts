/**
 * The network that tells the two domains apart: four convolutions with stride 2, each normalised over the whole image and
 * all channels, and a linear judgement of the channels' means on every level. Means of channels are what style is usually
 * taken for; where in the image something is does not reach the judgement. Not a network of the trainings.
 */
import type { Random } from '../../base/index.js';
import type { TensorData } from '../../engine/index.js';
import {
  add,
  concat,
  conv2d,
  type Graph,
  GraphBuilder,
  gradients,
  instanceNorm,
  matmul,
  mean,
  mul,
  numericShape,
  relu,
  reshape,
  scalar,
  sizeOf,
  softplus,
  square,
  sub,
  sum,
  type Tensor,
} from '../../graph/index.js';
import { type AdamSettings, applyAdam } from '../recipes/index.js';

/** Height and width of what it looks at. */
export const styleSide = 64;

export const styleAdam: AdamSettings = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

const levels = [
  { inputs: 3, outputs: 24, kernel: 5 },
  { inputs: 24, outputs: 48, kernel: 3 },
  { inputs: 48, outputs: 96, kernel: 3 },
  { inputs: 96, outputs: 192, kernel: 3 },
] as const;
const statistics = levels.reduce((count, { outputs }) => count + outputs, 0);

/** Weight of the squared weights in the loss. */
const decay = 1e-5;

interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** Deviation of its first values; `one` for scales, which begin as 1. */
  readonly begin: number | 'one';
}

const parameters: readonly Parameter[] = [
  ...levels.flatMap(({ inputs, outputs, kernel }, level) => [
    {
      name: `level${level}.weight`,
      shape: [outputs, inputs, kernel, kernel],
      begin: Math.sqrt(2 / (inputs * kernel * kernel)),
    },
    { name: `level${level}.scale`, shape: [outputs], begin: 'one' as const },
    { name: `level${level}.bias`, shape: [outputs], begin: 0 },
  ]),
  { name: 'judgement.weight', shape: [statistics, 1], begin: Math.sqrt(2 / statistics) },
  { name: 'judgement.bias', shape: [1], begin: 0 },
];

export const styleWeightNames: readonly string[] = parameters.map(({ name }) => name);

/** Fresh weights (He et al. 2015), by name. */
export function initialStyleWeights(random: Random): Record<string, TensorData> {
  const drawn = parameters.map(({ name, shape, begin }) => {
    const value = begin === 'one' ? () => 1 : () => (begin === 0 ? 0 : begin * random.normal());
    return [name, { shape, data: Float32Array.from({ length: sizeOf(shape) }, value) }] as const;
  });
  return Object.fromEntries(drawn);
}

/** Whether tensors by these names and shapes are its weights. */
export function areStyleWeights(tensors: Readonly<Record<string, TensorData>>): boolean {
  return parameters.every(({ name, shape }) => tensors[name]?.shape.join() === shape.join());
}

/** The same network for the domains exchanged. */
export function exchanged(weights: Readonly<Record<string, TensorData>>): Record<string, TensorData> {
  const negated = ([name, { shape, data }]: readonly [string, TensorData]) =>
    [name, { shape, data: name.startsWith('judgement.') ? data.map(value => -value) : data }] as const;
  return Object.fromEntries(Object.entries(weights).map(negated));
}

/** `images` `[batch, 3, 64, 64]` → `logits` `[batch, 1]`: above 0 for the second domain. */
export function inferenceGraph(batch: number): Graph {
  const builder = new GraphBuilder();
  builder.output('logits', logitsOf(builder, batch));
  return builder.build();
}

/** One step of Adam down the cross-entropy of `images` against `targets` `[batch, 1]`, which `loss` gives. */
export function fittingGraph(batch: number): Graph {
  const builder = new GraphBuilder();
  const logits = logitsOf(builder, batch);
  const targets = builder.input('targets', [batch, 1]);
  const loss = scalar(mean(sub(softplus(logits), mul(logits, targets))));
  builder.output('loss', loss);
  const weights = parameters.map(({ name, shape }) => builder.variable(name, shape));
  const decayed = weights.filter((_, index) => parameters[index]!.shape.length > 1);
  const penalty = decayed.map(weight => scalar(sum(square(weight)))).reduce((total, one) => add(total, one));
  gradients(add(loss, mul(penalty, decay)), weights).forEach((gradient, index) => {
    applyAdam(builder, parameters[index]!.name, weights[index]!, gradient, styleAdam);
  });
  return builder.build();
}

function logitsOf(builder: GraphBuilder, batch: number): Tensor {
  const weight = (name: string) => builder.variable(name, parameters.find(one => one.name === name)!.shape);
  let x = builder.input('images', [batch, 3, styleSide, styleSide]);
  const means = levels.map(({ outputs, kernel }, level) => {
    const convolved = conv2d(x, weight(`level${level}.weight`), { stride: 2, padding: (kernel - 1) / 2 });
    const perChannel = (name: string) => reshape(weight(`level${level}.${name}`), [1, outputs, 1, 1]);
    x = relu(add(mul(imageNorm(convolved), perChannel('scale')), perChannel('bias')));
    return reshape(mean(x, [2, 3]), [batch, outputs]);
  });
  return add(matmul(concat(means, 1), weight('judgement.weight')), weight('judgement.bias'));
}

/** Over channels, height and width together (Ba et al. 2016), so that channels keep their proportions. */
function imageNorm(x: Tensor): Tensor {
  const [n, c, h, w] = numericShape(x.shape, 'The style network') as [number, number, number, number];
  return reshape(instanceNorm(reshape(x, [n, 1, c * h, w])), [n, c, h, w]);
}
