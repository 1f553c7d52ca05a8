/** PatchNCE: the loss against its formula in plain loops, where patches are, and that nothing is learnt by the keys. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/base/index.js';
import { type Engine, evaluate, openEngine, type TensorData, type Tensors } from '../../src/engine/index.js';
import { GraphBuilder, type Tensor } from '../../src/graph/index.js';
import {
  buildPhase,
  type Phase,
  type RecipeSettings,
  recipeSettings,
  type TrainingOptions,
  variablesOf,
} from '../../src/training/index.js';
import { cut } from '../../src/training/recipes/cut.js';
import { patchContrast, sampleGrid } from '../../src/training/recipes/patch-contrast.js';
import type { RandomFill } from '../../src/training/recipes/random-fill.js';
import type { PhaseContext } from '../../src/training/recipes/recipe.js';
import { cooled, imageTensor, toySettings, warmImage } from './toy-problem.js';

const temperature = 0.07;

describe('the patch-contrastive loss', () => {
  const [batch, patches, width] = [2, 5, 4];
  const shape = [batch * patches, width];

  /** Rows of length 1. */
  function directions(seed: number): number[][] {
    const random = new Random(seed);
    return Array.from({ length: batch * patches }, () => {
      const row = Array.from({ length: width }, () => random.normal());
      const length = Math.hypot(...row);
      return row.map(value => value / length);
    });
  }

  function lossOf(queries: readonly number[][], keys: readonly number[][]): number {
    const builder = new GraphBuilder();
    builder.output('loss', patchContrast(builder.input('queries', shape), builder.input('keys', shape), batch));
    const values = (rows: readonly number[][]) => ({ shape, data: Float64Array.from(rows.flat()) });
    const inputs = { queries: values(queries), keys: values(keys) };
    return evaluate(builder.build(), { inputs }).outputs['loss']!.data[0]!;
  }

  it('is the cross-entropy of finding the own key among those of the same image', () => {
    const [queries, keys] = [directions(1), directions(2)];
    const product = (a: readonly number[], b: readonly number[]) =>
      a.reduce((sum, value, at) => sum + value * b[at]!, 0);
    let expected = 0;
    queries.forEach((query, row) => {
      const image = Math.floor(row / patches);
      const own = Math.exp(product(query, keys[row]!) / temperature);
      const all = keys
        .slice(image * patches, (image + 1) * patches)
        .reduce((sum, key) => sum + Math.exp(product(query, key) / temperature), 0);
      expected -= Math.log(own / all) / (batch * patches);
    });
    expect(lossOf(queries, keys)).toBeCloseTo(expected, 5);
  });

  it('is next to nothing where every patch is unmistakable, and log n where all are alike', () => {
    const axes = Array.from({ length: batch * patches }, (_, row) =>
      Array.from({ length: width }, (_, at) => (at === (row % patches) % width ? 1 : 0)),
    );
    const alike = axes.map(() => [1, 0, 0, 0]);
    expect(lossOf(alike, alike)).toBeCloseTo(Math.log(patches), 5);
    // Patches 0 and 4 of each image have the same axis.
    expect(lossOf(axes, axes)).toBeCloseTo((2 / patches) * Math.log(2), 4);
  });
});

describe('patches', () => {
  const placesOf = (height: number, width: number, seed: number) => {
    const builder = new GraphBuilder();
    const filled: Record<string, { shape: readonly number[]; data: Float32Array }> = {};
    const random = new Random(seed);
    sampleGrid(builder.input('map', [1, 2, height, width]), 'places', (name, shape, draw: RandomFill) => {
      const data = new Float32Array(shape[0]! * shape[1]!);
      draw(random, data);
      filled[name] = { shape, data };
      return builder.input(name, shape);
    });
    return Object.values(filled).map(({ shape: [count, size], data }) =>
      Array.from({ length: count! }, (_, row) => {
        const line = data.subarray(row * size!, (row + 1) * size!);
        expect([...line].filter(value => value !== 0)).toEqual([1]);
        return line.indexOf(1);
      }),
    );
  };

  it('are at 16 rows and 16 columns, each only once, and elsewhere the next time', () => {
    const [rows, columns] = placesOf(40, 30, 1) as [number[], number[]];
    for (const lines of [rows, columns]) {
      expect(lines).toHaveLength(16);
      expect(new Set(lines).size).toBe(16);
      expect([...lines].sort((a, b) => a - b)).toEqual(lines);
    }
    expect(placesOf(40, 30, 2)).not.toEqual([rows, columns]);
  });

  it('are everywhere in a map that is smaller', () => {
    expect(placesOf(3, 20, 1)[0]).toEqual([0, 1, 2]);
  });
});

describe('a step of cut', () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine('cpu', { threads: 1 });
  });
  afterAll(() => engine.dispose());

  const random = new Random(3);
  const images: Tensors = { A: imageTensor(warmImage(random)), B: imageTensor(cooled(warmImage(random))) };

  async function runGenerator(
    options: Partial<TrainingOptions>,
    change: (context: PhaseContext) => PhaseContext,
    more = {},
  ) {
    const settings = toySettings({ recipe: 'cut', width: 4, discriminatorWidth: 4, ...options });
    const state = await engine.createState(variablesOf(settings));
    const phase: Phase = cut.phases[0]!;
    const recorded: Record<string, Tensor> = {};
    const changed: Phase = {
      ...phase,
      build: context => {
        const result = phase.build(change({ ...context, detach: x => context.detach(note(recorded, x)) }));
        return { ...result, outputs: { ...result.outputs, ...recorded } };
      },
    };
    const spec: RecipeSettings = recipeSettings(settings);
    const { graph, randomInputs } = buildPhase(cut, changed, spec, { inspect: true });
    const program = await engine.compile(graph, { state });
    const chance = new Random(8);
    const scalar = (value: number): TensorData => ({ shape: [], data: Float32Array.of(value) });
    const inputs: Record<string, TensorData> = {
      ...images,
      ...more,
      'adam/step-size': scalar(0),
      'adam/epsilon': scalar(1),
    };
    for (const [name, { shape, fill }] of randomInputs) {
      const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
      fill(chance, data);
      inputs[name] = { shape, data };
    }
    const outputs = await program.run(Object.fromEntries(program.inputs.map(name => [name, inputs[name]!])));
    await program.dispose();
    await state.dispose();
    return outputs;
  }

  /** The keys as `key/0`, `key/1`, … */
  function note(named: Record<string, Tensor>, x: Tensor): Tensor {
    named[`key/${Object.keys(named).length}`] = x;
    return x;
  }

  it('learns nothing by the keys', async () => {
    const asItIs = await runGenerator({}, context => context);
    const keys = Object.fromEntries(Object.entries(asItIs).filter(([name]) => name.startsWith('key/')));
    expect(Object.keys(keys)).toHaveLength(8); // Four layers of a generator with one block, of A and of B.
    // The same values handed in, through which no gradient can flow.
    let next = 0;
    const handedIn = await runGenerator(
      {},
      context => ({ ...context, detach: x => context.earlierOutput(`in/${next++}`, x.shape as readonly number[]) }),
      Object.fromEntries(Object.entries(keys).map(([name, value]) => [name.replace('key', 'in'), value])),
    );
    next = 0;
    const through = await runGenerator({}, context => ({ ...context, detach: x => x }));
    const gradients = Object.keys(asItIs).filter(name => name.startsWith('gradient/'));
    expect(gradients.length).toBeGreaterThan(10);
    expect(largestGap(gradients, asItIs, handedIn)).toBeLessThan(1e-3);
    expect(largestGap(gradients, asItIs, through)).toBeGreaterThan(0.1);
  });

  it('counts translation and identity by half, or the translation alone', async () => {
    const loss = (outputs: Tensors, name: string) => outputs[`loss/${name}`]!.data[0]!;
    const both = await runGenerator({ contrastWeight: 1 }, context => context);
    const fast = await runGenerator({ contrastWeight: 10, contrastIdentity: false }, context => context);
    expect(loss(fast, 'NCE_A')).toBeCloseTo(20 * loss(both, 'NCE_A'), 3);
    expect(fast).not.toHaveProperty(['loss/NCE_B']);
    expect(loss(both, 'NCE_B')).toBeGreaterThan(0);
  });
});

/** Over the tensors: the largest difference, as a share of the largest value of the tensor. */
function largestGap(names: readonly string[], one: Tensors, other: Tensors): number {
  return Math.max(
    ...names.map(name => {
      const [a, b] = [one[name]!.data, other[name]!.data];
      const largest = a.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
      return a.reduce((most, value, at) => Math.max(most, Math.abs(value - b[at]!)), 0) / largest;
    }),
  );
}
