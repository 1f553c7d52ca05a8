/**
 * Whether jobs may start. Three can close it: the user, until told otherwise, the environment, until a probe
 * succeeds, and the schedule, until its quiet hours end. The pauses between probes grow, and start short again only after a job has succeeded: a probe can go well
 * where the work it stands for does not, as on a disk that is almost full.
 */
import { asCycleboxError, type Clock, type CycleboxError, type Disposable } from '../../base/index.js';
import { BackOff, type BackOffOptions } from '../../process/index.js';

/** Why the queue stands still. */
export interface QueuePause {
  /** `user`: until resumed, also over restarts. `environment`: until a probe succeeds. `schedule`: until quiet hours end. */
  readonly by: 'user' | 'environment' | 'schedule';
  readonly reason: string;
  /** Epoch. */
  readonly sinceMs: number;
}

export interface PauseGateOptions {
  readonly clock: Clock;
  readonly backOff?: BackOffOptions | undefined;
  readonly onPaused: (pause: QueuePause) => void;
  /** Jobs may start again. */
  readonly onResumed: () => void;
}

type Probe = () => Promise<void>;

export class PauseGate implements Disposable {
  readonly #options: PauseGateOptions;
  readonly #backOff: BackOff;
  #user: QueuePause | undefined;
  #environment: QueuePause | undefined;
  #schedule: QueuePause | undefined;
  #probe: Probe | undefined;
  #timer: Disposable | undefined;
  #isProbing = false;
  #disposed = false;

  constructor(options: PauseGateOptions) {
    this.#options = options;
    this.#backOff = new BackOff(options.backOff);
  }

  /** Why jobs may not start; undefined when they may. */
  get pause(): QueuePause | undefined {
    return this.#user ?? this.#environment ?? this.#schedule;
  }

  byUser(reason: string): void {
    if (this.#user) return;
    this.#user = this.#newPause('user', reason);
    this.#options.onPaused(this.#user);
  }

  /** Ends the user's pause; where the environment pauses too, looks at once whether it still has to. */
  resume(): void {
    const wasPaused = this.#user !== undefined;
    this.#user = undefined;
    if (this.#environment) void this.#look();
    else if (wasPaused && !this.#schedule) this.#options.onResumed();
  }

  /** Closes the gate for as long as there is a reason. @param reason undefined: quiet hours are over */
  bySchedule(reason: string | undefined): void {
    const before = this.#schedule;
    this.#schedule = reason === undefined ? undefined : this.#newPause('schedule', reason);
    if (this.#user || this.#environment) return;
    if (this.#schedule) this.#options.onPaused(this.#schedule);
    else if (before) this.#options.onResumed();
  }

  /** Closes the gate until `probe` resolves. While closed, further faults change nothing. */
  byEnvironment(error: CycleboxError, probe: Probe): void {
    if (this.#environment || this.#disposed) return;
    this.#environment = this.#newPause('environment', error.toString());
    this.#probe = probe;
    this.#options.onPaused(this.#environment);
    this.#wait();
  }

  /** What the environment's pause waits for may have come: looks at once. */
  lookNow(): void {
    if (this.#environment) void this.#look();
  }

  /** A job has succeeded. */
  succeeded(): void {
    this.#backOff.reset();
  }

  dispose(): void {
    this.#disposed = true;
    void this.#timer?.dispose();
  }

  #newPause(by: QueuePause['by'], reason: string): QueuePause {
    return { by, reason, sinceMs: Math.trunc(this.#options.clock.epochMs()) };
  }

  #wait(): void {
    void this.#timer?.dispose();
    if (!this.#disposed) this.#timer = this.#options.clock.after(this.#backOff.next(), () => void this.#look());
  }

  async #look(): Promise<void> {
    if (this.#isProbing) return;
    this.#isProbing = true;
    const error = await this.#tryProbe();
    this.#isProbing = false;
    if (this.#disposed || !this.#environment) return;
    if (error) {
      this.#environment = { ...this.#environment, reason: error.toString() };
      this.#wait();
      return;
    }
    void this.#timer?.dispose();
    this.#environment = undefined;
    if (!this.#user && !this.#schedule) this.#options.onResumed();
  }

  async #tryProbe(): Promise<CycleboxError | undefined> {
    try {
      await this.#probe?.();
      return undefined;
    } catch (error) {
      return asCycleboxError(error);
    }
  }
}
