/**
 * In which precision a model runs where nobody says: float16 on devices that have it; on the CPU int8 where the model is
 * calibrated, what that costs in likeness is known to be little, and it is faster, both as recorded and on this machine.
 */
import type { ImageModel } from '../catalog/index.js';
import { type Engine, type Int8Worth, int8WorthOf, isInt8Worth, type Precision } from '../engine/index.js';
import type { Calibration } from '../model-files/index.js';

/** In dB, over the judging images: results that nobody tells from those in float32 side by side. */
export const leastInt8Psnr = 35;

/** Of the judging image that comes out least like. */
const leastOfOne = 30;

/** Of float32's time: 1.15 times as fast. */
const mostTimeRatio = 0.87;

/** What is tried, the best first; the last runs wherever anything does. */
export async function precisionsFor(engine: Engine, { calibration }: ImageModel): Promise<readonly Precision[]> {
  if (engine.device.kind !== 'cpu') return ['float16', 'float32'];
  if (engine.id !== 'cpu' || !isRecordedWorth(calibration)) return ['float32'];
  const worth = await int8WorthOf(engine).catch(() => undefined);
  return takesInt8(calibration, worth) ? ['int8', 'float32'] : ['float32'];
}

/** @param worth as this machine's CPU was measured; undefined where that failed */
export function takesInt8(calibration: Calibration | undefined, worth: Int8Worth | undefined): boolean {
  return isRecordedWorth(calibration) && worth !== undefined && isInt8Worth(worth);
}

function isRecordedWorth(calibration: Calibration | undefined): boolean {
  if (!calibration) return false;
  const { psnr, lowest, timeRatio } = calibration;
  return psnr >= leastInt8Psnr && lowest >= leastOfOne && timeRatio <= mostTimeRatio;
}
