/**
 * A kernel as int8, symmetric, with a scale for each output channel. The scales of its input's channels go into it first, so
 * that the sum over channels is one of whole numbers.
 */

export interface ByteKernel {
  /** As the kernel: `[out, in, h, w]`, -127 to 127, or -64 to 64 of 7 bits. */
  readonly bytes: Int8Array;
  /** By output channel: weight · scale of its input channel ≈ byte · this. */
  readonly scales: Float32Array;
  /** By output channel: the sum of byte · zero point of its input channel, which the bias takes away. */
  readonly offsets: Float64Array;
}

/**
 * 8 are for processors that add products in 32 bits. x64 without VNNI adds two of them in 16 bits and cuts off beyond 32767
 * (vpmaddubsw): of kernels of 7 bits two products are 2 · 255 · 64 = 32640 at most.
 */
export type KernelBits = 7 | 8;

/** The largest byte of a kernel. */
const mostOf: Readonly<Record<KernelBits, number>> = { 7: 64, 8: 127 };

const leastScale = 1e-12;

/**
 * @param kernel `[out, in, h, w]`
 * @param scales and zeros of the input, by channel
 */
export function quantiseKernel(
  kernel: Float32Array,
  outputs: number,
  { scales, zeros }: { readonly scales: Float32Array; readonly zeros: Uint8Array },
  bits: KernelBits,
): ByteKernel {
  const most = mostOf[bits];
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
      // A scale that was rounded down must not make the largest a step more.
      const byte = Math.max(-most, Math.min(most, Math.round((kernel[from + at]! * scales[input]!) / own[output]!)));
      bytes[from + at] = byte;
      offsets[output]! += byte * zeros[input]!;
    }
  }
  return { bytes, scales: own, offsets };
}

/** `[out, in, cells]` → `[cells · in, out]` */
export function asColumns(bytes: Int8Array, outputs: number, cells: number): Int8Array {
  const inputs = bytes.length / outputs / cells;
  const columns = new Int8Array(bytes.length);
  for (let output = 0; output < outputs; output++)
    for (let input = 0; input < inputs; input++)
      for (let cell = 0; cell < cells; cell++)
        columns[(cell * inputs + input) * outputs + output] = bytes[(output * inputs + input) * cells + cell]!;
  return columns;
}
