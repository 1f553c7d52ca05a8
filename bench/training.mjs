/**
 * The training step: milliseconds for the generators' and the discriminators' part, the share of the machine's measured
 * matrix product that its convolutions reach, the time to compile both graphs, and memory over many steps.
 */
import { setTimeout } from 'node:timers/promises';
import { Random } from '../dist/base/index.js';
import { initialise } from '../dist/nets/index.js';
import { compilePhase } from '../dist/training/loop/index.js';
import { adamDefaults, adamInputs, adamScalars, momentNames } from '../dist/training/recipes/adam.js';
import { buildPhase, cyclegan, defaultWeights, trainedParameters } from '../dist/training/recipes/index.js';
import { noise, timed } from './measure.mjs';

/**
 * @typedef {{ size: number, width: number, blocks: number }} TrainingSize
 * @typedef {import('../dist/engine/index.js').Engine} Engine
 */

/** @param {TrainingSize} size @returns {import('../dist/training/recipes/index.js').RecipeSettings} */
export function stepSpec({ size, width, blocks }) {
  return {
    generator: { kind: 'resnet', blocks, width, inputChannels: 3, outputChannels: 3, dropout: false },
    discriminator: { kind: 'patch', layers: 3, width, inputChannels: 3 },
    batch: 1,
    size,
    loss: 'lsgan',
    ...defaultWeights,
    adam: adamDefaults,
  };
}

/**
 * @param {Engine} engine
 * @param {TrainingSize & { steps: number }} options
 * @param {number} peakGflops
 * @param {{ step: () => Promise<number> }} [peer] takes its steps in turns with ours
 */
export async function trainingRow(engine, { steps, ...size }, peakGflops, peer) {
  const stepper = await compileStep(engine, size);
  const { times, peerTimes } = await stepInTurns(stepper, steps, peer);
  const generatorMs = median(times.map(time => time.generatorMs));
  const discriminatorMs = median(times.map(time => time.discriminatorMs));
  const stepMs = generatorMs + discriminatorMs;
  await stepper.dispose();
  return {
    what: `${size.size}², width ${size.width}, ${size.blocks} blocks`,
    nodes: stepper.nodes,
    compileMs: stepper.compileMs,
    generatorMs,
    discriminatorMs,
    stepMs,
    gflop: stepper.flops / 1e9,
    shareOfPeak: stepper.flops / stepMs / 1e6 / peakGflops,
    ...(peer && { pytorchMs: median(peerTimes), toPytorch: stepMs / median(peerTimes) }),
  };
}

/** Threads of both sides go on spinning for a while when they have nothing to do: not on the other's time. */
const settleMs = 50;

async function stepInTurns(stepper, steps, peer) {
  const times = [];
  const peerTimes = [];
  for (let index = 0; index <= steps; index++) {
    if (peer) await setTimeout(settleMs);
    const time = await stepper.step();
    if (peer) await setTimeout(settleMs);
    const peerTime = await peer?.step();
    if (index === 0) continue; // Warm-up.
    times.push(time);
    peerTimes.push(peerTime);
  }
  return { times, peerTimes };
}

/** Resident memory after the first hundred steps or so and at the end, MB. @param {Engine} engine @param {number} steps */
export async function memoryRow(engine, steps) {
  const size = { size: 32, width: 4, blocks: 1 };
  const stepper = await compileStep(engine, size);
  const resident = () => process.memoryUsage.rss() / 2 ** 20;
  const early = Math.max(100, Math.ceil(steps / 10));
  let earlyMb = 0;
  for (let index = 1; index <= steps; index++) {
    await stepper.step();
    if (index === early) earlyMb = resident();
  }
  const lateMb = resident();
  await stepper.dispose();
  return { steps, earlyStep: early, earlyMb, lateMb, growthMb: lateMb - earlyMb };
}

/** @param {Engine} engine @param {TrainingSize} size */
export async function compileStep(engine, size) {
  const spec = stepSpec(size);
  const graphs = stepGraphs(spec, engine.prefersFewOperations);
  const state = await engine.createState(initialState(spec));
  const { value: programs, ms: compileMs } = await timed(async () => {
    const compiled = [];
    for (const phase of cyclegan.phases) {
      const { program } = await compilePhase(engine, state, cyclegan, phase, spec);
      compiled.push(program);
    }
    return compiled;
  });
  const shape = [1, 3, size.size, size.size];
  const images = { A: noise(shape), B: noise(shape) };
  let count = 0;
  const step = async () => {
    const scalars = scalarInputs(++count);
    const generator = await timed(() => programs[0].run({ ...images, ...scalars }));
    const { fakeA, fakeB } = generator.value;
    const discriminator = await timed(() => programs[1].run({ ...images, ...scalars, fakeA, fakeB }));
    return { generatorMs: generator.ms, discriminatorMs: discriminator.ms };
  };
  const dispose = () => Promise.all([...programs, state].map(each => each.dispose()));
  // Counted of the step as one graph for each phase, whatever the engine makes of it.
  const nodes = graphs[0].nodes.length + graphs[1].nodes.length;
  return { step, dispose, compileMs, nodes, flops: graphs.map(convolutionFlops).reduce((a, b) => a + b) };
}

/** @param {import('../dist/training/recipes/index.js').RecipeSettings} spec */
export function initialState(spec) {
  const random = new Random(1);
  /** @type {Record<string, Float32Array>} */
  const drawn = {};
  const networks = cyclegan.networks(spec);
  for (const network of networks) {
    for (const [key, data] of Object.entries(initialise(network.spec, random))) drawn[`${network.name}.${key}`] = data;
  }
  return Object.fromEntries(
    trainedParameters(networks).flatMap(({ name, shape }) => [
      [name, { shape, data: drawn[name] }],
      ...momentNames(name).map(moment => [moment, { shape, data: new Float32Array(drawn[name].length) }]),
    ]),
  );
}

/**
 * The generators' graph and the discriminators'.
 * @param {import('../dist/training/recipes/index.js').RecipeSettings} spec
 * @param {boolean} [together] weights updated together
 */
export function stepGraphs(spec, together = false) {
  return cyclegan.phases.map(phase => buildPhase(cyclegan, phase, spec, { together }).graph);
}

/** Adam's two scalars of step `t`. @param {number} t */
export function scalarInputs(t) {
  const { stepSize, epsilon } = adamScalars(adamDefaults, 2e-4, t);
  return {
    [adamInputs.stepSize]: { shape: [], data: Float32Array.of(stepSize) },
    [adamInputs.epsilon]: { shape: [], data: Float32Array.of(epsilon) },
  };
}

/** Multiplications and additions of a graph's convolutions. @param {import('../dist/graph/index.js').Graph} graph */
export function convolutionFlops(graph) {
  const shapeOf = id => /** @type {number[]} */ (graph.nodes[id].shape);
  let flops = 0;
  for (const { op, inputs, shape } of graph.nodes) {
    if (op === 'conv2d') flops += product(shape) * product(shapeOf(inputs[1]).slice(1));
    if (op === 'conv2dInputGrad') flops += product(shapeOf(inputs[0])) * product(shapeOf(inputs[1]).slice(1));
    if (op === 'conv2dWeightGrad')
      flops += product(shapeOf(inputs[1])) * product(/** @type {number[]} */ (shape).slice(1));
  }
  return 2 * flops;
}

function product(sizes) {
  return sizes.reduce((total, size) => total * size, 1);
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
