/**
 * How fast a training goes and how long it will take, from what its last steps took. A pause, a sleeping machine or one
 * slow step does not move the figures; a lasting change does within a hundred steps.
 */
import type { StepValues } from './step-window.js';

/** Where a training stands after a step: plain data, also for other processes. */
export interface StepProgress {
  /** Steps done, of `steps`. */
  readonly step: number;
  readonly steps: number;
  /** Passes over the data done. */
  readonly epoch: number;
  readonly losses: Readonly<Record<string, number>>;
  /** Of all domains together. */
  readonly imagesPerSecond: number;
  /** Share of the time spent waiting for data, [0, 1]. */
  readonly dataWaitShare: number;
  readonly remainingMs: number;
}

type Timing = Pick<StepValues, 'images' | 'ms' | 'waitMs'>;

const recentSteps = 100;
/** Share of the steps left out at either end. */
const trimmed = 0.1;

export class ProgressMeter {
  readonly #steps: number;
  #recent: Timing[] = [];
  #taken = 0;
  #betweenMs = 0;

  /** @param steps in all that the run is to take */
  constructor(steps: number) {
    this.#steps = steps;
  }

  add({ step, epoch, losses, images, ms, waitMs }: StepValues): StepProgress {
    this.#recent = [...this.#recent.slice(1 - recentSteps), { images, ms, waitMs }];
    this.#taken++;
    const typical = middle(this.#recent);
    const perStepMs = mean(typical, timing => timing.ms) + this.#betweenMs / this.#taken;
    return {
      step,
      steps: this.#steps,
      epoch,
      losses,
      imagesPerSecond: (1000 * mean(typical, timing => timing.images)) / mean(typical, timing => timing.ms),
      dataWaitShare: mean(typical, timing => timing.waitMs) / mean(typical, timing => timing.ms),
      remainingMs: perStepMs * Math.max(0, this.#steps - step),
    };
  }

  /** Time that went into samples, evaluations and checkpoints, which will be needed again. */
  addBetween(ms: number): void {
    this.#betweenMs += ms;
  }
}

/** Those that are neither among the fastest nor among the slowest tenth. */
function middle(timings: readonly Timing[]): readonly Timing[] {
  const left = Math.floor(timings.length * trimmed);
  const sorted = [...timings].sort((a, b) => a.ms - b.ms);
  // With few steps the slowest is left out all the same: the first one warms up the machine.
  return sorted.slice(left, Math.max(left + 1, sorted.length - Math.max(1, left)));
}

function mean(timings: readonly Timing[], value: (timing: Timing) => number): number {
  return timings.reduce((sum, timing) => sum + value(timing), 0) / timings.length;
}
