/**
 * A training's progress in words. What is asked for most stands first: on a narrow terminal the end of the line is cut.
 */
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

/** `12 s`, `3 min 5 s`, `2 h 5 min`, `3 d 4 h` */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** Three digits, and never an exponent. */
export function formatRate(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
