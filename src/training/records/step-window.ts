/**
 * Many steps to one line of the history: means over the steps since the line before. Windows end at multiples of their
 * length, also in a resumed run, which takes the sums of the window that was open over from its checkpoint: so its
 * lines are those of a run that was never interrupted.
 */
import type { EventOf, OpenWindow } from './history-event.js';

/** What one step was, as measured by the loop. */
export interface StepValues {
  /** Steps done, this one included. */
  readonly step: number;
  /** Passes over the data done, as a fraction. */
  readonly epoch: number;
  readonly losses: Readonly<Record<string, number>>;
  /** Learning rates of this step, by what they are for: `generator`, `discriminator`. */
  readonly rates: Readonly<Record<string, number>>;
  /** Images that the step was trained on, of all domains together. */
  readonly images: number;
  /** How long the step took, waiting for its data included. */
  readonly ms: number;
  /** How long of that it waited for its data. */
  readonly waitMs: number;
}

type Sums = OpenWindow['losses'];

export class StepWindow {
  readonly #every: number;
  #open: OpenWindow | undefined;

  /** @param every steps in a line, ≥ 1 */
  constructor(every: number) {
    this.#every = every;
  }

  /** Plain data for the checkpoint; undefined right after a line. */
  get open(): OpenWindow | undefined {
    return this.#open;
  }

  /** Goes on with a window from a checkpoint, or with an empty one. */
  reopen(open: OpenWindow | undefined): void {
    this.#open = open;
  }

  /** Adds a step; returns the sums of the window that it completes. */
  add(values: StepValues): OpenWindow | undefined {
    this.#open = extend(this.#open, values);
    if (values.step % this.#every !== 0) return undefined;
    const complete = this.#open;
    this.#open = undefined;
    return complete;
  }
}

/** The line of a window. Losses are kept to six digits. */
export function meansOf(window: OpenWindow, atMs: number, elapsedMs: number): EventOf<'step'> {
  const means = Object.entries(window.losses).map(([name, [sum, count]]) => [name, round(sum / count, 6)]);
  return {
    kind: 'step',
    atMs,
    step: window.step,
    elapsedMs,
    epoch: round(window.epoch, 6),
    losses: Object.fromEntries(means),
    rates: window.rates,
    imagesPerSecond: round((1000 * window.images) / window.ms, 4),
    dataWaitShare: round(window.waitMs / window.ms, 3),
  };
}

function extend(open: OpenWindow | undefined, { images, ms, waitMs, losses, ...latest }: StepValues): OpenWindow {
  const { step, epoch, rates } = latest;
  return {
    count: (open?.count ?? 0) + 1,
    step,
    epoch,
    rates,
    losses: addTo(open?.losses ?? {}, losses),
    images: (open?.images ?? 0) + images,
    ms: (open?.ms ?? 0) + ms,
    waitMs: (open?.waitMs ?? 0) + waitMs,
  };
}

/** A loss that is not there in every step is averaged over those where it is. */
function addTo(sums: Sums, values: Readonly<Record<string, number>>): Sums {
  const result: Record<string, readonly [number, number]> = { ...sums };
  for (const [name, value] of Object.entries(values)) {
    const [sum, count] = result[name] ?? [0, 0];
    result[name] = [sum + value, count + 1];
  }
  return result;
}

/** NaN stays what it is, and so does infinity. */
function round(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}
