/**
 * In which precision a model runs where nobody says: float16 on devices that have it; on the CPU int8 where the model is
 * calibrated, what that costs in likeness is known to be little, and by what this machine's processor makes of a convolution the model is
 * faster for it here.
 */
import type { ImageModel } from '../catalog/index.js';
import { type Engine, type Int8Worth, int8WorthOf, isInt8Right, type Precision } from '../engine/index.js';
import type { Calibration } from '../model-files/index.js';

/** In dB, over the judging images: results that nobody tells from those in float32 side by side. */
export const leastInt8Psnr = 35;

/** Of the judging image that comes out least like. */
const leastOfOne = 30;

/** Of float32's time: 1.15 times as fast. Less is not worth a difference of results, however small. */
const mostTimeRatio = 0.87;

/** Where convolutions themselves gained less, the share of them in a model's time cannot be told from the model's gain. */
const leastGain = 0.1;

/** What is tried, the best first; the last runs wherever anything does. */
export async function precisionsFor(engine: Engine, { calibration }: ImageModel): Promise<readonly Precision[]> {
  if (engine.device.kind !== 'cpu') return ['float16', 'float32'];
  if (engine.id !== 'cpu' || !calibration || !isNear(calibration)) return ['float32'];
  const worth = await int8WorthOf(engine).catch(() => undefined);
  return takesInt8(calibration, worth) ? ['int8', 'float32'] : ['float32'];
}

/** @param worth as this machine's CPU was measured; undefined where that failed */
export function takesInt8(calibration: Calibration | undefined, worth: Int8Worth | undefined): boolean {
  if (!calibration || !worth) return false;
  return isNear(calibration) && isInt8Right(worth) && timeRatioHere(calibration, worth) <= mostTimeRatio;
}

function isNear({ psnr, lowest }: Calibration): boolean {
  return psnr >= leastInt8Psnr && lowest >= leastOfOne;
}

/**
 * Of float32's time, on a processor that is `speedup` times as fast with convolutions in int8. What a model gained where it was
 * calibrated, by what convolutions gained there, is their share of its time. A calibration that does not say what they gained is
 * taken as if they had taken no time there, which gives the smallest share.
 */
export function timeRatioHere(recorded: Pick<Calibration, 'timeRatio' | 'speedup'>, { speedup }: Int8Worth): number {
  const gainThere = Math.max(leastGain, gainOf(recorded.speedup ?? Number.POSITIVE_INFINITY));
  const share = Math.min(1, (1 - recorded.timeRatio) / gainThere);
  return 1 - share * gainOf(speedup);
}

/** Of its time. */
function gainOf(speedup: number): number {
  return 1 - 1 / speedup;
}
