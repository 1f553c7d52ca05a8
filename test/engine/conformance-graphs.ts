/**
 * Conformance of whole programs: what outputs may be, sizes that change between runs, errors, and training steps with
 * their gradients, against the reference evaluator.
 */
import { describe, expect, it } from 'vitest';
import { type Engine, evaluate, type TensorData } from '../../src/engine/index.js';
import {
  add,
  type Graph,
  GraphBuilder,
  gradients,
  instanceNorm,
  instanceNormGrad,
  mean,
  mul,
  neg,
  scalar,
  sqrt,
  square,
  sub,
  sum,
  symbol,
} from '../../src/graph/index.js';
import { offsetPlanes, randomValues, seededRandom } from '../graph/random-values.js';
import {
  critic,
  criticShapes,
  initialWeights,
  residualGenerator,
  skipGenerator,
  trainingStep,
  variables,
} from './conformance-networks.js';
import { doubles, expectNear, mapped, numbers, plain, tensor } from './near.js';

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
      await expect(runOnce(graph(), { image })).rejects.toMatchObject({
        code: 'SHAPE_MISMATCH',
        message: expect.stringMatching(/image/),
      });
    });

    it('that are missing are refused by the name of the input', async () => {
      await expect(runOnce(graph(), {})).rejects.toMatchObject({
        code: 'SHAPE_MISMATCH',
        message: expect.stringMatching(/image/),
      });
    });

    it('leave the program usable', async () => {
      const program = await engine().compile(graph());
      await expect(program.run({})).rejects.toThrow();
      const image = { shape: [1, 3, 4, 4], data: new Float32Array(48).fill(2) };
      expect((await program.run({ image }))['y']!.data[47]).toBe(-2);
    });
  });

  describe('a program', () => {
    const negating = () => {
      const builder = new GraphBuilder();
      builder.output('y', neg(builder.input('x', [100_000])));
      return builder.build();
    };

    it('that was disposed of runs no more, and may be disposed of again', async () => {
      const program = await engine().compile(negating());
      await program.dispose();
      await program.dispose();
      const x = { shape: [100_000], data: new Float32Array(100_000) };
      await expect(program.run({ x })).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
    });

    it('keeps no memory of its runs', async () => {
      const program = await engine().compile(negating());
      const x = { shape: [100_000], data: new Float32Array(100_000).fill(1) };
      const runs = async (count: number) => {
        for (let run = 0; run < count; run++) await program.run({ x });
        return process.memoryUsage().rss;
      };
      const before = await runs(200);
      const grownBytes = (await runs(1000)) - before;
      await program.dispose();
      expect(grownBytes, 'of 400 MB that the runs handed out').toBeLessThan(150e6);
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
