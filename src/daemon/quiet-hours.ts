/** Follows the quiet hours of the configuration: says when one begins and ends, within a minute also after the clock was set. */
import type { Clock, Disposable } from '../base/index.js';
import { quietAt, type ScheduleConfig } from './config/index.js';

export interface QuietHoursOptions {
  readonly schedule: () => ScheduleConfig | undefined;
  readonly clock: Clock;
  /** Told at the start, and of each change. @param reason for people; undefined: none are now */
  readonly onChange: (reason: string | undefined) => void;
}

const minuteMs = 60_000;

export class QuietHours implements Disposable {
  readonly #options: QuietHoursOptions;
  #timer: Disposable | undefined;
  #reason: string | undefined;

  constructor(options: QuietHoursOptions) {
    this.#options = options;
  }

  /** Looks now, and at every minute from now on; also to be called when the schedule is another. */
  look(): void {
    void this.#timer?.dispose();
    const { schedule, clock, onChange } = this.#options;
    const nowMs = clock.epochMs();
    const reason = reasonOf(schedule(), nowMs);
    this.#timer = clock.after(minuteMs - (nowMs % minuteMs), () => this.look());
    if (reason === this.#reason) return;
    this.#reason = reason;
    onChange(reason);
  }

  dispose(): void {
    void this.#timer?.dispose();
  }
}

function reasonOf(schedule: ScheduleConfig | undefined, nowMs: number): string | undefined {
  const window = schedule && quietAt(schedule, nowMs);
  return window && `quiet hours from ${window.from} to ${window.to} (${schedule.zone})`;
}
