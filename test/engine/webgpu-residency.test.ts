/**
 * What crosses between CPU and device in a training step on WebGPU: images in, losses and fakes out, and nothing
 * else. Weights and moments stay where they are from one step to the next, as ONNX Runtime's own profile of both
 * programs shows.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Engine, Program, State, Tensors } from '../../src/engine/index.js';
import { openOnnxEngine } from '../../src/engine/onnx/index.js';
import {
  broadcast,
  type Graph,
  GraphBuilder,
  neg,
  numericShape,
  sizeOf,
  sum,
  tanh,
  transpose,
} from '../../src/graph/index.js';
import {
  adamDefaults,
  buildPhase,
  cyclegan,
  defaultWeights,
  momentNames,
  type RecipeSettings,
  trainedParameters,
} from '../../src/training/index.js';
import { between, randomValues, seededRandom } from '../graph/random-values.js';
import { temporaryFolder } from '../support/pictures.js';
import { describeWebGpu } from './webgpu-adapter.js';

const spec: RecipeSettings = {
  generator: { kind: 'resnet', blocks: 1, width: 4, inputChannels: 3, outputChannels: 3, dropout: false },
  discriminator: { kind: 'patch', layers: 2, width: 4, inputChannels: 3 },
  batch: 1,
  size: 16,
  loss: 'lsgan',
  ...defaultWeights,
  adam: adamDefaults,
};

interface ProfiledNode {
  readonly operation: string;
  readonly provider: string;
}

await describeWebGpu('a training step on WebGPU', () => {
  it('leaves variables on the device, and has the CPU compute nothing', async () => {
    const folder = await temporaryFolder();
    const diagnostics = { deviceOnly: true, profilePrefix: join(folder, 'profile') };
    const engine = await openOnnxEngine({ provider: 'webgpu', diagnostics: diagnostics });
    const state = await engine.createState(firstValues());
    const graphs = cyclegan.phases.map(phase => buildPhase(cyclegan, phase, spec).graph);
    const before = await state.read();
    for (const graph of graphs) {
      const program = await engine.compile(graph, { state });
      for (let step = 0; step < 2; step++) expectFinite(await program.run(inputsOf(graph, step)));
      await program.dispose();
    }
    const after = await state.read();
    await engine.dispose();

    const nodes = await profiledNodes(folder);
    expect(nodes.length).toBeGreaterThan(500);
    expect(nodes.filter(({ provider }) => provider !== 'WebGpuExecutionProvider')).toEqual([]);
    expect(nodes.filter(({ operation }) => operation.startsWith('Memcpy'))).toEqual([]);
    const still = state.names.filter(name => same(before[name]!.data, after[name]!.data));
    expect(still, 'variables that two steps did not move').toEqual([]);
  }, 120_000);
});

await describeWebGpu('variables on WebGPU', () => {
  it('outlive the program that made their values, and go with the engine', async () => {
    const engine = await openOnnxEngine({ provider: 'webgpu' });
    const state = await engine.createState({ w: vector(1, 2) });
    const first = await negating(engine, state);
    await first.run({});
    await first.dispose();
    expect([...(await state.read())['w']!.data]).toEqual([-1, -2]);
    const second = await negating(engine, state);
    await second.run({});
    await Promise.all([second.dispose(), state.dispose(), engine.dispose()]);
    await state.dispose();
  });

  it('take no more memory the more runs there are', async () => {
    const engine = await openOnnxEngine({ provider: 'webgpu' });
    const state = await engine.createState({ w: { shape: [1_000_000], data: new Float32Array(1_000_000).fill(1) } });
    const program = await negating(engine, state, 1_000_000);
    const residentAfter = async (runs: number) => {
      for (let run = 0; run < runs; run++) await program.run({});
      return process.memoryUsage().rss;
    };
    // The driver in software keeps buffers in the process's own memory.
    const grownBytes = -(await residentAfter(20)) + (await residentAfter(100));
    expect((await state.read())['w']!.data.subarray(0, 2)).toEqual(Float32Array.of(1, 1));
    expect(grownBytes, 'of 400 MB that the runs wrote').toBeLessThan(60e6);
    await engine.dispose();
  });
});

await describeWebGpu("WebGPU's caches", () => {
  it('are given back where no variables are on the device, and what is there goes on', async () => {
    const engine = await openOnnxEngine({ provider: 'webgpu' });
    const builder = new GraphBuilder();
    const x = builder.input('x', [1, 1, 4096, 4096]);
    builder.output('y', sum(transpose(tanh(transpose(x, [0, 1, 3, 2])), [0, 1, 3, 2])));
    const program = await engine.compile(builder.build());
    const values = { shape: [1, 1, 4096, 4096], data: new Float32Array(4096 * 4096) };
    values.data[7] = 20;
    const run = async () => (await program.run({ x: values }))['y']!.data[0];
    expect(await run()).toBeCloseTo(1, 5);
    const heldBytes = process.memoryUsage().rss;
    await engine.releaseCaches();
    // The driver in software keeps buffers in the process's own memory.
    const freedBytes = heldBytes - process.memoryUsage().rss;
    if (engine.device.name.includes('software')) expect(freedBytes).toBeGreaterThan(60e6);
    expect(await run()).toBeCloseTo(1, 5);

    const state = await engine.createState({ w: vector(1, 2) });
    const negation = await negating(engine, state);
    await negation.run({});
    await engine.releaseCaches();
    await negation.run({});
    expect([...(await state.read())['w']!.data]).toEqual([1, 2]);
    await engine.dispose();
  });
});

await describeWebGpu('a graph that is too large for WebGPU', () => {
  it('is told as such, and leaves the device usable', async () => {
    const engine = await openOnnxEngine({ provider: 'webgpu' });
    const builder = new GraphBuilder();
    const large = broadcast(builder.input('x', [1, 1, 1]), [1, 2 ** 15, 2 ** 15]);
    builder.output('y', sum(neg(large)));
    const program = await engine.compile(builder.build());
    const x = { shape: [1, 1, 1], data: Float32Array.of(1) };
    const failure = await program.run({ x }).catch(error => error);
    // 4 GB in one tensor: only a driver in software is sure to have no buffer so large.
    if (engine.device.name.includes('software')) expect(failure).toMatchObject({ code: 'OUT_OF_MEMORY' });
    const state = await engine.createState({ w: vector(1, 2) });
    await (await negating(engine, state)).run({});
    expect([...(await state.read())['w']!.data]).toEqual([-1, -2]);
    await engine.dispose();
  });
});

async function negating(engine: Engine, state: State, size = 2): Promise<Program> {
  const builder = new GraphBuilder();
  const w = builder.variable('w', [size]);
  builder.update(w, neg(w));
  return engine.compile(builder.build(), { state });
}

const vector = (...values: number[]) => ({ shape: [values.length], data: Float32Array.from(values) });

function firstValues(): Tensors {
  const random = seededRandom(1);
  return Object.fromEntries(
    trainedParameters(cyclegan.networks(spec)).flatMap(({ name, shape }) => [
      [name, { shape, data: randomValues(random, shape, between(-0.2, 0.2)) }] as const,
      ...momentNames(name).map(moment => [moment, { shape, data: new Float32Array(sizeOf(shape)) }] as const),
    ]),
  );
}

function inputsOf(graph: Graph, step: number): Tensors {
  const random = seededRandom(100 + step);
  return Object.fromEntries(
    Object.entries(graph.inputs).map(([name, id]) => {
      const shape = numericShape(graph.nodes[id]!.shape, name);
      return [name, { shape, data: randomValues(random, shape, shape.length ? between(-1, 1) : between(1e-4, 2e-4)) }];
    }),
  );
}

function expectFinite(outputs: Tensors): void {
  for (const [name, { data }] of Object.entries(outputs)) expect(data.every(Number.isFinite), name).toBe(true);
}

function same(a: Float32Array, b: Float32Array): boolean {
  return a.every((value, at) => value === b[at]);
}

/** Of all profiles in the folder: every node that ran, once for each run. */
async function profiledNodes(folder: string): Promise<ProfiledNode[]> {
  const files = await Promise.all((await readdir(folder)).map(file => readFile(join(folder, file), 'utf8')));
  const events: { name: string; cat: string; args: { op_name: string; provider: string } }[] = files.flatMap(text =>
    JSON.parse(text),
  );
  return events
    .filter(({ cat, name }) => cat === 'Node' && name.endsWith('_kernel_time'))
    .map(({ args }) => ({ operation: args.op_name, provider: args.provider }));
}
