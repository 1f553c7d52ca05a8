/**
 * A training's progress in words. What is asked for most stands first: on a narrow terminal the end of the line is cut.
 */
import { formatDuration } from '../../base/index.js';
import type { StepProgress } from './progress-meter.js';

/** Waiting for data below this share of the time is not worth a word. */
const notableWait = 0.02;

/** `step 1200/8000  2 h 5 min left  12.3 images/s  waiting for data 8 %  G_A 0.412 …` */
export function formatProgress(progress: StepProgress): string {
  const { step, steps, losses, imagesPerSecond, dataWaitShare, remainingMs } = progress;
  const wait = dataWaitShare > notableWait ? [`waiting for data ${Math.round(100 * dataWaitShare)} %`] : [];
  return [
    `step ${step}/${steps}`,
    ...(step < steps ? [`${formatDuration(remainingMs)} left`] : []),
    `${formatRate(imagesPerSecond)} images/s`,
    ...wait,
    ...Object.entries(losses).map(([name, value]) => `${name} ${value.toFixed(3)}`),
  ].join('  ');
}

/** Three digits, and never an exponent. */
export function formatRate(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
