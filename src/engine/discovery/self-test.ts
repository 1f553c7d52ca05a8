/**
 * The test that a device must pass before it is chosen: a small network of the kinds of layers that generators have,
 * its gradients, and a variable that moves, twice, beside the reference evaluator; then the network as a model file.
 * It finds drivers that compute wrongly, not ones that are imprecise: see `selfTestTolerance`.
 */
import { CycleboxError } from '../../base/index.js';
import {
  add,
  conv2d,
  convTranspose2d,
  type Graph,
  GraphBuilder,
  gradients,
  instanceNorm,
  meanSquaredError,
  mul,
  reflectPad,
  relu,
  sub,
  type Tensor,
  tanh,
} from '../../graph/index.js';
import { encodeOnnx } from '../../onnx/index.js';
import type { Engine, Precision, TensorData, Tensors } from '../contract.js';
import { referenceEngine } from '../reference/index.js';

/**
 * The largest difference allowed, relative to the largest value of the tensor. Tensor cores that round factors to ten
 * bits (TF32) stay below 0.005 here; a kernel that is wrong is off by the order of 1.
 */
export const selfTestTolerance = 0.02;

const shapes = { down: [6, 3, 3, 3], middle: [6, 6, 3, 3], up: [6, 3, 3, 3] } as const;
const imageShape = [1, 3, 16, 16] as const;

/** Returns the largest relative difference. @throws ENGINE_FAILED when it is too large, or what the engine throws */
export async function runSelfTest(engine: Engine): Promise<number> {
  const trained = await differences('training', trainTwice(engine), trainTwice(referenceEngine()));
  return Math.max(trained, await loadedDifference(engine, 'float32'));
}

/** The same network as a model file, in half precision. @throws as above, ENGINE_UNAVAILABLE where there is none */
export function runFloat16SelfTest(engine: Engine): Promise<number> {
  return loadedDifference(engine, 'float16');
}

async function loadedDifference(engine: Engine, precision: Precision): Promise<number> {
  const program = await engine.load({ bytes: encodeOnnx(inferenceGraph()), name: 'The self-test' }, { precision });
  try {
    return await differences(precision, program.run({ image }), inferReference());
  } finally {
    await program.dispose();
  }
}

async function inferReference(): Promise<Tensors> {
  return (await referenceEngine().compile(inferenceGraph())).run({ image });
}

async function trainTwice(engine: Engine): Promise<Tensors> {
  const state = await engine.createState(weights);
  const program = await engine.compile(trainingGraph(), { state });
  try {
    await program.run({ image });
    const outputs = await program.run({ image });
    return { ...outputs, ...(await state.read()) };
  } finally {
    await program.dispose();
    await state.dispose();
  }
}

async function differences(what: string, given: Promise<Tensors>, wanted: Promise<Tensors>): Promise<number> {
  const [values, expected] = await Promise.all([given, wanted]);
  let worst = 0;
  for (const [name, tensor] of Object.entries(expected)) {
    const error = relativeDifference(values[name]?.data, tensor.data);
    if (!(error <= selfTestTolerance)) throw wrong(`${name} (${what})`, error);
    worst = Math.max(worst, error);
  }
  return worst;
}

/** NaN, also where values are missing, is no number that passes. */
function relativeDifference(values: Float32Array | undefined, expected: Float32Array): number {
  if (values?.length !== expected.length) return Number.NaN;
  let [largest, scale] = [0, 1e-6];
  for (const [i, value] of expected.entries()) {
    scale = Math.max(scale, Math.abs(value));
    const difference = Math.abs(values[i]! - value);
    largest = difference <= largest ? largest : difference;
  }
  return largest / scale;
}

function wrong(what: string, error: number): CycleboxError {
  const off = Number.isNaN(error) ? 'NaN' : `off by ${(error * 100).toPrecision(2)} %`;
  const message = `it computes wrongly: in the self-test, ${what} was ${off}, where ${selfTestTolerance * 100} % is allowed`;
  return new CycleboxError('ENGINE_FAILED', `${message}. Update its driver.`);
}

function network(x: Tensor, weight: (name: keyof typeof shapes) => Tensor): Tensor {
  const down = relu(instanceNorm(conv2d(reflectPad(x, 1), weight('down'), { stride: 2 })));
  const middle = add(down, instanceNorm(conv2d(down, weight('middle'), { padding: 1 })));
  return tanh(convTranspose2d(middle, weight('up'), { stride: 2, padding: 1, outputPadding: 1 }));
}

function inferenceGraph(): Graph {
  const builder = new GraphBuilder();
  const constant = (name: keyof typeof shapes) => builder.constant(weights[name].data, shapes[name]);
  builder.output('translated', network(builder.input('image', imageShape), constant));
  return builder.build();
}

/** One step of plain gradient descent towards the input itself. */
function trainingGraph(): Graph {
  const builder = new GraphBuilder();
  const names = Object.keys(shapes) as (keyof typeof shapes)[];
  const variables = names.map(name => builder.variable(name, shapes[name]));
  const x = builder.input('image', imageShape);
  const loss = meanSquaredError(
    network(x, name => variables[names.indexOf(name)]!),
    x,
  );
  for (const [i, gradient] of gradients(loss, variables).entries()) {
    builder.output(`gradient of ${names[i]}`, gradient);
    builder.update(variables[i]!, sub(variables[i]!, mul(gradient, 0.5)));
  }
  builder.output('loss', loss);
  return builder.build();
}

/** Numbers without a pattern that a wrong stride could hide behind, the same on every machine. */
function testTensor(shape: readonly number[], phase: number, scale: number): TensorData {
  const length = shape.reduce((product, size) => product * size, 1);
  const data = Float32Array.from({ length }, (_, i) => scale * Math.sin(phase + i * 1.7 + (i % 7) * 0.9));
  return { shape, data };
}

const image = testTensor(imageShape, 0.3, 0.9);
const weights = {
  down: testTensor(shapes.down, 1.1, 0.4),
  middle: testTensor(shapes.middle, 2.3, 0.3),
  up: testTensor(shapes.up, 3.7, 0.2),
};
