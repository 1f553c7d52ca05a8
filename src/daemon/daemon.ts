/**
 * Composition: configuration, plugins, inbox and compute worker become one running service. The only place that
 * wires; it knows no terminal and no network. What happens is told by events, which log, demo and dashboard share.
 */

import { hostname } from 'node:os';
import {
  asCycleboxError,
  type Clock,
  CycleboxError,
  type Disposable,
  DisposableStore,
  Emitter,
  type Event,
  type JobState,
  type Listener,
  packageVersion,
  systemClock,
} from '../base/index.js';
import type { DispatchEvent } from '../dispatch/index.js';
import type { SkippedDevice } from '../engine/index.js';
import {
  type CurrentFailure,
  Inbox,
  type InboxEvent,
  type InboxOptions,
  type Job,
  type Translation,
} from '../inbox/index.js';
import { leadsElsewhere } from '../picture/index.js';
import {
  disableForCrashes,
  type PluginEvent,
  type PluginHost,
  type PluginLimits,
  type PluginRegistry,
  type PluginSet,
} from '../plugin-host/index.js';
import type { OutputLine } from '../process/index.js';
import type { TrainingPluginPlaces } from '../training/index.js';
import {
  type Applied,
  checkFolders,
  type DaemonConfig,
  type LiveConfig,
  makeFolders,
  pluginOptionsOf,
  type QueueConfig,
  type ReloadOutcome,
  type ResolvedConfig,
  type Route,
  routeFolders,
  usePair,
} from './config/index.js';
import { connectControl, type DaemonFacts, serveControl } from './control/index.js';
import type { DaemonEvent } from './daemon-event.js';
import { type Execution, localExecution } from './execution.js';
import { HealthKeeper } from './health-keeper.js';
import type { LiveService } from './live-service.js';
import { localRunner, openTranslation } from './open-translation.js';
import { nameTemplateFor, withOutputNames } from './output-names.js';
import { runPluginCommand } from './plugins/index.js';
import type { ChooseDevices, ResolvedDevices, WorkerEvent, WorkerFacts } from './pool/index.js';
import { QuietHours } from './quiet-hours.js';
import { retryWhileLocked } from './retry-while-locked.js';
import { inboxChanges, inboxSettings, poolSettings } from './settings.js';
import { TrainingRuns } from './trainings/index.js';
import { EventLog, eventWords, trainingWords } from './words/index.js';

export interface DaemonOptions {
  /** Called when everything is open and nothing has happened yet. */
  readonly onOpen?: ((daemon: Daemon) => void) | undefined;
  /** Hears every event from the first on; `Daemon.onEvent` only those after the start. */
  readonly onEvent?: Listener<DaemonEvent> | undefined;
  /** False: work through what is in the inbox, without watching it. Default true. */
  readonly watch?: boolean | undefined;
  /** True: models that were not tested yet are, when there is nothing else to do. Default false. */
  readonly selfTest?: boolean | undefined;
  /** True: without coded plugins. */
  readonly safe?: boolean | undefined;
  /** How long nothing must have been done before models are tested, in ms; for tests. Default 5000. */
  readonly selfTestRestMs?: number | undefined;
  /** Other limits for plugins; for tests. */
  readonly pluginLimits?: PluginLimits | undefined;
  /** Names of plugins that a debugger can be attached to: they run without permissions and time limits. */
  readonly inspectPlugins?: readonly string[] | undefined;
  /** Where the configuration came from: its changes are taken over while the daemon runs. */
  readonly configFile?: string | undefined;
  /** What the compute worker writes to its output. */
  readonly onWorkerOutput?: ((line: OutputLine) => void) | undefined;
  /** Another worker's entry; for tests. */
  readonly workerEntry?: string | undefined;
  /** Tells quiet hours; for tests. */
  readonly clock?: Clock | undefined;
  /** Finds other devices than this machine has; for tests. */
  readonly chooseDevices?: ChooseDevices | undefined;
}

export interface Daemon extends Disposable {
  /** In force now. */
  readonly config: DaemonConfig;
  readonly routes: readonly Route[];
  /** Each with how it stands. */
  readonly plugins: PluginSet;
  /** Faults of plugins; `routes` have their own. What a fault does not concern works. */
  readonly problems: readonly CycleboxError[];
  readonly onEvent: Event<DaemonEvent>;
  /** True when nothing is settling, queued or running. */
  readonly isIdle: boolean;
  /** The compute workers, one for each device, and the devices that are not used. */
  readonly workers: readonly WorkerFacts[];
  readonly skipped: readonly SkippedDevice[];
  /** Files in the inbox that stand as failed, from this run or an earlier one. */
  readonly failures: readonly CurrentFailure[];
  /** What can be asked of it; the control socket offers the part that the command line needs. */
  readonly service: LiveService;
  /** Jobs of the journal by state. */
  counts(): Readonly<Partial<Record<JobState, number>>>;
  whenIdle(): Promise<void>;
  /** Looks at the whole inbox now. */
  scan(): Promise<void>;
  /** Reads the configuration file again and takes it over, as a whole or not at all. */
  reload(): Promise<ReloadOutcome>;
  /** Stops the intake, finishes the running jobs or, after `graceMs` (`stopTimeoutMs`), gives them back; then closes everything. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * Resolves when the inbox is being watched and has been scanned once; jobs may be running by then.
 * @throws CONFIG_INVALID (folders that contain each other), ENGINE_UNAVAILABLE (none of those that it names),
 * STATE_LOCKED, JOURNAL_INVALID, WRITE_FAILED
 */
export async function startDaemon(config: DaemonConfig, options: DaemonOptions = {}): Promise<Daemon> {
  const opened = new DisposableStore();
  try {
    const daemon = await openDaemon(config, options, opened);
    options.onOpen?.(daemon);
    await daemon.begin();
    return daemon;
  } catch (error) {
    await opened.dispose();
    throw error;
  }
}

async function openDaemon(
  config: DaemonConfig,
  options: DaemonOptions,
  opened: DisposableStore,
): Promise<RunningDaemon> {
  await checkFolders(config);
  const translation = await openTranslation(
    config,
    {
      ...options,
      pluginState: config.state,
      hasWorkers: config.queue === undefined,
      onResolved: resolved => makeFolders([config.inbox, config.outbox, config.state, ...routeFolders(resolved)]),
    },
    opened,
  );
  const { liveConfig, registry, plugins, workers } = translation;
  const execution = workers
    ? localExecution(workers, localRunner(translation, workers))
    : opened.add(
        (await import('./remote-execution.js')).remoteExecution(config.queue as QueueConfig, () => liveConfig.resolved),
      );
  const inbox = opened.add(
    await openInbox({
      ...inboxSettings(config),
      watch: options.watch,
      route: path => liveConfig.resolved.router(path),
      current: job => translationOf(liveConfig.resolved, job),
      concurrency: execution.size,
      runner: withOutputNames(execution.runner, () => liveConfig.resolved),
    }),
  );
  const trainings = opened.add(
    new TrainingRuns({
      config: () => liveConfig.resolved.config.trainings,
      plugins: () => pluginsForTrainings(liveConfig.resolved.config, options.safe ?? false),
      clock: systemClock,
    }),
  );
  const daemon = new RunningDaemon({
    ...{ liveConfig, registry, plugins, workers: execution, inbox, trainings, opened, options },
  });
  if (options.onEvent) daemon.onEvent(options.onEvent);
  await daemon.listen();
  return daemon;
}

/** With what plugins keep where the daemon's own have it. */
function pluginsForTrainings(config: DaemonConfig, safe: boolean): TrainingPluginPlaces {
  return { ...pluginOptionsOf(config, safe), settings: config.settings, stateFolder: config.state };
}

/** What a job's translation is now, at the scale that it was queued for if a route still asks for it; undefined when nothing does it. */
function translationOf(resolved: ResolvedConfig, job: Job): Translation | undefined {
  const { routes } = resolved;
  const { path, translation: key, version: queued } = job;
  const versions = routes.flatMap(route => (route.key === key && route.version !== undefined ? [route.version] : []));
  const version = versions.find(each => each === queued) ?? versions[0];
  if (version === undefined) return undefined;
  const template = nameTemplateFor(resolved, path, key);
  return { key, version, isElsewhere: template !== undefined && leadsElsewhere(template) };
}

/** @throws STATE_LOCKED at once where a daemon runs, else after some patience */
async function openInbox(options: InboxOptions): Promise<Inbox> {
  const isAnswered = async () => {
    const other = await connectControl(options.state);
    await other?.dispose();
    return other && true;
  };
  const result = await retryWhileLocked(() => Inbox.open(options), isAnswered);
  if ('opened' in result) return result.opened;
  throw result.locked;
}

/** A daemon that has just been started, or has just done something, may have more to do. */
const usualRestMs = 5000;

/** Keys by which a file that failed, or was passed over, may fare otherwise. */
const concernsFailures: ReadonlySet<string> = new Set([
  'routes',
  'plugins',
  'disabledPairs',
  'settings',
  'models',
  'ignore',
  'engine',
  'precision',
  'maxMegapixels',
]);

interface Parts {
  readonly liveConfig: LiveConfig<ResolvedDevices | undefined>;
  readonly registry: PluginRegistry;
  readonly plugins: PluginHost;
  readonly workers: Execution;
  readonly inbox: Inbox;
  readonly trainings: TrainingRuns;
  readonly opened: DisposableStore;
  readonly options: DaemonOptions;
}

class RunningDaemon implements Daemon {
  readonly #parts: Parts;
  readonly #events = new Emitter<DaemonEvent>();
  readonly #startedMs = Date.now();
  readonly #log = new EventLog();
  readonly #health: HealthKeeper;
  readonly #quietHours: QuietHours;
  readonly service: LiveService;
  #done = 0;
  #failed = 0;
  #stopping: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#health = this.#newHealthKeeper();
    this.#quietHours = this.#newQuietHours();
    this.service = this.#newService();
    this.onEvent(event => {
      for (const said of eventWords(event, this.config.outbox)) this.#log.add(said);
    });
    parts.trainings.onEvent(event => {
      for (const said of trainingWords(event)) this.#log.add(said);
    });
    parts.inbox.onEvent(event => this.#heard(event));
    parts.liveConfig.onApplied(applied => this.#takeOver(applied));
    parts.liveConfig.onEvent(event => this.#events.fire(event));
    parts.workers.onEvent(event => this.#heardWorkers(event));
    parts.plugins.onEvent(event => this.#heardPlugins(event));
  }

  readonly onEvent: Event<DaemonEvent> = this.#events.event;

  get config(): DaemonConfig {
    return this.#parts.liveConfig.resolved.config;
  }
  get routes(): readonly Route[] {
    return this.#parts.liveConfig.resolved.routes;
  }
  get plugins(): PluginSet {
    return this.#parts.registry.set;
  }
  get problems(): readonly CycleboxError[] {
    return this.#parts.liveConfig.resolved.problems;
  }
  get isIdle(): boolean {
    return this.#parts.inbox.isIdle;
  }
  get workers(): readonly WorkerFacts[] {
    return this.#parts.workers.facts();
  }
  get skipped(): readonly SkippedDevice[] {
    return this.#parts.workers.skipped;
  }
  get failures(): readonly CurrentFailure[] {
    return this.#parts.inbox.failures;
  }

  /** Without ears a daemon still does its work. */
  async listen(): Promise<void> {
    try {
      this.#parts.opened.add(await serveControl(this.config.state, this.service));
    } catch (error) {
      this.#warn(error);
    }
  }

  async begin(): Promise<void> {
    this.#parts.plugins.start();
    await this.#parts.workers.start();
    this.#lookForQuietHours();
    await this.#parts.inbox.start();
    if (this.#parts.options.watch !== false) this.#parts.liveConfig.watch();
    if (this.#parts.options.selfTest) this.#health.nudge();
  }

  counts(): Readonly<Partial<Record<JobState, number>>> {
    return this.#parts.inbox.counts();
  }
  whenIdle(): Promise<void> {
    return this.#parts.inbox.whenIdle();
  }
  scan(): Promise<void> {
    return this.#parts.inbox.scan();
  }
  reload(): Promise<ReloadOutcome> {
    return this.#parts.liveConfig.reload();
  }
  stop(graceMs = this.config.stopTimeoutMs): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }
  dispose(): Promise<void> {
    return this.stop();
  }

  async #stop(graceMs: number): Promise<void> {
    this.#parts.liveConfig.dispose();
    this.#quietHours.dispose();
    await this.#health.dispose();
    try {
      await this.#parts.inbox.stop(graceMs);
    } finally {
      await this.#parts.opened.dispose();
      this.#events.dispose();
    }
  }

  #heard(event: InboxEvent): void {
    if (event.type === 'done') this.#done++;
    if (event.type === 'failed' && !event.earlier) this.#failed++;
    this.#events.fire(event);
  }

  #newQuietHours(): QuietHours {
    return new QuietHours({
      schedule: () => this.config.schedule,
      clock: this.#parts.options.clock ?? systemClock,
      onChange: reason => this.#parts.inbox.pauseBySchedule(reason),
    });
  }

  /** Who has the inbox worked through once wants it now. */
  #lookForQuietHours(): void {
    if (this.#parts.options.watch !== false) this.#quietHours.look();
  }

  #newHealthKeeper(): HealthKeeper {
    const { inbox, liveConfig, options } = this.#parts;
    const isIdle = () => inbox.isIdle && inbox.pauseNow?.by !== 'schedule';
    const { selfTestRestMs: restMs = usualRestMs } = options;
    const keeper = new HealthKeeper({ resolved: () => liveConfig.resolved, isIdle, restMs });
    keeper.onEvent(event => this.#events.fire(event));
    const nudge = () => options.selfTest && keeper.nudge();
    liveConfig.onApplied(nudge);
    inbox.onEvent(({ type }) => type === 'idle' && nudge());
    return keeper;
  }

  #heardWorkers(event: WorkerEvent | DispatchEvent): void {
    if (event.type === 'devices' || event.type === 'capacity')
      this.#parts.inbox.apply({ concurrency: this.#parts.workers.size });
    this.#events.fire(event);
  }

  #heardPlugins(event: PluginEvent): void {
    this.#events.fire({ type: 'plugin', event });
    if (event.type !== 'state') return;
    const { plugin: name, state } = event;
    if (state.kind === 'disabledByCrashes') {
      const { crashes, sinceMs } = state;
      disableForCrashes(this.config.state, name, crashes, sinceMs).catch(error => this.#warn(error));
    }
    if (state.kind !== 'disabledByCrashes' && state.kind !== 'failed') return;
    if (this.config.onPluginFailure[name] === 'abort')
      this.#events.fire({ type: 'pluginAbort', plugin: name, text: event.text });
  }

  /** The new configuration is in force: the parts that keep settings of their own are told. */
  #takeOver({ keys, prepared: devices }: Applied<ResolvedDevices | undefined>): void {
    const { inbox, workers, plugins } = this.#parts;
    workers.configure(poolSettings(this.config), devices);
    plugins.configure(this.config.settings);
    inbox.apply(inboxChanges(this.config));
    if (keys.includes('schedule')) this.#lookForQuietHours();
    if (keys.length === 0 || keys.some(key => concernsFailures.has(key))) {
      inbox.reconsider().catch(error => this.#warn(error));
    }
  }

  #warn(error: unknown): void {
    this.#events.fire({ type: 'warning', error: asCycleboxError(error) });
  }

  async #usePair(run: string, match: string, to: string): Promise<string> {
    const { liveConfig, trainings } = this.#parts;
    const { file } = liveConfig;
    if (file === undefined) throw new CycleboxError('USAGE', 'The daemon was started without a configuration file.');
    const { folder, pair, domains } = await trainings.pluginOf(run);
    if (!domains.includes(to)) {
      const message = `The pair ${pair} has no domain "${to}": it has ${domains.join(' and ')}.`;
      throw new CycleboxError('DOMAIN_NOT_FOUND', message, { subject: { pair } });
    }
    const { config } = this;
    return usePair({ file, config, plugins: folder, pair, to, match }, () => liveConfig.reload());
  }

  #newService(): LiveService {
    const { inbox, liveConfig, registry, plugins, trainings } = this.#parts;
    const { inbox: from, outbox, state } = this.config;
    return {
      status: async () => ({ ...inbox.status(), daemon: this.#facts(), inbox: from, outbox, state }),
      list: async query => inbox.list(query),
      retry: async which => inbox.retry(which),
      cancel: async which => inbox.cancel(which),
      pause: async reason => inbox.pause(reason),
      resume: async () => inbox.resume(),
      purge: async which => inbox.purge(which),
      reload: () => liveConfig.reload(),
      get config() {
        return liveConfig.resolved.config;
      },
      get routes() {
        return liveConfig.resolved.routes;
      },
      jobs: inbox.lists,
      log: this.#log,
      onEvent: this.#events.event,
      deliveries: inbox.deliveries,
      change: (action, which) => inbox.change(action, which),
      get plugins() {
        return registry.set;
      },
      pluginFacts: () => plugins.facts(),
      runCommand: (id, words) => runPluginCommand(plugins, id, words),
      trainings,
      usePair: (run, match, to) => this.#usePair(run, match, to),
    };
  }

  #facts(): DaemonFacts {
    const { liveConfig, workers } = this.#parts;
    return {
      pid: process.pid,
      host: hostname(),
      version: packageVersion(),
      startedMs: this.#startedMs,
      configFile: liveConfig.file,
      configProblem: liveConfig.problem?.toString(),
      workers: workers.facts(),
      passedOver: workers.skipped,
      routes: this.routes.map(({ match, key, problem }) => ({
        match,
        translation: key,
        problem: problem?.toString(),
      })),
      plugins: this.#parts.plugins.facts(),
      done: this.#done,
      failed: this.#failed,
    };
  }
}
