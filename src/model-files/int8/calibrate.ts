/**
 * Calibrates a model for int8. Its values are watched on three quarters of the images; then each layer is tried alone in
 * int8 on some of the rest, its results as bytes and as whole sums, and those that harm the result most for the time that they save
 * get sums in place of bytes, or go back to float32, until what is left is near enough. At last the result is judged on other
 * images. When pictures are translated, all that is measured is how far beyond its ranges one goes (onnx/int8/byte-values.ts).
 */
import { CycleboxError } from '../../base/index.js';
import { int8WorthOf, type Program, type TensorData } from '../../engine/index.js';
import { exposeConvolutions } from '../../onnx/index.js';
import type { Calibration } from './calibration-file.js';
import { nearestRanges } from './choose-ranges.js';
import { chooseRoundings, sensitivities } from './choose-roundings.js';
import {
  type JudgeOptions,
  judgementOf,
  loadInt8,
  type ModelToCalibrate,
  meanSquares,
  pairsOf,
  rounded,
} from './judge.js';
import { psnrOf, resultOf } from './likeness.js';
import { ObservedRanges } from './observed-ranges.js';
import { type Rounding, rangesWith, Trial } from './trial.js';

export interface CalibrateOptions extends JudgeOptions {
  /** To be calibrated on, and to choose convolutions by. */
  readonly images: readonly TensorData[];
  /** How near results are to be on the images that convolutions are chosen by, in dB. */
  readonly leastPsnr: number;
  readonly onProgress?: ((line: string) => void) | undefined;
}

export interface CalibratedConvolution {
  readonly name: string;
  /** Of the model, were it and those that read the same the only ones in int8; of sums where it may have them. */
  readonly psnr: Readonly<Partial<Record<Exclude<Rounding, 'none'>, number>>>;
  /** Its share of the products of the convolutions that may be int8. */
  readonly work: number;
  readonly rounding: Rounding;
}

export interface CalibratedModel {
  readonly calibration: Calibration;
  /** The sensitivity table, in the order of the file. */
  readonly convolutions: readonly CalibratedConvolution[];
}

/** Of so many images one is not watched: convolutions are chosen by it. */
const chosenBy = 4;

/** The first layer, of three channels, is no faster in int8 (22 ms, and 13 in float32), and all others see what it loses. */
const fewestInputs = 4;

/** @throws MODEL_INVALID where no convolution of the model may be int8, or none near enough */
export async function calibrate(model: ModelToCalibrate, options: CalibrateOptions): Promise<CalibratedModel> {
  const { engine, images, judged, onProgress = () => {} } = options;
  const isForChoice = (_image: TensorData, at: number) => at % chosenBy === chosenBy - 1;
  const watched = images.filter((image, at) => !isForChoice(image, at));
  const observed = await observe(model, watched, options);
  const exact = await engine.load({ bytes: model.bytes, name: model.path });
  try {
    const trial = new Trial(engine, model, await pairsOf(exact, images.filter(isForChoice)), options.leastPsnr);
    const ranges = await nearestRanges(trial, observed, onProgress);
    const table = await sensitivities(trial, observed, ranges, onProgress);
    const kernelBits = (await engine.kernelBits?.()) ?? 7;
    const roundings = await chooseRoundings(trial, ranges, table, { kernelBits, onProgress });
    const chosen = rangesWith(ranges, roundings);
    if (Object.keys(chosen).length === 0) throw nothingLeft(model, options.leastPsnr);
    const program = await loadInt8(engine, model, chosen);
    try {
      const calibration: Calibration = {
        model: model.sha256,
        ...judgementOf(await meanSquares(program, await pairsOf(exact, judged))),
        calibratedOn: images.length,
        timeRatio: await timeRatio(exact, program, judged[0]!),
        speedup: Number((await int8WorthOf(engine)).speedup.toFixed(2)),
        convolutions: chosen,
      };
      const convolutions = table.flatMap(({ names, work, meanSquares: { none: _, ...alone } }) => {
        const decibels = Object.entries(alone).map(([rounding, found]) => [rounding, rounded(psnrOf(found))] as const);
        const facts = { psnr: Object.fromEntries(decibels), work: work / names.length };
        return names.map((name): CalibratedConvolution => ({ name, ...facts, rounding: roundings.get(name)! }));
      });
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
