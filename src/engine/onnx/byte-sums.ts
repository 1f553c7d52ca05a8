/**
 * Whether the CPU's sums of bytes are whole. x64 processors without VNNI add pairs of products in 16 bits and cut them off at
 * 32767, without a word; kernels of 7 bits stay below that. No list of processors: some small convolutions ask this one, on any
 * system, through the kernels of the runtime that there is.
 */
import * as ort from 'onnxruntime-node';
import { conv2d, GraphBuilder } from '../../graph/index.js';
import { encodeOnnx, type KernelBits, quantiseModel } from '../../onnx/index.js';
import { asEngineError } from './engine-error.js';
import { announceSession } from './session-channel.js';

/** Of session options: slower sums, never cut off, for files whose kernels others have made. Where these are ours, 7 bits are faster. */
export const wholeSums = { x64quantprecision: '1' } as const;

const [channels, side] = [32, 8];

/** Of 1 × 1, a product of matrices, and of 3 × 3 with zeros around, whose sums become bytes or stay: the runtime has other code for each. */
const tried = [
  { size: 1, staysWhole: false },
  { size: 3, staysWhole: false },
  { size: 3, staysWhole: true },
] as const;

type Tried = (typeof tried)[number];

let known: Promise<KernelBits> | undefined;

/** How many bits kernels may have for the CPU's sums to be right. Tried once in a process. @throws what the runtime throws */
export function cpuKernelBits(): Promise<KernelBits> {
  known ??= tryKernelBits().catch(error => {
    known = undefined;
    throw asEngineError(error, 'compiling');
  });
  return known;
}

async function tryKernelBits(): Promise<KernelBits> {
  for (const each of tried) if (!(await isWhole(each))) return 7;
  return 8;
}

async function isWhole({ size, staysWhole }: Tried): Promise<boolean> {
  const options = { executionProviders: ['cpu'], intraOpNumThreads: 1, logSeverityLevel: 4 } as const;
  const session = announceSession(await ort.InferenceSession.create(largestSums(size, staysWhole), options));
  try {
    const x = new ort.Tensor('float32', new Float32Array(channels * side * side).fill(1), [1, channels, side, side]);
    const { y } = await session.run({ x });
    const inside = (side + 1) * Math.floor(side / 2); // The border's sums are smaller.
    const [found, wanted] = [y!.data[inside] as number, channels * size ** 2];
    return Math.abs(found - wanted) < 0.02 * wanted;
  } finally {
    await session.release();
  }
}

/** Bytes of 255 times 127, as many as a kernel has. */
function largestSums(size: number, staysWhole: boolean): Uint8Array {
  const builder = new GraphBuilder();
  const kernel = builder.constant(new Float32Array(channels ** 2 * size ** 2).fill(1), [
    channels,
    channels,
    size,
    size,
  ]);
  const padding = (size - 1) / 2;
  builder.output('y', conv2d(builder.input('x', [1, channels, side, side]), kernel, { padding }));
  const all = (value: number) => new Array<number>(channels).fill(value);
  const into = { least: all(0), most: all(1) };
  const y = staysWhole ? { into } : { into, outOf: { least: all(0), most: all(channels * size ** 2) } };
  return quantiseModel(encodeOnnx(builder.build()), { y }, { kernelBits: 8 });
}
