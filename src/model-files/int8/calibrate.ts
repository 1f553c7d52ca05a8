/**
 * Calibrates a model for int8. Its values are watched on three quarters of the images; then each convolution is tried alone in
 * int8 on some of the rest, and those that harm the result most for the time that they save go back to float32 until what is
 * left is near enough. At last the result is judged on other images. Static: nothing is measured when pictures are translated.
 */
import { CycleboxError } from '../../base/index.js';
import { type Engine, int8WorthOf, type Precision, type Program, type TensorData } from '../../engine/index.js';
import { exposeConvolutions, type ModelRanges } from '../../onnx/index.js';
import type { Calibration } from './calibration-file.js';
import {
  type ImageWithResult,
  type JudgeOptions,
  judgementOf,
  loadInt8,
  type ModelToCalibrate,
  mean,
  meanSquares,
  pairsOf,
  rounded,
} from './judge.js';
import { meanSquareAt, psnrOf, resultOf } from './likeness.js';
import { ObservedRanges } from './observed-ranges.js';

export interface CalibrateOptions extends JudgeOptions {
  /** To be calibrated on, and to choose convolutions by. */
  readonly images: readonly TensorData[];
  /** How near results are to be on the images that convolutions are chosen by, in dB. */
  readonly leastPsnr: number;
  readonly onProgress?: ((line: string) => void) | undefined;
}

export interface CalibratedConvolution {
  readonly name: string;
  /** Of the model, were it the only one in int8. */
  readonly psnr: number;
  /** Its share of the products of the convolutions that may be int8. */
  readonly work: number;
  readonly precision: Extract<Precision, 'float32' | 'int8'>;
}

export interface CalibratedModel {
  readonly calibration: Calibration;
  /** The sensitivity table, in the order of the file. */
  readonly convolutions: readonly CalibratedConvolution[];
}

/** Of so many images one is not watched: convolutions are chosen by it. */
const chosenBy = 4;

/** Of the images watched, what ranges are tried with. */
const shares = [1, 0.97, 0.9, 0.75] as const;

/** The first layer, of three channels, is no faster in int8 (22 ms, and 13 in float32), and all others see what it loses. */
const fewestInputs = 4;

/** Each convolution is tried alone on so many images. */
const triedOn = 2;

/** @throws MODEL_INVALID where no convolution of the model may be int8, or none near enough */
export async function calibrate(model: ModelToCalibrate, options: CalibrateOptions): Promise<CalibratedModel> {
  const { engine, images, judged, onProgress = () => {} } = options;
  const isForChoice = (_image: TensorData, at: number) => at % chosenBy === chosenBy - 1;
  const watched = images.filter((image, at) => !isForChoice(image, at));
  const observed = await observe(model, watched, options);
  const exact = await engine.load({ bytes: model.bytes, name: model.path });
  try {
    const trial = new Trial(engine, model, await pairsOf(exact, images.filter(isForChoice)));
    const ranges = await nearestRanges(trial, observed, onProgress);
    const table = await sensitivities(trial, observed, ranges, onProgress);
    const chosen = await choose(trial, ranges, table, options);
    if (Object.keys(chosen).length === 0) throw nothingLeft(model, options.leastPsnr);
    const program = await trial.load(chosen);
    try {
      const calibration: Calibration = {
        model: model.sha256,
        ...judgementOf(await meanSquares(program, await pairsOf(exact, judged))),
        calibratedOn: images.length,
        timeRatio: await timeRatio(exact, program, judged[0]!),
        speedup: Number((await int8WorthOf(engine)).speedup.toFixed(2)),
        convolutions: chosen,
      };
      const convolutions = table.map(row => ({ ...row, precision: row.name in chosen ? 'int8' : 'float32' }) as const);
      return { calibration, convolutions };
    } finally {
      await program.dispose();
    }
  } finally {
    await exact.dispose();
  }
}

function nothingLeft({ path }: ModelToCalibrate, psnr: number): CycleboxError {
  const message = `${path} has no convolution that could calculate in int8 at ${psnr} dB: it stays float32. A lower --at-least may do.`;
  return new CycleboxError('MODEL_INVALID', message, { subject: { file: path } });
}

async function observe(
  model: ModelToCalibrate,
  images: readonly TensorData[],
  { engine, onProgress }: CalibrateOptions,
): Promise<ObservedRanges> {
  const watched = exposeConvolutions(model.bytes, model.path);
  const observed = new ObservedRanges(watched.convolutions.filter(({ kernel }) => kernel[1]! >= fewestInputs));
  const program = await engine.load({ bytes: watched.bytes, name: model.path });
  try {
    for (const [at, image] of images.entries()) {
      const input = { [program.inputs[0]!]: image };
      observed.add({ ...(await program.run(input)), ...input });
      onProgress?.(`watched ${at + 1} of ${images.length} images`);
    }
  } finally {
    await program.dispose();
  }
  return observed;
}

/** Runs the model with some of its convolutions in int8. */
class Trial {
  readonly #engine: Engine;
  readonly #model: ModelToCalibrate;
  readonly #pairs: readonly ImageWithResult[];

  constructor(engine: Engine, model: ModelToCalibrate, pairs: readonly ImageWithResult[]) {
    this.#engine = engine;
    this.#model = model;
    this.#pairs = pairs;
  }

  load(ranges: ModelRanges): Promise<Program> {
    return loadInt8(this.#engine, this.#model, ranges);
  }

  /** On all images, or the first ones. */
  async meanSquare(ranges: ModelRanges, images = this.#pairs.length): Promise<number> {
    const program = await this.load(ranges);
    try {
      return mean(await meanSquares(program, this.#pairs.slice(0, images)));
    } finally {
      await program.dispose();
    }
  }
}

interface Sensitivity {
  readonly name: string;
  readonly meanSquare: number;
  readonly psnr: number;
  readonly work: number;
}

/** Of ranges that hold all images or nearly all, those with which results are nearest where all that may be int8 is. */
async function nearestRanges(
  trial: Trial,
  observed: ObservedRanges,
  onProgress: (line: string) => void,
): Promise<ModelRanges> {
  let best: { readonly ranges: ModelRanges; readonly meanSquare: number } | undefined;
  for (const share of shares) {
    const ranges = observed.rangesFor(share);
    const meanSquare = await trial.meanSquare(ranges);
    onProgress(`ranges of ${100 * share} % of the images: ${psnrOf(meanSquare).toFixed(1)} dB`);
    if (!best || meanSquare < best.meanSquare) best = { ranges, meanSquare };
  }
  return best!.ranges;
}

async function sensitivities(
  trial: Trial,
  observed: ObservedRanges,
  ranges: ModelRanges,
  onProgress: (line: string) => void,
): Promise<readonly Sensitivity[]> {
  const table: Sensitivity[] = [];
  const all = Object.entries(ranges);
  const sum = all.reduce((total, [name]) => total + observed.workOf(name), 0);
  for (const [name, ofOne] of all) {
    const meanSquare = await trial.meanSquare({ [name]: ofOne }, triedOn);
    table.push({ name, meanSquare, psnr: rounded(psnrOf(meanSquare)), work: observed.workOf(name) / sum });
    onProgress(`tried ${table.length} of ${all.length} convolutions`);
  }
  return table;
}

/**
 * Errors of convolutions add up nearly as if they were independent: first those go that harm most for the work that they
 * save until the sum is near enough; then more, until it is so when run.
 */
async function choose(
  trial: Trial,
  ranges: ModelRanges,
  table: readonly Sensitivity[],
  { leastPsnr, onProgress }: CalibrateOptions,
): Promise<ModelRanges> {
  const most = meanSquareAt(leastPsnr);
  const harm = ({ meanSquare, work }: Sensitivity) => meanSquare / work;
  const kept = [...table].sort((a, b) => harm(a) - harm(b));
  const predicted = () => kept.reduce((total, { meanSquare }) => total + meanSquare, 0);
  while (kept.length > 0 && predicted() > most) kept.pop();
  for (; kept.length > 0; kept.pop()) {
    const names = new Set(kept.map(({ name }) => name));
    const chosen = Object.fromEntries(Object.entries(ranges).filter(([name]) => names.has(name)));
    const found = await trial.meanSquare(chosen);
    onProgress?.(`${kept.length} of ${table.length} convolutions in int8: ${psnrOf(found).toFixed(1)} dB`);
    if (found <= most) return chosen;
  }
  return {};
}

const rounds = 5;

/** Of processors, not by the clock: what else the machine does is not measured. Turn by turn. */
async function timeRatio(exact: Program, int8: Program, image: TensorData): Promise<number> {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++)
    for (const [at, program] of [exact, int8].entries()) {
      const before = process.cpuUsage();
      await resultOf(program, image);
      const { user, system } = process.cpuUsage(before);
      times[at]!.push(user + system);
    }
  return Number((median(times[1]) / median(times[0])).toFixed(2));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
