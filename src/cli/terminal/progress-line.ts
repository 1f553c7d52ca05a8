/**
 * The last line of a terminal while a daemon works: `12/40  3.1 images/s  1 failed  9 s left`. Redrawn at most four
 * times a second and taken away when there is nothing to do; what is logged meanwhile goes above it.
 */
import { basename, posix } from 'node:path';
import { type Clock, type Disposable, systemClock } from '../../base/index.js';
import type { DaemonEvent } from '../../daemon/index.js';

export interface ProgressLineOptions {
  readonly write: (text: string) => void;
  /** Jobs that wait or run. */
  readonly remaining: () => number;
  readonly clock?: Clock | undefined;
}

const redrawMs = 250;
/** The rate is that of the last so many images: long enough to be steady, short enough to follow a change. */
const rateOver = 30;
const clearLine = '\r\u001b[2K';

export class ProgressLine implements Disposable {
  readonly #options: ProgressLineOptions;
  readonly #clock: Clock;
  /** When each of the last images was done, and when the work began. */
  #times: number[] = [];
  #done = 0;
  #failed = 0;
  /** As of the last redraw: counting a journal of many jobs is not for every line of the log. */
  #total = 0;
  #isPaused = false;
  /** By device: the image that it is at, where that takes several tiles, and how far it has come. */
  readonly #parts = new Map<string, string>();
  #isShown = false;
  #timer: Disposable | undefined;

  constructor(options: ProgressLineOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  event(event: DaemonEvent): void {
    switch (event.type) {
      case 'started':
        if (this.#times.length === 0) this.#times.push(this.#clock.monotonicMs());
        break;
      case 'done':
        this.#forget(event.path);
        this.#done++;
        this.#times = [...this.#times, this.#clock.monotonicMs()].slice(-rateOver - 1);
        break;
      case 'failed':
        this.#forget(event.path);
        if (!event.earlier) this.#failed++;
        break;
      case 'progress':
        this.#parts.set(event.device, `${basename(event.source)} ${Math.floor(event.fraction * 100)} %`);
        if (event.fraction >= 1) this.#parts.delete(event.device);
        break;
      case 'paused':
        this.#isPaused = true;
        break;
      case 'resumed':
        this.#isPaused = false;
        break;
      case 'idle':
        this.#rest();
        return;
      default:
    }
    this.#timer ??= this.#clock.after(redrawMs, () => this.#redraw());
  }

  /** Writes above the line. */
  above(text: string): void {
    this.#options.write(this.#isShown ? `${clearLine}${text}` : text);
    if (this.#isShown) this.#options.write(this.#text());
  }

  dispose(): void {
    void this.#timer?.dispose();
    this.#timer = undefined;
    if (this.#isShown) this.#options.write(clearLine);
    this.#isShown = false;
  }

  #forget(path: string): void {
    for (const [device, text] of this.#parts)
      if (text.startsWith(`${posix.basename(path)} `)) this.#parts.delete(device);
  }

  #redraw(): void {
    this.#timer = undefined;
    this.#total = this.#done + this.#failed + this.#options.remaining();
    this.#options.write(`${clearLine}${this.#text()}`);
    this.#isShown = true;
  }

  /** The next work is counted from nothing. */
  #rest(): void {
    this.dispose();
    this.#times = [];
    this.#done = 0;
    this.#failed = 0;
  }

  #text(): string {
    const ended = this.#done + this.#failed;
    const remaining = Math.max(0, this.#total - ended);
    const rate = this.#rate();
    return [
      `${ended}/${ended + remaining}`,
      ...this.#parts.values(),
      ...(rate > 0 ? [`${rate < 10 ? rate.toFixed(1) : Math.round(rate)} images/s`] : []),
      ...(this.#failed > 0 ? [`${this.#failed} failed`] : []),
      ...(this.#isPaused ? ['paused'] : rate > 0 && remaining > 0 ? [`${duration(remaining / rate)} left`] : []),
    ].join('  ');
  }

  /** Images per second. */
  #rate(): number {
    const [first, last] = [this.#times[0], this.#times.at(-1)];
    if (first === undefined || last === undefined || last <= first) return 0;
    return ((this.#times.length - 1) * 1000) / (last - first);
  }
}

/** `9 s`, `12 min`, `3 h 5 min` */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
