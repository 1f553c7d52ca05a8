/**
 * Who does the work that the inbox hands out, as the daemon sees it: the workers of this machine, or those that Redis connects. The
 * one interface of the two, so that nothing else in the daemon asks which it is.
 */
import type { Disposable, Event } from '../base/index.js';
import type { DispatchEvent } from '../dispatch/index.js';
import type { SkippedDevice } from '../engine/index.js';
import type { Runner } from '../inbox/index.js';
import type { PoolSettings, ResolvedDevices, WorkerEvent, WorkerFacts, WorkerPool } from './pool/index.js';

export interface Execution extends Disposable {
  readonly runner: Runner;
  /** Jobs that may be out at a time. */
  readonly size: number;
  readonly skipped: readonly SkippedDevice[];
  readonly onEvent: Event<WorkerEvent | DispatchEvent>;
  facts(): readonly WorkerFacts[];
  configure(settings: PoolSettings, devices?: ResolvedDevices): void;
  /** To be called before the first job. @throws QUEUE_UNAVAILABLE, QUEUE_IN_USE */
  start(): Promise<void>;
}

export function localExecution(workers: WorkerPool, runner: Runner): Execution {
  return {
    runner,
    get size() {
      return workers.size;
    },
    get skipped() {
      return workers.skipped;
    },
    onEvent: workers.onEvent,
    facts: () => workers.facts(),
    configure: (settings, devices) => workers.configure(settings, devices),
    start: async () => {},
    dispose: () => workers.dispose(),
  };
}
