/**
 * The last line of a terminal while a file is fetched: `43 % of 117 MB  5.2 MB/s  13 s left`. Redrawn at most four times
 * a second; on anything but a terminal, nothing but what goes above the line.
 */
import { type Clock, type Disposable, systemClock } from '../../base/index.js';
import type { DownloadProgress } from '../../download/index.js';
import { duration } from './progress-line.js';

const redrawMs = 250;
const clearLine = '\r\u001b[2K';

export class DownloadLine implements Disposable {
  readonly #stream: NodeJS.WriteStream;
  readonly #clock: Clock;
  #begun: { readonly atMs: number; readonly bytes: number } | undefined;
  #drawnAtMs = Number.NEGATIVE_INFINITY;
  #isShown = false;

  constructor(stream: NodeJS.WriteStream = process.stderr, clock: Clock = systemClock) {
    this.#stream = stream;
    this.#clock = clock;
  }

  progress(progress: DownloadProgress): void {
    const nowMs = this.#clock.monotonicMs();
    this.#begun ??= { atMs: nowMs, bytes: progress.receivedBytes };
    if (!this.#stream.isTTY || nowMs - this.#drawnAtMs < redrawMs) return;
    this.#drawnAtMs = nowMs;
    this.#isShown = true;
    this.#stream.write(`${clearLine}${describeProgress(progress, this.#rate(progress, nowMs))}`);
  }

  /** Writes above the line. */
  above(text: string): void {
    this.dispose();
    this.#stream.write(text);
  }

  dispose(): void {
    if (this.#isShown) this.#stream.write(clearLine);
    this.#isShown = false;
  }

  /** Bytes per second since the first progress. */
  #rate({ receivedBytes }: DownloadProgress, nowMs: number): number {
    const { atMs, bytes } = this.#begun!;
    return nowMs > atMs ? ((receivedBytes - bytes) * 1000) / (nowMs - atMs) : 0;
  }
}

/** @param rate bytes per second, 0 where it is not known yet */
export function describeProgress({ receivedBytes, totalBytes }: DownloadProgress, rate: number): string {
  const done =
    totalBytes === undefined
      ? megabytes(receivedBytes)
      : `${Math.floor((100 * receivedBytes) / totalBytes)} % of ${megabytes(totalBytes)}`;
  if (rate <= 0) return done;
  const left = totalBytes === undefined ? '' : `  ${duration((totalBytes - receivedBytes) / rate)} left`;
  return `${done}  ${megabytes(rate)}/s${left}`;
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
