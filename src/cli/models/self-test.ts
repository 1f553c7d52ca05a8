/**
 * A model tried on a picture, the way pictures go: decoded pixels in, pixels out, on the CPU. It shows that the model runs and
 * makes something of what it sees; whether that is any good is for eyes.
 */
import { probePicture } from '../../model-files/index.js';
import { openTranslator } from '../../translate/index.js';

export interface SelfTest {
  readonly width: number;
  readonly height: number;
  readonly ms: number;
  /** Mean difference to the picture that went in, on the byte scale; undefined where results are larger. */
  readonly change: number | undefined;
  /** Standard deviation of the result, on the byte scale: 0 for a single colour. */
  readonly contrast: number;
}

const [width, height] = [120, 88];

/** @throws CycleboxError as a translation does */
export async function selfTest(model: string): Promise<SelfTest> {
  const translator = await openTranslator({ model, engine: 'cpu' });
  try {
    const picture = { width, height, rgb: probePicture(width, height), format: 'png' } as const;
    const start = performance.now();
    const result = (await translator.translatePicture(picture)).picture;
    const ms = Math.round(performance.now() - start);
    const isSame = result.rgb.length === picture.rgb.length;
    const change = isSame ? meanDifference(result.rgb, picture.rgb) : undefined;
    return { width: result.width, height: result.height, ms, change, contrast: deviation(result.rgb) };
  } finally {
    await translator.dispose();
  }
}

export function describeTest({ width, height, ms, change, contrast }: SelfTest): string {
  const size = `${width} × ${height} pixels in ${ms} ms`;
  if (contrast < 1)
    return `${size}, of a single colour: the range of values, or the description of the layers, is wrong`;
  if (change === undefined) return size;
  return `${size}, ${change.toFixed(1)} grey levels from what went in`;
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, at) => sum + Math.abs(value - b[at]!), 0) / a.length;
}

function deviation(values: Uint8Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}
