/**
 * How near a model comes in int8 to itself in float32, on images that its calibration was not made of: so few that are
 * unlike the rest can be rare that a calibration is judged again, on more of them, without being made anew.
 */
import type { Engine, Program, TensorData } from '../../engine/index.js';
import type { ModelRanges } from '../../onnx/index.js';
import type { Calibration } from './calibration-file.js';
import { meanSquareOf, psnrOf, resultOf } from './likeness.js';

export interface ModelToCalibrate {
  readonly path: string;
  readonly sha256: string;
  /** `[n, 3, h, w]` in [-1, 1] both ways. */
  readonly bytes: Uint8Array;
}

export interface JudgeOptions {
  readonly engine: Engine;
  /** Others than those that it was calibrated on. */
  readonly judged: readonly TensorData[];
}

type Judgement = Pick<Calibration, 'psnr' | 'lowest' | 'images'>;

/** The same calibration, with how near it comes on these images. @throws MODEL_INVALID */
export async function judgeAgain(
  model: ModelToCalibrate,
  calibration: Calibration,
  { engine, judged }: JudgeOptions,
): Promise<Calibration> {
  const exact = await engine.load({ bytes: model.bytes, name: model.path });
  try {
    const program = await loadInt8(engine, model, calibration.convolutions);
    try {
      return { ...calibration, ...judgementOf(await meanSquares(program, await pairsOf(exact, judged))) };
    } finally {
      await program.dispose();
    }
  } finally {
    await exact.dispose();
  }
}

/** What is judged holds on any processor: with a bit more, results are nearer. */
const kernelBits = 7;

export function loadInt8(
  engine: Engine,
  { bytes, path: name }: ModelToCalibrate,
  ranges: ModelRanges,
): Promise<Program> {
  return engine.load({ bytes, name }, { precision: 'int8', ranges, kernelBits });
}

export interface ImageWithResult {
  readonly image: TensorData;
  /** In float32. */
  readonly result: TensorData;
}

export async function pairsOf(exact: Program, images: readonly TensorData[]): Promise<readonly ImageWithResult[]> {
  const pairs: ImageWithResult[] = [];
  for (const image of images) pairs.push({ image, result: await resultOf(exact, image) });
  return pairs;
}

/** Of each image, the mean squared difference of bytes. */
export async function meanSquares(program: Program, pairs: readonly ImageWithResult[]): Promise<readonly number[]> {
  const squares: number[] = [];
  for (const { image, result } of pairs) squares.push(meanSquareOf(await resultOf(program, image), result));
  return squares;
}

export function judgementOf(squares: readonly number[]): Judgement {
  return {
    psnr: rounded(psnrOf(mean(squares))),
    lowest: rounded(psnrOf(Math.max(...squares))),
    images: squares.length,
  };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export const rounded = (decibels: number): number => Number(decibels.toFixed(1));
