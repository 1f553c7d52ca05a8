/** Says when nothing has been at work for a while. */
import type { Clock, Disposable } from '../../base/index.js';

export class IdleTimer implements Disposable {
  readonly #clock: Clock;
  readonly #afterMs: number;
  readonly #onIdle: () => void;
  readonly #waiting: (() => void)[] = [];
  #atWork = 0;
  #timer: Disposable | undefined;
  #disposed = false;

  constructor(clock: Clock, afterMs: number, onIdle: () => void) {
    this.#clock = clock;
    this.#afterMs = afterMs;
    this.#onIdle = onIdle;
  }

  get isBusy(): boolean {
    return this.#atWork > 0;
  }

  /** Resolves when nothing is at work. */
  whenFree(): Promise<void> {
    if (!this.isBusy) return Promise.resolve();
    return new Promise(resolve => this.#waiting.push(resolve));
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    void this.#timer?.dispose();
    this.#atWork++;
    try {
      return await work();
    } finally {
      this.#atWork--;
      if (!this.isBusy) this.#rest();
    }
  }

  #rest(): void {
    for (const tell of this.#waiting.splice(0)) tell();
    if (!this.#disposed) this.#timer = this.#clock.after(this.#afterMs, this.#onIdle);
  }

  dispose(): void {
    this.#disposed = true;
    void this.#timer?.dispose();
  }
}
