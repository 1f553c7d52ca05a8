/**
 * Conformance of whole programs: what outputs may be, sizes that change between runs, errors, and training steps with
 * their gradients, against the reference evaluator.
 */
import { describe, expect, it } from 'vitest';
import { type Engine, evaluate, type TensorData } from '../../src/engine/index.js';
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
  instanceNormGrad,
  leakyRelu,
  mean,
  meanAbsoluteError,
  meanSquaredError,
  mul,
  neg,
  reflectPad,
  relu,
  type Shape,
  scalar,
  sqrt,
  square,
  sub,
  sum,
  symbol,
  type Tensor,
  tanh,
} from '../../src/graph/index.js';
import { between, type Maker, offsetPlanes, randomValues, seededRandom } from '../graph/random-values.js';

export function describeGraphs(engine: () => Engine): void {
  async function runOnce(graph: Graph, inputs: Readonly<Record<string, TensorData>>) {
    const program = await engine().compile(graph);
    try {
      return await program.run(inputs);
    } finally {
      await program.dispose();
    }
  }

  describe('outputs', () => {
    it('may be an input, a constant, a scalar, and one value under two names', async () => {
      const builder = new GraphBuilder();
      const x = builder.input('x', [1, 3]);
      const total = scalar(sum(x));
      builder.output('same', x);
      builder.output('fixed', builder.constant(Float32Array.of(4, 5), [2, 1]));
      builder.output('total', total);
      builder.output('again', total);
      const outputs = await runOnce(builder.build(), { x: { shape: [1, 3], data: Float32Array.of(1, 2, 4) } });
      expect(plain(outputs)).toEqual({
        same: [
          [1, 3],
          [1, 2, 4],
        ],
        fixed: [
          [2, 1],
          [4, 5],
        ],
        total: [[], [7]],
        again: [[], [7]],
      });
    });

    it('belong to the caller: neither a later run nor a change of the input reaches them', async () => {
      const builder = new GraphBuilder();
      const x = builder.input('x', [2]);
      builder.output('same', x);
      builder.output('twice', mul(x, 2));
      const program = await engine().compile(builder.build());
      const input = { shape: [2], data: Float32Array.of(1, 2) };
      const first = await program.run({ x: input });
      input.data.fill(50);
      const second = await program.run({ x: input });
      second['twice']!.data.fill(-1);
      const third = await program.run({ x: input });
      expect([...first['same']!.data, ...first['twice']!.data]).toEqual([1, 2, 2, 4]);
      expect([...third['same']!.data, ...third['twice']!.data]).toEqual([50, 50, 100, 100]);
    });

    it('and inputs are listed by the names of the graph', async () => {
      const builder = new GraphBuilder();
      builder.output('difference', sub(builder.input('left', [2]), builder.input('right', [2])));
      const program = await engine().compile(builder.build());
      expect([...program.inputs].sort()).toEqual(['left', 'right']);
      expect(program.outputs).toEqual(['difference']);
      expect(program.metadata).toEqual({});
    });
  });

  describe('sizes that are symbols', () => {
    const [n, height, width] = [symbol('n'), symbol('height', 4), symbol('width', 4)];
    const sizes = [
      [1, 3, 8, 12],
      [2, 3, 16, 8],
      [1, 3, 8, 12],
    ];

    it('take another value at every run: a residual generator', async () => {
      const builder = new GraphBuilder();
      builder.output('translated', residualGenerator(builder, builder.input('image', [n, 3, height, width])));
      await expectSizes(builder.build(), sizes);
    });

    it('take another value at every run: a generator with skips', async () => {
      const builder = new GraphBuilder();
      builder.output('translated', skipGenerator(builder, builder.input('image', [n, 3, height, width])));
      await expectSizes(builder.build(), sizes);
    });

    async function expectSizes(graph: Graph, shapes: readonly (readonly number[])[]) {
      const program = await engine().compile(graph);
      for (const shape of shapes) {
        const image = { shape, data: randomValues(seededRandom(3), shape) };
        const { translated } = await program.run({ image });
        const exact = evaluate(graph, { inputs: { image: doubles(image) } }).outputs['translated']!;
        expectNear('translated', translated!, exact, 2e-5);
      }
      await program.dispose();
    }
  });

  describe('wrong inputs', () => {
    const graph = () => {
      const builder = new GraphBuilder();
      builder.output('y', neg(builder.input('image', [1, 3, 4, 4])));
      return builder.build();
    };

    it('of another shape are refused by the name of the input', async () => {
      const image = { shape: [1, 3, 5, 4], data: new Float32Array(60) };
      await expect(runOnce(graph(), { image })).rejects.toMatchObject({ code: 'SHAPE_MISMATCH', message: /image/ });
    });

    it('that are missing are refused by the name of the input', async () => {
      await expect(runOnce(graph(), {})).rejects.toMatchObject({ code: 'SHAPE_MISMATCH', message: /image/ });
    });

    it('leave the program usable', async () => {
      const program = await engine().compile(graph());
      await expect(program.run({})).rejects.toThrow();
      const image = { shape: [1, 3, 4, 4], data: new Float32Array(48).fill(2) };
      expect((await program.run({ image }))['y']!.data[47]).toBe(-2);
    });
  });

  describe('gradients', () => {
    it('of instance norm at a mean of 100 deviations, with its result in the same graph', async () => {
      const shape = [2, 3, 9, 7];
      const builder = new GraphBuilder();
      const x = builder.input('x', shape);
      builder.output('y', instanceNorm(x));
      builder.output('dx', instanceNormGrad(x, builder.input('dy', shape), 1e-5));
      const random = seededRandom(4);
      await expectSame(
        builder.build(),
        {
          x: tensor(random, shape, offsetPlanes(100, 1, 63)),
          dy: tensor(random, shape),
        },
        3e-4,
      );
    });

    it('of a gradient penalty', async () => {
      const builder = new GraphBuilder();
      const image = builder.input('image', [2, 3, 10, 8]);
      const score = critic(builder, image);
      const [slope] = gradients(sum(score), [image]);
      const norm = sqrt(add(sum(square(slope!), [1, 2, 3]), 1e-6));
      const penalty = scalar(mean(square(sub(norm, 1))));
      builder.output('penalty', penalty);
      const weights = Object.values(variables(builder, criticShapes));
      gradients(penalty, weights).forEach((gradient, at) => {
        builder.output(`gradient ${at}`, gradient);
      });
      const graph = builder.build();
      const state = await engine().createState(initialWeights(graph));
      await expectSteps(graph, state, 1, 2e-4);
    });

    it('of both networks of an adversarial step, three steps with momentum and Adam', async () => {
      const graph = trainingStep();
      const state = await engine().createState(initialWeights(graph));
      await expectSteps(graph, state, 3, 5e-4);
    });
  });

  async function expectSame(graph: Graph, inputs: Readonly<Record<string, TensorData>>, tolerance: number) {
    const outputs = await runOnce(graph, inputs);
    const exact = evaluate(graph, { inputs: mapped(inputs, doubles) }).outputs;
    for (const [name, expected] of Object.entries(exact)) expectNear(name, outputs[name]!, expected, tolerance);
  }

  /** Runs on the engine's own state; before each step the evaluator starts from what the engine holds. */
  async function expectSteps(
    graph: Graph,
    state: Awaited<ReturnType<Engine['createState']>>,
    steps: number,
    tolerance: number,
  ) {
    const program = await engine().compile(graph, { state });
    for (let step = 0; step < steps; step++) {
      const random = seededRandom(100 + step);
      const inputs = Object.fromEntries(
        Object.entries(graph.inputs).map(([name, id]) => [name, tensor(random, numbers(graph.nodes[id]!.shape))]),
      );
      const before = await state.read();
      const exact = evaluate(graph, { inputs: mapped(inputs, doubles), variables: mapped(before, doubles) });
      const outputs = await program.run(inputs);
      const after = await state.read();
      for (const [name, expected] of Object.entries(exact.outputs)) {
        expectNear(`${name}, step ${step}`, outputs[name]!, expected, tolerance);
      }
      for (const [name, expected] of Object.entries(exact.updates)) {
        expectNear(`${name}, step ${step}`, after[name]!, expected, tolerance);
      }
    }
    await program.dispose();
    await state.dispose();
  }
}

const generatorShapes = { g1: [4, 3, 3, 3], g2: [5, 4, 3, 3], g3: [5, 3, 3, 3], g4: [1, 3, 1, 1] };
const criticShapes = { d1: [4, 3, 4, 4], d2: [5, 4, 3, 3], d3: [1, 5, 3, 3] };

function variables<Name extends string>(
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
function residualGenerator(builder: GraphBuilder, image: Tensor): Tensor {
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
function skipGenerator(builder: GraphBuilder, image: Tensor): Tensor {
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

function critic(builder: GraphBuilder, image: Tensor): Tensor {
  const { d1, d2, d3 } = variables(builder, criticShapes);
  const hidden = conv2d(image, d1, { stride: 2, padding: 1 });
  const deeper = instanceNorm(conv2d(leakyRelu(hidden), d2, { padding: 1 }));
  return conv2d(leakyRelu(deeper), d3, { padding: 1 });
}

/** Least-squares adversarial losses with a weighted L1 term; momentum for the critic, Adam for the generator. */
function trainingStep(): Graph {
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
function initialWeights(graph: Graph): Record<string, TensorData> {
  const random = seededRandom(42);
  return Object.fromEntries(
    Object.entries(graph.variables).map(([name, id]) => {
      const positive = name.startsWith('v ');
      return [name, tensor(random, numbers(graph.nodes[id]!.shape), positive ? between(0, 0.1) : between(-0.3, 0.3))];
    }),
  );
}

function tensor(random: () => number, shape: readonly number[], maker: Maker = between(-1, 1)): TensorData {
  return { shape, data: randomValues(random, shape, maker) };
}

function numbers(shape: Shape): readonly number[] {
  return shape as readonly number[];
}

function doubles({ shape, data }: TensorData) {
  return { shape, data: Float64Array.from(data) };
}

function mapped<From, To>(record: Readonly<Record<string, From>>, f: (value: From) => To): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]));
}

function plain(outputs: Readonly<Record<string, TensorData>>) {
  return mapped(outputs, ({ shape, data }) => [[...shape], [...data]]);
}

/** Within `tolerance` of the largest value of the tensor. */
function expectNear(
  name: string,
  actual: TensorData,
  exact: { readonly shape: readonly number[]; readonly data: Float64Array },
  tolerance: number,
): void {
  expect(actual.shape, name).toEqual(exact.shape);
  const scale = exact.data.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-3);
  const worst = exact.data.reduce((most, value, at) => Math.max(most, Math.abs(value - actual.data[at]!)), 0);
  expect(worst / scale, `${name}: largest error over largest value`).toBeLessThanOrEqual(tolerance);
}
