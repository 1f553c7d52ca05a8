/**
 * The work of `cyclebox models compare`: two models on the same pictures, and how far apart their results are. A model and what
 * it was exported to should differ by rounding only; so one sees what storing weights in fewer bits costs.
 */
import { CycleboxError } from '../../base/index.js';
import { decodeImage, type Picture } from '../../image/index.js';
import { probePicture } from '../../model-files/index.js';
import { openTranslator, type Translator } from '../../translate/index.js';
import { exitCodes } from '../terminal/index.js';

export interface CompareModelsOptions {
  readonly images?: readonly string[];
  /** Ends with 1 where results are less alike, in dB. */
  readonly atLeast?: number;
  readonly json?: boolean;
}

interface Comparison {
  readonly image: string;
  /** In grey levels of 255. */
  readonly mean: number;
  readonly largest: number;
  /** Peak signal-to-noise ratio in dB; Infinity where there is no difference, which JSON has as null. */
  readonly psnr: number;
}

/** @returns the exit code. @throws CycleboxError as translations do; MODEL_INVALID where results differ in size */
export async function compareModels(a: string, b: string, options: CompareModelsOptions): Promise<number> {
  const { images = [], atLeast = 0, json } = options;
  const [first, second] = [
    await openTranslator({ model: a, engine: 'cpu', precision: 'float32' }),
    await openTranslator({ model: b, engine: 'cpu', precision: 'float32' }),
  ];
  try {
    const compared: Comparison[] = [];
    for (const [image, picture] of await pictures(images)) compared.push(await compare(image, picture, first, second));
    process.stdout.write(json ? `${JSON.stringify({ a, b, compared }, null, 2)}\n` : compared.map(toText).join(''));
    return compared.every(({ psnr }) => psnr >= atLeast) ? exitCodes.ok : exitCodes.failed;
  } finally {
    await first.dispose();
    await second.dispose();
  }
}

const [width, height] = [256, 192];

async function pictures(paths: readonly string[]): Promise<readonly (readonly [string, Picture])[]> {
  const drawn: Picture = { width, height, rgb: probePicture(width, height), format: 'png' };
  if (paths.length === 0) return [['a drawn picture', drawn]];
  return Promise.all(paths.map(async path => [path, await decodeImage(path)] as const));
}

async function compare(image: string, picture: Picture, a: Translator, b: Translator): Promise<Comparison> {
  const [one, other] = [(await a.translatePicture(picture)).picture, (await b.translatePicture(picture)).picture];
  if (one.width !== other.width || one.height !== other.height)
    throw new CycleboxError(
      'MODEL_INVALID',
      `Of ${image}, one makes ${one.width} × ${one.height} pixels and the other ${other.width} × ${other.height}: they cannot be compared.`,
    );
  let [sum, squares, largest] = [0, 0, 0];
  one.rgb.forEach((value, at) => {
    const difference = Math.abs(value - other.rgb[at]!);
    sum += difference;
    squares += difference ** 2;
    largest = Math.max(largest, difference);
  });
  const count = one.rgb.length;
  return { image, mean: sum / count, largest, psnr: 10 * Math.log10(255 ** 2 / (squares / count)) };
}

function toText({ image, mean, largest, psnr }: Comparison): string {
  if (largest === 0) return `${image}: the same, to the byte\n`;
  return `${image}: ${mean.toFixed(3)} grey levels apart in the mean, ${largest} at most, PSNR ${psnr.toFixed(1)} dB\n`;
}
