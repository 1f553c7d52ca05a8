/**
 * When a plugin's process has crashed, and what follows: a pause before the next start, or, after three crashes within five
 * minutes, none at all. Pure judgement over times; whoever waits does so on its own clock.
 */

export interface CrashPolicy {
  /** Pauses after the first crash, the second …; the last holds for all further ones. */
  readonly pausesMs: readonly number[];
  /** So many crashes within the window end it. */
  readonly crashes: number;
  readonly windowMs: number;
}

export const crashPolicy: CrashPolicy = { pausesMs: [1000, 5000, 30_000], crashes: 3, windowMs: 300_000 };

export type CrashVerdict =
  | { readonly kind: 'again'; readonly crashes: number; readonly pauseMs: number }
  | { readonly kind: 'stop'; readonly crashes: number };

export class CrashRecord {
  readonly #policy: CrashPolicy;
  #timesMs: readonly number[] = [];
  /** Without a process in between that lived as long as the window. */
  #inRow = 0;

  constructor(policy: CrashPolicy = crashPolicy) {
    this.#policy = policy;
  }

  /** Counts a crash. @param nowMs monotonic @param livedMs how long the process had run */
  crashed(nowMs: number, livedMs: number): CrashVerdict {
    const { windowMs, crashes: most, pausesMs } = this.#policy;
    this.#timesMs = [...this.#timesMs.filter(timeMs => nowMs - timeMs < windowMs), nowMs];
    this.#inRow = livedMs >= windowMs ? 1 : this.#inRow + 1;
    const crashes = this.#timesMs.length;
    if (crashes >= most) return { kind: 'stop', crashes };
    return { kind: 'again', crashes, pauseMs: pausesMs[Math.min(this.#inRow, pausesMs.length) - 1] ?? 0 };
  }

  forget(): void {
    this.#timesMs = [];
    this.#inRow = 0;
  }
}
