/**
 * What a self-test found of one direction of a pair: one small picture through its model on the CPU, and back where there is a way
 * back. It says whether the model computes at all and what that takes, not whether its pictures are any good.
 */

export interface DirectionHealth {
  /** Of the model that was tested. */
  readonly sha256: string;
  /** Of the model that leads back, where it was part of the test. */
  readonly backSha256?: string | undefined;
  readonly testedMs: number;
  /** Of the picture that was shown, in pixels. */
  readonly width: number;
  readonly height: number;
  /** On the CPU, the second time; absent where it came to no result. */
  readonly latencyMs?: number | undefined;
  /** Mean difference of a picture and what comes back of it, in levels of 255; absent where there is no way back. */
  readonly cycleError?: number | undefined;
  /** What is wrong, in sentences; none: the model is sound. */
  readonly faults: readonly string[];
}

/** Told when a model was tested for the first time. */
export interface HealthEvent {
  readonly type: 'modelTested';
  /** `pair/to`. */
  readonly translation: string;
  readonly health: DirectionHealth;
}

/** By `pair/to`, as jobs name translations. */
export type PairHealth = ReadonlyMap<string, DirectionHealth>;

export interface TestedModels {
  readonly sha256: string;
  readonly backSha256?: string | undefined;
}

/** Whether what was found still says something of these models. */
export function isCurrent(health: DirectionHealth | undefined, models: TestedModels): health is DirectionHealth {
  return health?.sha256 === models.sha256 && health.backSha256 === models.backSha256;
}

/** `sound: 128 × 128 in 84 ms on the CPU, there and back changes 3.2 of 255 levels`. */
export function healthText({ width, height, latencyMs, cycleError, faults }: DirectionHealth): string {
  const time = latencyMs === undefined ? '' : `${width} × ${height} in ${Math.round(latencyMs)} ms on the CPU`;
  const cycle = cycleError === undefined ? '' : `there and back changes ${cycleError.toFixed(1)} of 255 levels`;
  const figures = [time, cycle].filter(Boolean).join(', ');
  if (faults.length > 0) return `unsound: ${faults.join(' ')}`;
  return figures ? `sound: ${figures}` : 'sound';
}
