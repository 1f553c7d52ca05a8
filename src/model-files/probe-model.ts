/**
 * A network tried on a small picture: which sizes it takes, how much it enlarges, and which range of values makes a picture of
 * its results. What a file says of these things goes before; the network runs on the CPU.
 */
import type { Disposable } from '../base/index.js';
import { openEngine, type Program, type TensorData } from '../engine/index.js';
import { type FixedSizes, type ImageRange, largestEnlargement } from '../onnx/index.js';
import { probeImage } from './probe-image.js';

export interface ProbedModel {
  readonly scale: number;
  /** Undefined where the network insists on its sizes. */
  readonly sizeMultiple: number | undefined;
  /** Undefined where no range makes a picture of its results, or where nobody asked. */
  readonly range: ImageRange | undefined;
}

export interface ProbeOptions {
  /** False where the range is known: the model then runs fewer times. */
  readonly wantsRange: boolean;
  /** Whether bytes go in, which have one range, whatever comes out. */
  readonly takesBytes: boolean;
}

/** Values of each range, from fractions of it. */
export const rangeBounds: Readonly<Record<ImageRange, readonly [low: number, high: number]>> = {
  '-1..1': [-1, 1],
  '0..1': [0, 1],
  '0..255': [0, 255],
};

/** The first that fits is taken where nothing tells them apart. */
const ranges: readonly ImageRange[] = ['-1..1', '0..255', '0..1'];

/** Networks with eight halvings take nothing smaller than 256. */
const sides = [64, 128, 256, 512] as const;

/**
 * @param bytes of an ONNX file that takes `[n, 3, h, w]` in float32, its values as they are
 * @returns undefined where it runs at no size
 */
export async function probeModel(
  bytes: Uint8Array,
  fixed: FixedSizes,
  name: string,
  options: ProbeOptions,
): Promise<ProbedModel | undefined> {
  const probe = await Probe.open(bytes, fixed, name);
  try {
    return await probe.findings(options);
  } finally {
    await probe.dispose();
  }
}

interface Size {
  readonly width: number;
  readonly height: number;
}

class Probe implements Disposable {
  readonly #program: Program;
  readonly #fixed: FixedSizes;
  readonly #close: () => Promise<void>;

  private constructor(program: Program, fixed: FixedSizes, close: () => Promise<void>) {
    this.#program = program;
    this.#fixed = fixed;
    this.#close = close;
  }

  static async open(bytes: Uint8Array, fixed: FixedSizes, name: string): Promise<Probe> {
    const engine = await openEngine('cpu');
    try {
      const program = await engine.load({ bytes, name });
      return new Probe(program, fixed, async () => {
        await program.dispose();
        await engine.dispose();
      });
    } catch (error) {
      await engine.dispose();
      throw error;
    }
  }

  dispose(): Promise<void> {
    return this.#close();
  }

  async findings({ wantsRange, takesBytes }: ProbeOptions): Promise<ProbedModel | undefined> {
    for (const side of sides) {
      const size = { width: this.#fixed.width ?? side, height: this.#fixed.height ?? side };
      const scale = await this.#scaleAt(size);
      if (scale === undefined) continue;
      const range = wantsRange ? await this.#range(size, scale, takesBytes) : undefined;
      return { scale, sizeMultiple: await this.#multiple(side, scale), range };
    }
    return undefined;
  }

  /** How much larger results are, where it runs and enlarges both sides alike. */
  async #scaleAt(size: Size): Promise<number | undefined> {
    const result = await this.#run(size, '-1..1').catch(() => undefined);
    const [, , height = 0, width = 0] = result?.shape ?? [];
    const scale = height / size.height;
    const isWhole = Number.isInteger(scale) && scale >= 1 && scale <= largestEnlargement;
    return isWhole && width === size.width * scale ? scale : undefined;
  }

  /** The smallest power of two by which sides may differ from one that works. */
  async #multiple(side: number, scale: number): Promise<number | undefined> {
    if (this.#fixed.width !== undefined || this.#fixed.height !== undefined) return undefined;
    for (let step = 1; step < side; step *= 2) {
      if ((await this.#scaleAt({ width: side + step, height: side + step })) === scale) return step;
    }
    return side;
  }

  async #range(size: Size, scale: number, takesBytes: boolean): Promise<ImageRange | undefined> {
    const judged: { readonly range: ImageRange; readonly error: number }[] = [];
    for (const range of ranges) {
      const error = judge(await this.#run(size, takesBytes ? '-1..1' : range), size, scale, range);
      if (error !== undefined) judged.push({ range, error });
    }
    const [first, ...others] = judged;
    if (!first || first.error < exact) return first?.range;
    // Networks that keep what they see say by how well they do which values they know; others are not told apart by it.
    const best = others.reduce((least, each) => (each.error < 0.995 * least.error ? each : least), first);
    return best.error < keeping ? best.range : first.range;
  }

  async #run({ width, height }: Size, range: ImageRange): Promise<TensorData> {
    const [low, high] = rangeBounds[range];
    const picture = probeImage(width, height).map(value => low + (high - low) * value);
    const batch = this.#fixed.batch ?? 1;
    const data = new Float32Array(batch * picture.length);
    for (let at = 0; at < batch; at++) data.set(picture, at * picture.length);
    const [input, output] = [this.#program.inputs[0]!, this.#program.outputs[0]!];
    const results = await this.#program.run({ [input]: { shape: [batch, 3, height, width], data } });
    return results[output]!;
  }
}

/** Results as near as this say nothing of the range: they are what went in, whatever that was. */
const exact = 0.005;

/** Results nearer than this to what went in are those of a network that keeps it. */
const keeping = 0.1;

/**
 * How far results are from what went in, in parts of the range; undefined where they are no picture in that range: too much
 * outside of it, or hardly any contrast.
 */
function judge({ data }: TensorData, { width, height }: Size, scale: number, range: ImageRange): number | undefined {
  const [low, high] = rangeBounds[range];
  const values = data.subarray(0, 3 * height * width * scale ** 2).map(value => (value - low) / (high - low));
  const inside = values.filter(value => value > -0.25 && value < 1.25).length / values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const contrast = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  if (!(inside >= 0.9 && contrast >= 0.04)) return undefined;
  return distance(values, probeImage(width, height), { width, height }, scale);
}

/** Root of the mean square of differences, results being averaged where they are larger; the border is left out. */
function distance(results: Float32Array, picture: Float32Array, { width, height }: Size, scale: number): number {
  const rim = Math.floor(Math.min(width, height) / 8);
  let [sum, count] = [0, 0];
  for (let channel = 0; channel < 3; channel++)
    for (let y = rim; y < height - rim; y++)
      for (let x = rim; x < width - rim; x++) {
        const row = (channel * height + y) * width + x;
        sum += (meanOfBlock(results, { width, height }, { channel, y, x }, scale) - picture[row]!) ** 2;
        count++;
      }
  return Math.sqrt(sum / count);
}

function meanOfBlock(
  values: Float32Array,
  { width, height }: Size,
  { channel, y, x }: { readonly channel: number; readonly y: number; readonly x: number },
  scale: number,
): number {
  let sum = 0;
  for (let down = 0; down < scale; down++)
    for (let across = 0; across < scale; across++)
      sum += values[((channel * height + y) * scale + down) * width * scale + x * scale + across]!;
  return sum / scale ** 2;
}
