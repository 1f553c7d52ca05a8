/**
 * What int8 is worth on this machine's CPU: one convolution of the kind that generators mostly consist of, in float32 and in int8,
 * turn by turn. No list of processors and their instructions, which not every system tells: what counts is what the runtime makes
 * of them.
 */
import { conv2d, GraphBuilder } from '../../graph/index.js';
import { encodeOnnx, type KernelBits, type ModelRanges } from '../../onnx/index.js';
import type { Engine, Precision, Program, TensorData } from '../contract.js';

export interface Int8Worth {
  /** Time in float32, as programs run that are tailored to a size, over time in int8. */
  readonly speedup: number;
  /** The largest difference of a result, over the largest result. */
  readonly error: number;
  /** Of kernels: 7 where the processor would cut off sums of 8. */
  readonly kernelBits: KernelBits;
}

/** Of values that are whole numbers of steps; a sum that is cut off is off by a fifth and more. */
const mostError = 0.02;

/** Whether what came out is that of whole sums. */
export function isInt8Right({ error }: Int8Worth): boolean {
  return error <= mostError;
}

const [channels, side, rounds] = [128, 64, 6];

let known: Promise<Int8Worth> | undefined;

/** Of this machine's CPU: measured once in a process. @param engine the CPU's. @throws what the engine throws */
export function int8WorthOf(engine: Engine): Promise<Int8Worth> {
  known ??= measureInt8(engine);
  return known;
}

/** In a tenth of a second. @throws what the engine throws */
export async function measureInt8(engine: Engine): Promise<Int8Worth> {
  const kernel = kernelToTry();
  const model = { bytes: encodeOnnx(convolution(kernel)), name: 'The convolution that int8 is tried on' };
  const [image, ranges] = [imageToTry(), rangesWith(kernel)];
  const opened: Program[] = [];
  const load = async (precision: Precision) => {
    const program = await engine.load(model, { precision, ranges });
    opened.push(program);
    return program;
  };
  try {
    const [exact, bytes] = [await load('float32'), await load('int8')];
    const [wanted, given] = [await timed(exact, image), await timed(bytes, image)]; // The first runs do not count.
    const times: [number, number] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let round = 0; round < rounds; round++) {
      times[0] = Math.min(times[0], (await timed(exact, image)).micros);
      times[1] = Math.min(times[1], (await timed(bytes, image)).micros);
    }
    const kernelBits = (await engine.kernelBits?.()) ?? 7;
    return { speedup: times[0] / times[1], error: largestDifference(given.data, wanted.data), kernelBits };
  } finally {
    for (const program of opened) await program.dispose();
  }
}

/** The processor's time: what else the machine does must not decide how images come out. */
async function timed(
  program: Program,
  image: TensorData,
): Promise<{ readonly micros: number; readonly data: Float32Array }> {
  const before = process.cpuUsage();
  const { y } = await program.run({ x: image });
  const { user, system } = process.cpuUsage(before);
  return { micros: user + system, data: y!.data };
}

function largestDifference(given: Float32Array, wanted: Float32Array): number {
  let [most, scale] = [0, 0];
  wanted.forEach((value, at) => {
    most = Math.max(most, Math.abs(value - given[at]!));
    scale = Math.max(scale, Math.abs(value));
  });
  return most / scale;
}

const shape = [1, channels, side, side];

function convolution(kernelValues: Float32Array) {
  const builder = new GraphBuilder();
  const kernel = builder.constant(kernelValues, [channels, channels, 3, 3]);
  builder.output('y', conv2d(builder.input('x', shape), kernel, { padding: 1 }));
  return builder.build();
}

/** Whole numbers of steps, large ones among them: the sums of neighbours go beyond what 16 bits hold. */
function imageToTry(): TensorData {
  return { shape, data: Float32Array.from({ length: channels * side * side }, (_, at) => ((at * 37) % 256) / 255) };
}

function kernelToTry(): Float32Array {
  return Float32Array.from({ length: channels * channels * 9 }, (_, at) => (127 - ((at * 29) % 97)) / 127);
}

function rangesWith(kernel: Float32Array): ModelRanges {
  const farthest = kernel.reduce((sum, value) => sum + Math.abs(value), 0) / channels;
  const all = (value: number) => new Array<number>(channels).fill(value);
  return { y: { into: { least: all(0), most: all(1) }, outOf: { least: all(0), most: all(farthest) } } };
}
