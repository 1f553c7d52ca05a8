/**
 * How long `--once` waits for an outbox that cannot be written: a daemon waits for ever, but whoever works through a folder
 * waits for an end. It counts from the first failed writing after the last that went well, and knows no exit codes.
 */
import type { Clock, Disposable } from '../../base/index.js';
import type { DaemonEvent } from '../../daemon/index.js';

const patienceMs = 60_000;

export class WritePatience implements Disposable {
  readonly #clock: Clock;
  #timer: Disposable | undefined;
  #give: () => void = () => {};
  #isExhausted = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when nothing could be written for a minute. */
  readonly exhausted = new Promise<void>(resolve => {
    this.#give = resolve;
  });

  get isExhausted(): boolean {
    return this.#isExhausted;
  }

  event(event: DaemonEvent): void {
    if (event.type === 'done') this.dispose();
    else if (concernsWriting(event)) this.#timer ??= this.#clock.after(patienceMs, () => this.#end());
  }

  dispose(): void {
    void this.#timer?.dispose();
    this.#timer = undefined;
  }

  #end(): void {
    this.#isExhausted = true;
    this.#give();
  }
}

function concernsWriting(event: DaemonEvent): boolean {
  if (event.type === 'retrying') return event.error.code === 'WRITE_FAILED';
  return event.type === 'paused' && event.by === 'environment' && event.reason.startsWith('WRITE_FAILED');
}
