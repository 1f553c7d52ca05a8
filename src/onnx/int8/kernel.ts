/**
 * A kernel as int8, symmetric, with a scale for each output channel. The scales of its input's channels go into it first, so
 * that the sum over channels is one of whole numbers.
 */

export interface ByteKernel {
  /** As the kernel: `[out, in, h, w]`, -127 to 127. */
  readonly bytes: Int8Array;
  /** By output channel: weight · scale of its input channel ≈ byte · this. */
  readonly scales: Float32Array;
  /** By output channel: the sum of byte · zero point of its input channel, which the bias takes away. */
  readonly offsets: Float64Array;
}

const most = 127;
const leastScale = 1e-12;

/**
 * @param kernel `[out, in, h, w]`
 * @param scales and zeros of the input, by channel
 */
export function quantiseKernel(
  kernel: Float32Array,
  outputs: number,
  { scales, zeros }: { readonly scales: Float32Array; readonly zeros: Uint8Array },
): ByteKernel {
  const [row, cells] = [kernel.length / outputs, kernel.length / outputs / scales.length];
  const bytes = new Int8Array(kernel.length);
  const own = new Float32Array(outputs);
  const offsets = new Float64Array(outputs);
  for (let output = 0; output < outputs; output++) {
    const from = output * row;
    let largest = 0;
    for (let at = 0; at < row; at++)
      largest = Math.max(largest, Math.abs(kernel[from + at]! * scales[Math.floor(at / cells)]!));
    own[output] = Math.max(largest / most, leastScale);
    for (let at = 0; at < row; at++) {
      const input = Math.floor(at / cells);
      const byte = Math.round((kernel[from + at]! * scales[input]!) / own[output]!);
      bytes[from + at] = byte;
      offsets[output]! += byte * zeros[input]!;
    }
  }
  return { bytes, scales: own, offsets };
}
