/**
 * The calibration of a model, as a file beside it: `to-zebra.int8.json` of `to-zebra.onnx`. It holds how far the values around
 * each convolution that is to calculate in int8 go, and what that costs and gains. Weights are not in it: they are quantised
 * when the model is loaded.
 */
import { basename } from 'node:path';
import { z } from 'zod';
import { asCycleboxError, CycleboxError, readRegularText, systemCodeOf, writeFileAtomic } from '../../base/index.js';
import type { ModelRanges } from '../../onnx/index.js';

export interface Calibration {
  /** SHA-256 of the model that it belongs to. */
  readonly model: string;
  /** Of int8 (kernels of 7 bits, as any processor has them right) to float32 over the judging images, in dB: 20 log10(255) - 10 log10(mean squared difference of bytes). */
  readonly psnr: number;
  /** That of the image with the lowest. */
  readonly lowest: number;
  /** On how many images it was judged; those that it was calibrated on are others. */
  readonly images: number;
  readonly calibratedOn: number;
  /** Time in int8 over time in float32, where it was made. */
  readonly timeRatio: number;
  /** How many times as fast as in float32 a convolution was in int8 there; absent of older calibrations. */
  readonly speedup?: number | undefined;
  readonly convolutions: ModelRanges;
}

const channels = z.strictObject({ least: z.array(z.number()).min(1), most: z.array(z.number()).min(1) });

const schema = z.strictObject({
  model: z.string().regex(/^[0-9a-f]{64}$/),
  psnr: z.number(),
  lowest: z.number(),
  images: z.int().min(1),
  calibratedOn: z.int().min(1),
  timeRatio: z.number().positive(),
  speedup: z.number().positive().exactOptional(),
  convolutions: z.record(z.string(), z.strictObject({ into: channels, outOf: channels.exactOptional() })),
});

/** Where the calibration of a model lies. */
export function calibrationPathOf(model: string): string {
  return `${model.replace(/\.[^./\\]+$/, '')}.int8.json`;
}

/**
 * Undefined where there is none, or one of another model.
 * @param sha256 of the model
 * @throws MODEL_INVALID naming the calibration file that cannot be read
 */
export async function readCalibration(model: string, sha256: string): Promise<Calibration | undefined> {
  const calibration = await readBeside(model);
  return calibration?.model === sha256 ? calibration : undefined;
}

/** What lies beside a model, or why it is of no use: nobody is to fail for it who does not ask for int8. */
export interface FoundCalibration {
  readonly calibration?: Calibration | undefined;
  /** MODEL_INVALID: it cannot be read, or is another model's. */
  readonly fault?: CycleboxError | undefined;
}

/** @param sha256 of the model */
export async function findCalibration(model: string, sha256: string): Promise<FoundCalibration> {
  try {
    const calibration = await readBeside(model);
    if (!calibration || calibration.model === sha256) return { calibration };
    const why = `it is of a file with the SHA-256 ${calibration.model.slice(0, 12)}…, and the model has ${sha256.slice(0, 12)}….`;
    return { fault: invalid(calibrationPathOf(model), new Error(why)) };
  } catch (error) {
    return { fault: asCycleboxError(error) };
  }
}

async function readBeside(model: string): Promise<Calibration | undefined> {
  const path = calibrationPathOf(model);
  const text = await readRegularText(path).catch(error => {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw invalid(path, error);
  });
  return text === undefined ? undefined : parsed(text, path);
}

function parsed(text: string, path: string): Calibration {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw invalid(path, error);
  }
}

function invalid(path: string, cause: unknown): CycleboxError {
  const why = cause instanceof z.ZodError ? z.prettifyError(cause) : (cause as Error).message;
  return new CycleboxError(
    'MODEL_INVALID',
    `${path} is no calibration for int8: ${why} Make it anew (cyclebox models quantize), or delete it.`,
    { subject: { file: path }, cause },
  );
}

/** @throws WRITE_FAILED */
export async function writeCalibration(model: string, calibration: Calibration): Promise<string> {
  const path = calibrationPathOf(model);
  await writeFileAtomic(path, formatCalibration(calibration)).catch(cause => {
    const message = `${basename(path)} could not be written: ${(cause as Error).message}`;
    throw new CycleboxError('WRITE_FAILED', message, { subject: { file: path }, cause });
  });
  return path;
}

/** A line for each list of numbers, of three digits each: more is not known of them. */
function formatCalibration({ convolutions, ...facts }: Calibration): string {
  const numbers = (values: readonly number[]) => `[${values.map(value => Number(value.toPrecision(3))).join(',')}]`;
  const ranges = ({ least, most }: { readonly least: readonly number[]; readonly most: readonly number[] }) =>
    `{\n        "least": ${numbers(least)},\n        "most": ${numbers(most)}\n      }`;
  const layers = Object.entries(convolutions).map(
    ([name, { into, outOf }]) =>
      `    ${JSON.stringify(name)}: {\n      "into": ${ranges(into)}${outOf ? `,\n      "outOf": ${ranges(outOf)}` : ''}\n    }`,
  );
  const said = Object.entries(facts).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},\n`);
  return `{\n${said.join('')}  "convolutions": {\n${layers.join(',\n')}\n  }\n}\n`;
}
