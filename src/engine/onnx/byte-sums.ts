/**
 * Whether the CPU's sums of bytes are whole. x64 processors without VNNI add pairs of products in 16 bits and cut them off at
 * 32767; ONNX Runtime has slower sums for them, which it takes where it is told to. Asked of the processor by a small convolution.
 */
import * as ort from 'onnxruntime-node';
import { conv2d, GraphBuilder } from '../../graph/index.js';
import { encodeOnnx, quantiseModel } from '../../onnx/index.js';
import type { RunnableSession } from './session-thread.js';

const [channels, side] = [32, 8];

/** Of session options: slower sums that are never cut off. */
export const wholeSums = { x64quantprecision: '1' } as const;

export async function hasWholeSums(open: (model: Uint8Array) => Promise<RunnableSession>): Promise<boolean> {
  const session = await open(largestSums());
  try {
    const x = new ort.Tensor('float32', new Float32Array(channels * side * side).fill(1), [1, channels, side, side]);
    const { y } = await session.run({ x });
    return Math.abs((y!.data[0] as number) - channels) < 0.02 * channels;
  } finally {
    await session.release();
  }
}

/** Bytes of 255 times 127, as often as there are channels. */
function largestSums(): Uint8Array {
  const builder = new GraphBuilder();
  const kernel = builder.constant(new Float32Array(channels * channels).fill(1), [channels, channels, 1, 1]);
  builder.output('y', conv2d(builder.input('x', [1, channels, side, side]), kernel));
  const all = (value: number) => new Array<number>(channels).fill(value);
  const y = { into: { least: all(0), most: all(1) }, outOf: { least: all(0), most: all(channels) } };
  return quantiseModel(encodeOnnx(builder.build()), { y });
}
