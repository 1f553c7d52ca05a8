/** How near results in int8 are to those in float32, as bytes, which is what people get. */
import type { Program, TensorData } from '../../engine/index.js';
import { toByte, toByteScale } from '../../picture/index.js';

/** Peak signal-to-noise ratio in dB of bytes; 99 where nothing differs. */
export function psnrOf(meanSquare: number): number {
  return meanSquare === 0 ? 99 : Math.min(99, 10 * Math.log10(255 ** 2 / meanSquare));
}

/** The mean squared difference of bytes at which that is the ratio. */
export function meanSquareAt(psnr: number): number {
  return 255 ** 2 / 10 ** (psnr / 10);
}

/** Of values in [-1, 1], each rounded to a byte first. */
export function meanSquareOf(a: TensorData, b: TensorData): number {
  let sum = 0;
  a.data.forEach((value, at) => {
    sum += (toByte(toByteScale(value)) - toByte(toByteScale(b.data[at]!))) ** 2;
  });
  return sum / a.data.length;
}

export async function resultOf(program: Program, image: TensorData): Promise<TensorData> {
  const outputs = await program.run({ [program.inputs[0]!]: image });
  return outputs[program.outputs[0]!]!;
}
