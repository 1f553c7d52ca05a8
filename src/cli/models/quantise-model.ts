/**
 * The work of `cyclebox models quantize`: a model is calibrated for int8 on a folder of images, judged on another, and what came
 * of it is written beside the model; of a pair's model its manifest says so, too. A calibration that is there can be judged again.
 */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CycleboxError } from '../../base/index.js';
import { type ImageModel, openImageModel, recordPrecision } from '../../catalog/index.js';
import { openEngine, type TensorData } from '../../engine/index.js';
import { decodeImage } from '../../image/index.js';
import {
  type CalibratedModel,
  type Calibration,
  calibrate,
  calibrationPathOf,
  judgeAgain,
  readCalibration,
  squareImage,
  writeCalibration,
} from '../../model-files/index.js';
import { exitCodes } from '../terminal/index.js';
import { type NamedModel, resolveModel } from './named-model.js';

export interface QuantiseModelOptions extends NamedModel {
  /** Without it, the calibration that is there is judged again. */
  readonly images?: string;
  readonly judge: string;
  readonly most: number;
  readonly judgeMost: number;
  readonly size: number;
  readonly atLeast: number;
  readonly threads?: number;
  readonly replace?: boolean;
  readonly json?: boolean;
}

/**
 * @returns the exit code
 * @throws CycleboxError as `resolveModel`, `calibrate`; USAGE for too few images, or no calibration to judge; FILE_EXISTS, WRITE_FAILED
 */
export async function quantiseModel(file: string | undefined, options: QuantiseModelOptions): Promise<number> {
  const path = await resolveModel(file, options);
  const model = await openImageModel(path);
  const known = await readCalibration(model.path, model.sha256);
  requireIntent(path, known, options);
  const { images, judged } = await imagesOf(model, options);
  const engine = await openEngine('cpu', { threads: options.threads });
  try {
    const found =
      known && images.length === 0
        ? { calibration: await judgeAgain(model, known, { engine, judged }), convolutions: [] }
        : await calibrate(model, { engine, images, judged, leastPsnr: options.atLeast, onProgress: tellProgress });
    const written = await writeCalibration(path, found.calibration);
    const { pair, to, plugins } = options;
    if (pair !== undefined && to !== undefined) await recordPrecision({ pair, to, plugins }, found.calibration);
    process.stdout.write(options.json ? toJson(path, written, found) : toText(path, written, found));
    return exitCodes.ok;
  } finally {
    await engine.dispose();
  }
}

/** @throws FILE_EXISTS, USAGE */
function requireIntent(path: string, known: Calibration | undefined, { images, replace }: QuantiseModelOptions): void {
  const file = calibrationPathOf(path);
  if (images === undefined && !known)
    throw new CycleboxError('USAGE', `There is no ${file} to judge again: name --images to calibrate on.`);
  if (images !== undefined && known && !replace)
    throw new CycleboxError(
      'FILE_EXISTS',
      `${file} is there already. --replace it, or judge it again without --images.`,
    );
}

/** Fewer say nothing of other images. */
const fewest = 4;

async function imagesOf(
  model: ImageModel,
  { images, judge, most, judgeMost, size }: QuantiseModelOptions,
): Promise<{ readonly images: readonly TensorData[]; readonly judged: readonly TensorData[] }> {
  const side = model.fixed.width ?? size;
  const paths = images === undefined ? [] : await spread(images, most);
  const judging = await spread(judge, judgeMost);
  const both = judging.find(path => paths.includes(path));
  if (both !== undefined)
    throw new CycleboxError('USAGE', `${both} would be calibrated and judged on. Name different folders.`);
  const load = async (path: string) => squareImage(await decodeImage(path), side);
  const loaded: TensorData[] = [];
  for (const path of [...paths, ...judging]) loaded.push(await load(path));
  return { images: loaded.slice(0, paths.length), judged: loaded.slice(paths.length) };
}

/** So many of a folder's images, evenly spread over their names. @throws CycleboxError USAGE, FILE_NOT_FOUND */
async function spread(folder: string, most: number): Promise<readonly string[]> {
  const names = await readdir(folder).catch(cause => {
    throw new CycleboxError('FILE_NOT_FOUND', `The folder ${folder} cannot be read. Check the path.`, { cause });
  });
  const images = names.filter(name => /\.(?:jpe?g|png|webp|avif|tiff?)$/i.test(name)).sort();
  if (images.length < fewest)
    throw new CycleboxError('USAGE', `${folder} holds ${images.length} images; at least ${fewest} are needed.`);
  const count = Math.min(most, images.length);
  return Array.from({ length: count }, (_, at) => join(folder, images[Math.floor((at * images.length) / count)]!));
}

function tellProgress(line: string): void {
  process.stderr.write(`${line}\n`);
}

function toJson(model: string, written: string, { calibration, convolutions }: CalibratedModel): string {
  const { convolutions: _ranges, model: sha256, ...facts } = calibration;
  return `${JSON.stringify({ model, sha256, written, ...facts, convolutions }, null, 2)}\n`;
}

function toText(model: string, written: string, { calibration, convolutions }: CalibratedModel): string {
  const { psnr, lowest, images, timeRatio } = calibration;
  const rows = convolutions.map(
    ({ name, psnr: { bytes, sums }, work, rounding }) =>
      `  ${name.padEnd(12)} alone ${decibels(bytes)} dB with bytes, ${decibels(sums)} with sums, ` +
      `${(100 * work).toFixed(1).padStart(4)} % of the products: ${saidOf[rounding]}\n`,
  );
  return (
    `${basename(model)} → ${written}\n${rows.join('')}` +
    `PSNR to float32 ${psnr} dB over ${images} images (${lowest} dB for the least like), ${timeRatio} of its time.\n`
  );
}

const decibels = (value?: number): string => (value?.toFixed(1) ?? '—').padStart(5);

const saidOf = { bytes: 'int8', sums: 'int8, whole sums', none: 'float32' } as const;
