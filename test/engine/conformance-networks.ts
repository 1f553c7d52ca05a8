/**
 * Small networks with the shapes of the real ones, and a training step of them, for the conformance of whole programs.
 */
import type { TensorData } from '../../src/engine/index.js';
import {
  abs,
  add,
  concat,
  conv2d,
  convTranspose2d,
  div,
  type Graph,
  GraphBuilder,
  gradients,
  instanceNorm,
  leakyRelu,
  meanAbsoluteError,
  meanSquaredError,
  mul,
  reflectPad,
  relu,
  sqrt,
  square,
  sub,
  type Tensor,
  tanh,
} from '../../src/graph/index.js';
import { between, randomValues, seededRandom } from '../graph/random-values.js';
import { numbers, tensor } from './near.js';

const generatorShapes = { g1: [4, 3, 3, 3], g2: [5, 4, 3, 3], g3: [5, 3, 3, 3], g4: [1, 3, 1, 1] };
export const criticShapes = { d1: [4, 3, 4, 4], d2: [5, 4, 3, 3], d3: [1, 5, 3, 3] };

export function variables<Name extends string>(
  builder: GraphBuilder,
  shapes: Readonly<Record<Name, readonly number[]>>,
): Record<Name, Tensor> {
  const entries = Object.entries<readonly number[]>(shapes);
  return Object.fromEntries(entries.map(([name, shape]) => [name, builder.variable(name, shape)])) as never;
}

function fixed(builder: GraphBuilder, seed: number, shape: readonly number[]): Tensor {
  return builder.constant(randomValues(seededRandom(seed), shape, between(-0.4, 0.4)), shape);
}

/** Reflection, strided convolutions, a residual block, transposed convolutions, tanh: with constant weights. */
export function residualGenerator(builder: GraphBuilder, image: Tensor): Tensor {
  const first = relu(instanceNorm(conv2d(reflectPad(image, 3), fixed(builder, 1, [4, 3, 7, 7]))));
  const down = relu(instanceNorm(conv2d(first, fixed(builder, 2, [6, 4, 3, 3]), { stride: 2, padding: 1 })));
  const block = instanceNorm(conv2d(reflectPad(down, 1), fixed(builder, 3, [6, 6, 3, 3])));
  const up = convTranspose2d(add(down, block), fixed(builder, 4, [6, 4, 3, 3]), {
    stride: 2,
    padding: 1,
    outputPadding: 1,
  });
  const shifted = add(relu(instanceNorm(up)), fixed(builder, 6, [1, 4, 1, 1]));
  return tanh(conv2d(reflectPad(shifted, 3), fixed(builder, 5, [3, 4, 7, 7])));
}

/** Two levels down by 4×4 convolutions and up again by transposed ones, joined across. */
export function skipGenerator(builder: GraphBuilder, image: Tensor): Tensor {
  const options = { stride: 2, padding: 1 };
  const outer = conv2d(image, fixed(builder, 7, [4, 3, 4, 4]), options);
  const inner = conv2d(leakyRelu(outer), fixed(builder, 8, [5, 4, 4, 4]), options);
  const up = convTranspose2d(relu(inner), fixed(builder, 9, [5, 4, 4, 4]), options);
  const joined = concat([leakyRelu(outer), instanceNorm(up)], 1);
  return tanh(convTranspose2d(relu(joined), fixed(builder, 10, [8, 3, 4, 4]), options));
}

function generator(builder: GraphBuilder, image: Tensor): Tensor {
  const { g1, g2, g3, g4 } = variables(builder, generatorShapes);
  const first = relu(instanceNorm(conv2d(reflectPad(image, 1), g1)));
  const down = instanceNorm(conv2d(first, g2, { stride: 2, padding: 1 }));
  const up = convTranspose2d(relu(down), g3, { stride: 2, padding: 1, outputPadding: 1 });
  return tanh(add(up, g4));
}

export function critic(builder: GraphBuilder, image: Tensor): Tensor {
  const { d1, d2, d3 } = variables(builder, criticShapes);
  const hidden = conv2d(image, d1, { stride: 2, padding: 1 });
  const deeper = instanceNorm(conv2d(leakyRelu(hidden), d2, { padding: 1 }));
  return conv2d(leakyRelu(deeper), d3, { padding: 1 });
}

/** Least-squares adversarial losses with a weighted L1 term; momentum for the critic, Adam for the generator. */
export function trainingStep(): Graph {
  const builder = new GraphBuilder();
  const source = builder.input('source', [2, 3, 10, 8]);
  const real = builder.input('real', [2, 3, 10, 8]);
  const fake = generator(builder, source);
  const generatorLoss = add(meanSquaredError(critic(builder, fake), 1), mul(meanAbsoluteError(fake, source), 10));
  const criticLoss = mul(
    add(meanSquaredError(critic(builder, real), 1), meanSquaredError(critic(builder, fake), 0)),
    0.5,
  );
  const generatorWeights = Object.values(variables(builder, generatorShapes));
  const criticWeights = Object.values(variables(builder, criticShapes));
  builder.output('generator loss', generatorLoss);
  builder.output('critic loss', criticLoss);
  builder.output('fake', fake);
  gradients(generatorLoss, generatorWeights).forEach((gradient, at) => {
    builder.output(`generator gradient ${at}`, gradient);
    adam(builder, generatorWeights[at]!, gradient);
  });
  gradients(criticLoss, criticWeights).forEach((gradient, at) => {
    const before = builder.variable(`momentum ${at}`, numbers(gradient.shape));
    const momentum = add(mul(before, 0.5), gradient);
    builder.update(before, momentum);
    builder.update(criticWeights[at]!, sub(criticWeights[at]!, mul(momentum, 0.05)));
  });
  return builder.build();
}

/** Adam (Kingma and Ba 2015) without bias correction, and with an epsilon that keeps small gradients comparable. */
function adam(builder: GraphBuilder, w: Tensor, gradient: Tensor): void {
  const shape = numbers(w.shape);
  const [m, v] = ['m', 'v'].map(moment => builder.variable(`${moment} ${w.id}`, shape));
  const first = add(mul(m!, 0.5), mul(gradient, 0.5));
  const second = add(mul(v!, 0.9), mul(square(gradient), 0.1));
  builder.update(m!, first);
  builder.update(v!, second);
  builder.update(w, sub(w, mul(div(first, add(sqrt(abs(second)), 1e-2)), 0.01)));
}

/** Small random weights; second moments are not negative. */
export function initialWeights(graph: Graph): Record<string, TensorData> {
  const random = seededRandom(42);
  return Object.fromEntries(
    Object.entries(graph.variables).map(([name, id]) => {
      const positive = name.startsWith('v ');
      return [name, tensor(random, numbers(graph.nodes[id]!.shape), positive ? between(0, 0.1) : between(-0.3, 0.3))];
    }),
  );
}
