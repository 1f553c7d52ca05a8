/**
 * A network that the user brings, as an ONNX file, to measure distances in its features: an Inception, any classifier. It
 * is named in every report, since distances by different networks have nothing to do with each other.
 */
import { basename } from 'node:path';
import { CycleboxError, type Disposable, readRegularFile } from '../../base/index.js';
import type { Engine, Program, TensorData } from '../../engine/index.js';
import { resizePicture } from '../../image/index.js';
import { decodeOnnx, type OnnxValue } from '../../onnx/index.js';
import type { Features } from './kernel-distance.js';
import { type Planes, pictureOf, planesOf } from './planes.js';

/** What colours the network was trained with: byte ranges, or those of ImageNet's mean and deviation. */
export const featureRanges = ['-1..1', '0..1', '0..255', 'imagenet'] as const;
export type FeatureRange = (typeof featureRanges)[number];

export interface FeatureNetworkOptions {
  /** Side of the square images it takes, where the file leaves it open; default 224. */
  readonly size?: number | undefined;
  /** Default `imagenet`: what torchvision's networks take. */
  readonly range?: FeatureRange | undefined;
}

interface InputLayout {
  readonly side: number;
  readonly channelsLast: boolean;
}

const imagenetMean = [0.485, 0.456, 0.406];
const imagenetDeviation = [0.229, 0.224, 0.225];

export class FeatureNetwork implements Disposable {
  readonly file: string;
  readonly side: number;
  readonly range: FeatureRange;
  readonly #program: Program;
  readonly #layout: InputLayout;

  private constructor(file: string, range: FeatureRange, layout: InputLayout, program: Program) {
    this.file = file;
    this.side = layout.side;
    this.range = range;
    this.#layout = layout;
    this.#program = program;
  }

  /** @throws MODEL_MISSING, MODEL_INVALID naming the file when it does not take one image of three channels */
  static async open(engine: Engine, path: string, options: FeatureNetworkOptions = {}): Promise<FeatureNetwork> {
    const layout = await layoutOf(path, options.size);
    return new FeatureNetwork(basename(path), options.range ?? 'imagenet', layout, await engine.load({ path }));
  }

  /** One row per image: the first output, its spatial axes averaged. @throws MODEL_INVALID, ENGINE_FAILED */
  async featuresOf(images: readonly Planes[]): Promise<Features> {
    const rows: Float32Array[] = [];
    for (const image of images) rows.push(await this.#featuresOf(image));
    return rows;
  }

  dispose(): void | Promise<void> {
    return this.#program.dispose();
  }

  async #featuresOf(image: Planes): Promise<Float32Array> {
    const input = await inputOf(image, this.#layout, this.range);
    const results = await this.#program.run({ [this.#program.inputs[0]!]: input });
    const features = rowOf(results[this.#program.outputs[0]!]!, this.#layout);
    if (features.every(Number.isFinite)) return features;
    throw new CycleboxError('ENGINE_FAILED', `${this.file} produced NaN features. Check --features-range.`);
  }
}

async function layoutOf(path: string, size: number | undefined): Promise<InputLayout> {
  const bytes = await readRegularFile(path).catch(cause => {
    const message = `The feature network ${path} could not be read. Check the path.`;
    throw new CycleboxError('MODEL_MISSING', message, { subject: { file: path }, cause });
  });
  const { inputs } = decodeOnnx(bytes, path);
  const input = inputs.length === 1 ? inputs[0] : undefined;
  const channelsLast = input?.shape[3] === 3 && input.shape[1] !== 3;
  if (input?.shape.length !== 4 || !(channelsLast || input.shape[1] === 3)) throw noImageInput(path, inputs);
  const fixed = input.shape[channelsLast ? 1 : 2];
  return { side: typeof fixed === 'number' && fixed > 0 ? fixed : (size ?? 224), channelsLast };
}

function noImageInput(path: string, inputs: readonly OnnxValue[]): CycleboxError {
  const found = inputs.map(({ name, shape }) => `${name} [${shape.map(side => side ?? '?').join(', ')}]`).join(' and ');
  const message =
    `${path} takes ${found || 'nothing'}; a feature network takes one input, an image [n, 3, height, width] or ` +
    '[n, height, width, 3]. Export it with that input alone.';
  return new CycleboxError('MODEL_INVALID', message, { subject: { file: path } });
}

async function inputOf(image: Planes, { side, channelsLast }: InputLayout, range: FeatureRange): Promise<TensorData> {
  const { data } = planesOf(await resizePicture(pictureOf(image), side, side));
  const area = side * side;
  const values = new Float32Array(3 * area);
  for (let at = 0; at < 3 * area; at++) {
    const channel = Math.floor(at / area);
    values[channelsLast ? 3 * (at % area) + channel : at] = inRange(data[at]!, channel, range);
  }
  return { shape: channelsLast ? [1, side, side, 3] : [1, 3, side, side], data: values };
}

function inRange(value: number, channel: number, range: FeatureRange): number {
  const share = (value + 1) / 2;
  switch (range) {
    case '-1..1':
      return value;
    case '0..1':
      return share;
    case '0..255':
      return 255 * share;
    case 'imagenet':
      return (share - imagenetMean[channel]!) / imagenetDeviation[channel]!;
    default:
      return range satisfies never;
  }
}

/** `[1, d]` as it is; `[1, d, h, w]` (or channels last) as means over h and w. */
function rowOf({ shape, data }: TensorData, { channelsLast }: InputLayout): Float32Array {
  if (shape.length !== 4) return data;
  const channels = (channelsLast ? shape[3] : shape[1])!;
  const area = data.length / channels;
  const [step, start] = channelsLast ? [channels, 1] : [1, area];
  return Float32Array.from({ length: channels }, (_, channel) => {
    let sum = 0;
    for (let at = 0; at < area; at++) sum += data[channel * start + at * step]!;
    return sum / area;
  });
}
