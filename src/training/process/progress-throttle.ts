/** Lets through as many progress events as a reader needs: one in a while, and always the last. */
import type { Clock } from '../../base/index.js';
import type { TrainingProgress } from '../training-event.js';

export class ProgressThrottle {
  readonly #everyMs: number;
  readonly #clock: Clock;
  readonly #pass: (progress: TrainingProgress) => void;
  #passedMs = Number.NEGATIVE_INFINITY;
  #held: TrainingProgress | undefined;

  /** @param everyMs between two that are passed on, at least */
  constructor(everyMs: number, clock: Clock, pass: (progress: TrainingProgress) => void) {
    this.#everyMs = everyMs;
    this.#clock = clock;
    this.#pass = pass;
  }

  add(progress: TrainingProgress): void {
    this.#held = progress;
    if (this.#clock.monotonicMs() - this.#passedMs >= this.#everyMs) this.flush();
  }

  /** Passes on the one that was held back, if any. */
  flush(): void {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    this.#passedMs = this.#clock.monotonicMs();
    this.#pass(held);
  }
}
