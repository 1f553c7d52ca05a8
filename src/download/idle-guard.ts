/** Ends a request that brings nothing for too long. The clock is the caller's, and every byte starts it anew. */
import type { Clock, Disposable } from '../base/index.js';

export interface IdleOptions {
  readonly idleMs: number;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
}

export class IdleGuard implements Disposable {
  /** Aborted when the time is up, and when the caller's signal is. */
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #options: IdleOptions;
  #timer: Disposable | undefined;

  constructor(options: IdleOptions) {
    this.#options = options;
    const own = this.#controller.signal;
    this.signal = options.signal ? AbortSignal.any([own, options.signal]) : own;
    this.restart();
  }

  get isUp(): boolean {
    return this.#controller.signal.aborted;
  }

  restart(): void {
    this.dispose();
    this.#timer = this.#options.clock.after(this.#options.idleMs, () => this.#controller.abort());
  }

  dispose(): void {
    void this.#timer?.dispose();
  }
}
