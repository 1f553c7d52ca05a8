/**
 * A worker on its own: it has the daemon's configuration, plugins, models and devices, and no inbox. What it is to do, a daemon on
 * another machine tells it through Redis; this is the process that answers, apart from those that compute.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CycleboxError,
  type Disposable,
  DisposableStore,
  Emitter,
  type Event,
  type Listener,
  toDisposable,
} from '../base/index.js';
import { type FetchedModel, type Served, type ServeEvent, serveJobs, type WorkerFeatures } from '../dispatch/index.js';
import type { OutputLine } from '../process/index.js';
import type { DaemonConfig, ResolvedConfig } from './config/index.js';
import { modelSupply, storeOf } from './model-supply.js';
import { localRunner, type OpenedTranslation, openTranslation } from './open-translation.js';
import type { ChooseDevices, WorkerEvent, WorkerFacts, WorkerPool } from './pool/index.js';
import { poolSettings } from './settings.js';

export type ServingEvent =
  | ServeEvent
  | WorkerEvent
  /** A model that this machine lacked has come. */
  | { readonly type: 'modelFetched'; readonly model: FetchedModel };

export interface ServingOptions {
  readonly configFile?: string | undefined;
  readonly safe?: boolean | undefined;
  readonly onEvent?: Listener<ServingEvent> | undefined;
  readonly onWorkerOutput?: ((line: OutputLine) => void) | undefined;
  /** Another worker's entry; for tests. */
  readonly workerEntry?: string | undefined;
  /** Finds other devices than this machine has; for tests. */
  readonly chooseDevices?: ChooseDevices | undefined;
}

export interface ServingWorker extends Disposable {
  readonly id: string;
  readonly devices: readonly WorkerFacts[];
  /** Also those whose models have to be fetched. */
  readonly translations: WorkerFeatures['translations'];
  readonly onEvent: Event<ServingEvent>;
  /** Takes nothing more, and finishes what runs, or gives it back after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
}

/** @throws CONFIG_INVALID without a queue, FILE_NOT_FOUND (a folder that is not mounted), ENGINE_UNAVAILABLE, QUEUE_UNAVAILABLE, STORE_UNAVAILABLE */
export async function serveWorker(config: DaemonConfig, options: ServingOptions = {}): Promise<ServingWorker> {
  const { queue } = config;
  if (!queue) {
    const message =
      'A worker needs a "queue" with the "backend" "bullmq": without one, "cyclebox start" does the work.';
    throw new CycleboxError('CONFIG_INVALID', message);
  }
  const opened = new DisposableStore();
  try {
    const store = opened.add(storeOf(config));
    await store.check();
    const pluginState = await mkdtemp(join(tmpdir(), 'cyclebox-worker-'));
    opened.add(toDisposable(() => rm(pluginState, { recursive: true, force: true })));
    const translation = await openTranslation(config, { ...options, pluginState, hasWorkers: true }, opened);
    const workers = translation.workers as WorkerPool;
    const fetched = new Emitter<FetchedModel>();
    const supply = modelSupply(
      config,
      store,
      () => translation.liveConfig.resolved.models,
      model => fetched.fire(model),
    );
    const served = await serveJobs({
      ...queue,
      runner: localRunner(translation, workers, supply),
      store,
      describe: () => featuresOf(translation.liveConfig.resolved, workers),
    });
    return new Serving(translation, workers, served, fetched, opened, options);
  } catch (error) {
    await opened.dispose();
    throw error;
  }
}

class Serving implements ServingWorker {
  readonly #translation: OpenedTranslation;
  readonly #workers: WorkerPool;
  readonly #served: Served;
  readonly #opened: DisposableStore;
  readonly #events = new Emitter<ServingEvent>();
  #stopping: Promise<void> | undefined;

  constructor(
    translation: OpenedTranslation,
    workers: WorkerPool,
    served: Served,
    fetched: Emitter<FetchedModel>,
    opened: DisposableStore,
    { onEvent }: ServingOptions,
  ) {
    this.#translation = translation;
    this.#workers = workers;
    this.#served = served;
    this.#opened = opened;
    if (onEvent) this.onEvent(onEvent);
    const { liveConfig, plugins } = translation;
    served.onEvent(event => this.#events.fire(event));
    fetched.event(model => this.#events.fire({ type: 'modelFetched', model }));
    workers.onEvent(event => {
      if (event.type === 'devices') served.announce();
      this.#events.fire(event);
    });
    liveConfig.onApplied(({ prepared }) => {
      const { config } = liveConfig.resolved;
      workers.configure(poolSettings(config), prepared);
      plugins.configure(config.settings);
      served.announce();
    });
    plugins.start();
    liveConfig.watch();
  }

  readonly onEvent: Event<ServingEvent> = this.#events.event;

  get id(): string {
    return this.#served.id;
  }
  get devices(): readonly WorkerFacts[] {
    return this.#workers.facts();
  }
  get translations(): WorkerFeatures['translations'] {
    const { translations, fetchable } = featuresOf(this.#translation.liveConfig.resolved, this.#workers);
    const lacking = fetchable.filter(({ key }) => !translations.some(one => one.key === key));
    return [...translations, ...lacking];
  }

  stop(graceMs = this.#translation.liveConfig.resolved.config.stopTimeoutMs): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  dispose(): Promise<void> {
    return this.stop();
  }

  async #stop(graceMs: number): Promise<void> {
    this.#translation.liveConfig.dispose();
    try {
      await this.#served.stop(graceMs);
    } finally {
      await this.#opened.dispose();
      this.#events.dispose();
    }
  }
}

function featuresOf({ routes }: ResolvedConfig, workers: WorkerPool): WorkerFeatures {
  const facts = workers.facts();
  return {
    slots: workers.size,
    translations: routes.flatMap(({ key, version }) => (version === undefined ? [] : [{ key, version }])),
    fetchable: routes.flatMap(({ key, anyVersion }) =>
      anyVersion === undefined ? [] : [{ key, version: anyVersion }],
    ),
    loaded: [...new Set(facts.flatMap(({ models }) => models))],
    devices: facts,
  };
}
