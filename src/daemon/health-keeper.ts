/**
 * Has the models of the pairs that are there tested, once for each version of a model, while the daemon has nothing else to do. An
 * image that comes meanwhile goes first: the test runs in a process of low priority, and no further one is begun.
 */
import { asCycleboxError, type CycleboxError, type Disposable, Emitter, type Event } from '../base/index.js';
import { availablePairs } from '../catalog/index.js';
import { type HealthEvent, testPairs } from '../health/index.js';
import type { ResolvedConfig } from './config/index.js';

type KeeperEvent = HealthEvent | { readonly type: 'warning'; readonly error: CycleboxError };

export interface HealthKeeperOptions {
  readonly resolved: () => ResolvedConfig;
  readonly isIdle: () => boolean;
  /** How long the daemon must have had nothing to do. */
  readonly restMs: number;
}

export class HealthKeeper implements Disposable {
  readonly #options: HealthKeeperOptions;
  readonly #events = new Emitter<KeeperEvent>();
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: HealthKeeperOptions) {
    this.#options = options;
  }

  readonly onEvent: Event<KeeperEvent> = this.#events.event;

  /** Pairs may have come or changed, or the daemon has become idle. */
  nudge(): void {
    clearTimeout(this.#timer);
    if (this.#stop.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#running = this.#running.then(() => this.#test());
    }, this.#options.restMs);
    this.#timer.unref();
  }

  async dispose(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stop.abort();
    await this.#running;
    this.#events.dispose();
  }

  /** Becoming idle nudges again. */
  async #test(): Promise<void> {
    const { resolved, isIdle } = this.#options;
    const { config, plugins } = resolved();
    for (const pair of availablePairs(plugins, config.disabledPairs).pairs) {
      if (!isIdle() || this.#stop.signal.aborted) return;
      try {
        await testPairs([pair], {
          state: config.state,
          modelStore: config.models,
          signal: this.#stop.signal,
          onTested: (translation, health) => this.#events.fire({ type: 'modelTested', translation, health }),
        });
      } catch (error) {
        if (!this.#stop.signal.aborted) this.#events.fire({ type: 'warning', error: asCycleboxError(error) });
        return;
      }
    }
  }
}
