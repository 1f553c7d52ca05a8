/**
 * One child that is started when first needed and again after it has died, with growing pauses between deaths in a
 * row. It never repeats a call: a caller whose call died with the process learns so, and decides.
 */
import { type Clock, CycleboxError, type Disposable, Emitter, type Event, systemClock } from '../base/index.js';
import { BackOff, type BackOffOptions } from './back-off.js';
import { Child, type ChildExit, type ChildOptions } from './child.js';
import type { NoMethods } from './protocol.js';

export interface SupervisorOptions {
  readonly backOff?: BackOffOptions | undefined;
  /** A child that lived this long resets the pauses. Default 60 000. */
  readonly stableAfterMs?: number | undefined;
}

export class Supervisor<Remote, Local = NoMethods> implements Disposable {
  readonly #options: ChildOptions<Local>;
  readonly #backOff: BackOff;
  readonly #clock: Clock;
  readonly #stableAfterMs: number;
  readonly #exits = new Emitter<ChildExit>();
  #current: Promise<Child<Remote, Local>> | undefined;
  #running: Child<Remote, Local> | undefined;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #endWait: (() => void) | undefined;
  /** Ends the start that is under way. */
  #starting = new AbortController();
  #disposed = false;

  constructor(options: ChildOptions<Local>, supervision: SupervisorOptions = {}) {
    this.#options = options;
    this.#backOff = new BackOff(supervision.backOff);
    this.#stableAfterMs = supervision.stableAfterMs ?? 60_000;
    this.#clock = options.clock ?? systemClock;
  }

  /** Every end of a child, wanted or not. */
  readonly onExit: Event<ChildExit> = this.#exits.event;

  /** The process id of the running child; undefined while there is none. */
  get pid(): number | undefined {
    return this.#running?.pid;
  }

  /** The running child, started if need be, after the pause that earlier deaths call for. */
  child(): Promise<Child<Remote, Local>> {
    if (this.#disposed) return Promise.reject(this.#ended());
    this.#current ??= this.#start();
    return this.#current;
  }

  /** Kills the running child, if there is one; the next `child()` starts another. */
  async kill(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    this.#starting.abort();
    const child = await current?.catch(() => undefined);
    await child?.kill();
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.#endWait?.();
    this.#starting.abort();
    const child = await this.#current?.catch(() => undefined);
    await child?.dispose();
    this.#exits.dispose();
  }

  async #start(): Promise<Child<Remote, Local>> {
    await this.#pause(this.#notBeforeMs - this.#clock.monotonicMs());
    if (this.#disposed) throw this.#ended();
    this.#starting = new AbortController();
    try {
      const child = await Child.start<Remote, Local>(this.#options, this.#starting.signal);
      this.#watch(child, this.#clock.monotonicMs());
      return child;
    } catch (error) {
      this.#current = undefined;
      this.#failed();
      throw error;
    }
  }

  #watch(child: Child<Remote, Local>, startedMs: number): void {
    const self = this.#current;
    this.#running = child;
    void child.exited.then(exit => {
      if (this.#current === self) this.#current = undefined;
      if (this.#running === child) this.#running = undefined;
      if (this.#clock.monotonicMs() - startedMs >= this.#stableAfterMs) this.#backOff.reset();
      if (!exit.expected) this.#failed();
      this.#exits.fire(exit);
    });
  }

  #failed(): void {
    this.#notBeforeMs = this.#clock.monotonicMs() + this.#backOff.next();
  }

  #ended(): CycleboxError {
    return new CycleboxError('CANCELLED', `the ${this.#options.name} is shutting down`);
  }

  #pause(ms: number): Promise<void> {
    if (!(ms > 0)) return Promise.resolve();
    return new Promise(resolve => {
      const timer = this.#clock.after(ms, resolve);
      this.#endWait = () => {
        void timer.dispose();
        resolve();
      };
    });
  }
}
