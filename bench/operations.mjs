/**
 * Rows of single operations at the sizes that CycleGAN has: GFLOP/s at their best and the share of what a large matrix
 * product reaches at its best on this machine, in this run. Kernels are handed in at each run, as in training; the time
 * includes handing results out.
 */
import { conv2d, conv2dInputGrad, conv2dWeightGrad, GraphBuilder, matmul } from '../dist/graph/index.js';
import { inTurns, noise } from './measure.mjs';

/** @typedef {import('../dist/graph/index.js').Tensor} Tensor */

const peakSize = 2048;

/** Name, channels in and out, kernel, stride, padding, height and width of the padded or plain input. */
const layers = [
  ['generator 256², residual', 256, 256, 3, 1, 0, 66],
  ['generator 256², halving', 128, 256, 3, 2, 1, 128],
  ['generator 256², first', 3, 64, 7, 1, 0, 262],
  ['generator 256², last', 64, 3, 7, 1, 0, 262],
  ['training 128², residual', 256, 256, 3, 1, 0, 34],
  ['training 64², residual', 128, 128, 3, 1, 0, 18],
  ['training 64², halving', 32, 64, 3, 2, 1, 64],
  ['training 64², last', 32, 3, 7, 1, 0, 70],
  ['discriminator 64², third', 64, 128, 4, 2, 1, 16],
];

/**
 * @param {import('../dist/engine/index.js').Engine} engine
 * @param {{ seconds: number }} options
 */
export async function operationRows(engine, { seconds }) {
  const rows = [await row(engine, seconds, 'matmul', `${peakSize}³`, 2 * peakSize ** 3, peakProduct)];
  for (const layer of layers) rows.push(...(await layerRows(engine, seconds, layer)));
  const peak = Math.max(rows[0].gflops, await measuredPeak(engine, seconds));
  return rows.map(entry => ({ ...entry, shareOfPeak: entry.gflops / peak }));
}

/** GFLOP/s of the large matrix product alone. @param {import('../dist/engine/index.js').Engine} engine */
export async function measuredPeak(engine, seconds = 2) {
  return (await row(engine, seconds, 'matmul', `${peakSize}³`, 2 * peakSize ** 3, peakProduct)).gflops;
}

/** @param {GraphBuilder} builder */
function peakProduct(builder) {
  const square = [peakSize, peakSize];
  return matmul(builder.input('a', square), builder.input('b', square));
}

async function layerRows(engine, seconds, [name, c, k, kernel, stride, padding, size]) {
  const out = Math.floor((size + 2 * padding - kernel) / stride) + 1;
  const [x, w, dy] = [
    [1, c, size, size],
    [k, c, kernel, kernel],
    [1, k, out, out],
  ];
  const steps = /** @type {const} */ ([stride, stride]);
  const pads = /** @type {const} */ ([padding, padding, padding, padding]);
  const flops = 2 * c * k * kernel ** 2 * out ** 2;
  const forward = builder => conv2d(builder.input('x', x), builder.input('w', w), { stride, padding });
  const inputGrad = builder =>
    conv2dInputGrad(builder.input('dy', dy), builder.input('w', w), steps, pads, [size, size]);
  const weightGrad = builder =>
    conv2dWeightGrad(builder.input('x', x), builder.input('dy', dy), steps, pads, [kernel, kernel]);
  return [
    await row(engine, seconds, 'conv2d', name, flops, forward),
    await row(engine, seconds, 'conv2dInputGrad', name, flops, inputGrad),
    await row(engine, seconds, 'conv2dWeightGrad', name, flops, weightGrad),
  ];
}

/**
 * @param {import('../dist/engine/index.js').Engine} engine
 * @param {number} seconds
 * @param {string} operation
 * @param {string} place
 * @param {number} flops
 * @param {(builder: GraphBuilder) => Tensor} write
 */
async function row(engine, seconds, operation, place, flops, write) {
  const builder = new GraphBuilder();
  builder.output('result', write(builder));
  const graph = builder.build();
  const program = await engine.compile(graph);
  const inputs = Object.fromEntries(
    Object.entries(graph.inputs).map(([name, id]) => [name, noise(/** @type {number[]} */ (graph.nodes[id].shape))]),
  );
  const [timing] = await inTurns([{ name: operation, run: () => program.run(inputs) }], { seconds });
  await program.dispose();
  return { operation, place, medianMs: timing.medianMs, gflops: flops / timing.minimumMs / 1e6 };
}
