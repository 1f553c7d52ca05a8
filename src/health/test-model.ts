/**
 * One model tried on one small picture that is the same everywhere: shape, numbers and range of what comes out, the time it takes,
 * and, with a model back, how much of the picture comes back. Runs where native code may die: in a process of its own.
 */
import { asCycleboxError } from '../base/index.js';
import { type ImageModel, openImageModel } from '../catalog/index.js';
import { type Engine, openEngine, type Program, type TensorData } from '../engine/index.js';
import type { ModelToTest } from './health-protocol.js';
import type { DirectionHealth } from './model-health.js';

/** Enough for every network of ours, and a fraction of a second. */
const testSide = 128;

/** Pixels are cut to -1 to 1; a network that goes this far beyond was made for another range. */
const farthest = 1.5;

/** Of a picture of many colours, in [-1, 1]: less variation than a byte can show. */
const leastDeviation = 1 / 255;

export async function testModel(model: ModelToTest, back: ModelToTest | undefined): Promise<DirectionHealth> {
  const engine = await openEngine('cpu', { threads: 1 });
  try {
    return await tested(engine, model, back);
  } finally {
    await engine.dispose();
  }
}

async function tested(engine: Engine, model: ModelToTest, back: ModelToTest | undefined): Promise<DirectionHealth> {
  const sums = { sha256: model.sha256, ...(back && { backSha256: back.sha256 }) };
  const common = { ...sums, testedMs: Date.now() };
  let size = { width: testSide, height: testSide };
  try {
    const opened = await openImageModel(model.path, model.sha256);
    size = { width: opened.fixed.width ?? testSide, height: opened.fixed.height ?? testSide };
    const image = testImage(size.width, size.height);
    const { output, latencyMs } = await runTwice(engine, opened, image);
    const faults = faultsOf(output, opened, size);
    const cycleError = back && faults.length === 0 ? await cycleErrorOf(engine, back, image, output) : undefined;
    return { ...common, ...size, latencyMs, ...(cycleError !== undefined && { cycleError }), faults };
  } catch (error) {
    return { ...common, ...size, faults: [asCycleboxError(error).toString()] };
  }
}

async function runTwice(
  engine: Engine,
  model: ImageModel,
  image: TensorData,
): Promise<{ readonly output: TensorData; readonly latencyMs: number }> {
  const program = await engine.load({ bytes: model.bytes, name: model.path });
  try {
    await runOnce(program, image);
    const startMs = performance.now();
    const output = await runOnce(program, image);
    return { output, latencyMs: performance.now() - startMs };
  } finally {
    await program.dispose();
  }
}

async function runOnce(program: Program, image: TensorData): Promise<TensorData> {
  const [input = 'image'] = program.inputs;
  const outputs = await program.run({ [input]: image });
  const [output] = Object.values(outputs);
  if (output) return output;
  throw new Error('The model gives nothing.');
}

function faultsOf(
  { shape, data }: TensorData,
  { scale }: ImageModel,
  { width, height }: { readonly width: number; readonly height: number },
): readonly string[] {
  const expected = [1, 3, height * scale, width * scale];
  if (String(shape) !== String(expected)) {
    return [`Its result has the shape [${shape.join(', ')}], where [${expected.join(', ')}] is expected.`];
  }
  const wrong = data.findIndex(value => !Number.isFinite(value));
  if (wrong >= 0) return [`Its result holds ${data[wrong]}, which is no number for a pixel.`];
  const [least, most] = [data.reduce((a, b) => Math.min(a, b)), data.reduce((a, b) => Math.max(a, b))];
  if (least < -farthest || most > farthest) {
    return [`Its values go from ${least.toPrecision(3)} to ${most.toPrecision(3)}, where -1 to 1 is expected.`];
  }
  return most - least < leastDeviation ? ['It makes a picture of one colour out of one of many.'] : [];
}

/** Undefined where the sizes do not lead back. */
async function cycleErrorOf(
  engine: Engine,
  back: ModelToTest,
  image: TensorData,
  translated: TensorData,
): Promise<number | undefined> {
  const opened = await openImageModel(back.path, back.sha256).catch(() => undefined);
  if (!opened || String(translated.shape) !== String(image.shape)) return undefined;
  const { width = translated.shape[3], height = translated.shape[2] } = opened.fixed;
  if (opened.scale !== 1 || width !== translated.shape[3] || height !== translated.shape[2]) return undefined;
  const returned = await runTwice(engine, opened, translated).catch(() => undefined);
  if (!returned || returned.output.data.length !== image.data.length) return undefined;
  const sum = image.data.reduce((total, value, i) => total + Math.abs(value - returned.output.data[i]!), 0);
  return (sum / image.data.length) * 127.5;
}

/** Waves of three colours, from coarse to fine, with edges: `[1, 3, height, width]` in [-1, 1]. */
function testImage(width: number, height: number): TensorData {
  const data = new Float32Array(3 * width * height);
  for (let channel = 0; channel < 3; channel++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const wave = Math.sin(((channel + 1) * x * x) / (8 * width) + y / (5 + channel));
        const edge = (x >> 4) % 2 === (y >> 4) % 2 ? 0.3 : -0.3;
        data[(channel * height + y) * width + x] = 0.6 * wave + edge;
      }
  return { shape: [1, 3, height, width], data };
}
