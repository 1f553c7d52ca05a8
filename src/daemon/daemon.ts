/**
 * Composition: configuration, plugins, inbox and compute worker become one running service. The only place that
 * wires; it knows no terminal and no network. What happens is told by events, which log, demo and dashboard share.
 */
import { mkdir, realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { CycleboxError, type Disposable, DisposableStore, type Event, type Listener } from '../base/index.js';
import { Inbox, type InboxEvent, type JobState, type Runner, type StandingFailure } from '../inbox/index.js';
import { loadPlugins } from '../plugins/index.js';
import type { OutputLine } from '../process/index.js';
import { type ComputeReport, ComputeWorker } from '../worker/index.js';
import type { DaemonConfig } from './config.js';
import { type Route, resolveRoutes, routerOf } from './routes.js';

export type DaemonEvent = InboxEvent;

export interface DaemonOptions {
  /** Called when everything is open and nothing has happened yet. */
  readonly onOpen?: ((daemon: Daemon) => void) | undefined;
  /** Hears every event from the first on; `Daemon.onEvent` only those after the start. */
  readonly onEvent?: Listener<DaemonEvent> | undefined;
  /** False: work through what is in the inbox, without watching it. Default true. */
  readonly watch?: boolean | undefined;
  /** What the compute worker writes to its output. */
  readonly onWorkerOutput?: ((line: OutputLine) => void) | undefined;
  /** Another worker's entry; for tests. */
  readonly workerEntry?: string | undefined;
}

export interface Daemon extends Disposable {
  readonly config: DaemonConfig;
  readonly routes: readonly Route[];
  /** Faults of plugins, found at start; `routes` have their own. What a fault does not concern works. */
  readonly problems: readonly CycleboxError[];
  readonly onEvent: Event<DaemonEvent>;
  /** True when nothing is settling, queued or running. */
  readonly isIdle: boolean;
  /** The compute worker's process, while there is one. */
  readonly workerPid: number | undefined;
  /** Files in the inbox that stand as failed, from this run or an earlier one. */
  readonly failures: readonly StandingFailure[];
  /** Jobs of the journal by state. */
  counts(): Readonly<Partial<Record<JobState, number>>>;
  whenIdle(): Promise<void>;
  /** Looks at the whole inbox now. */
  scan(): Promise<void>;
  /** Stops the intake, finishes the running jobs or, after `graceMs` (30 s), gives them back; then closes everything. */
  stop(graceMs?: number): Promise<void>;
}

/**
 * Resolves when the inbox is being watched and has been scanned once; jobs may be running by then.
 * @throws CONFIG_INVALID (folders that contain each other), STATE_LOCKED, JOURNAL_INVALID, WRITE_FAILED
 */
export async function startDaemon(config: DaemonConfig, options: DaemonOptions = {}): Promise<Daemon> {
  const opened = new DisposableStore();
  try {
    return await start(config, options, opened);
  } catch (error) {
    await opened.dispose();
    throw error;
  }
}

async function start(config: DaemonConfig, options: DaemonOptions, opened: DisposableStore): Promise<Daemon> {
  const catalog = await loadPlugins(config.plugins);
  const routes = await resolveRoutes(config.routes, catalog, config.models);
  await makeFolders(config, routes);
  const worker = opened.add(newWorker(config, options));
  const inbox = opened.add(await openInbox(config, options, routes, worker));
  if (options.onEvent) inbox.onEvent(options.onEvent);
  const daemon = toDaemon({ config, routes, problems: catalog.problems }, inbox, worker, opened);
  options.onOpen?.(daemon);
  await inbox.start();
  return daemon;
}

function toDaemon(
  facts: Pick<Daemon, 'config' | 'routes' | 'problems'>,
  inbox: Inbox,
  worker: ComputeWorker,
  opened: DisposableStore,
): Daemon {
  const stop = async (graceMs?: number) => {
    await inbox.stop(graceMs);
    await opened.dispose();
  };
  return {
    ...facts,
    onEvent: inbox.onEvent,
    get isIdle() {
      return inbox.isIdle;
    },
    get workerPid() {
      return worker.pid;
    },
    get failures() {
      return inbox.failures;
    },
    counts: () => inbox.counts(),
    whenIdle: () => inbox.whenIdle(),
    scan: () => inbox.scan(),
    stop,
    dispose: () => stop(),
  };
}

function newWorker(config: DaemonConfig, options: DaemonOptions): ComputeWorker {
  const { engine, threads, maxMegapixels } = config;
  return new ComputeWorker({
    settings: { engine, maxMegapixels, ...(threads !== undefined && { threads }) },
    onLine: options.onWorkerOutput,
    entry: options.workerEntry,
  });
}

function openInbox(
  config: DaemonConfig,
  options: DaemonOptions,
  routes: readonly Route[],
  worker: ComputeWorker,
): Promise<Inbox> {
  const { inbox, outbox, state, settleMs, rescanMs, jobTimeoutMs } = config;
  return Inbox.open({
    inbox,
    outbox,
    state,
    settleMs,
    rescanMs,
    jobTimeoutMs,
    watch: options.watch,
    route: routerOf(routes),
    runner: runnerOf(routes, worker),
  });
}

/** Joins the inbox, which knows translations by name, to the worker, which knows models by file. */
function runnerOf(routes: readonly Route[], worker: ComputeWorker): Runner {
  const models = new Map(routes.map(route => [route.key, route.model]));
  return {
    async run({ job, source, temporary, translation, signal, timeoutMs }): Promise<ComputeReport> {
      const model = models.get(translation.key);
      if (!model) throw new CycleboxError('MODEL_MISSING', `There is no model for ${translation.key}.`);
      return worker.run({ job, source, temporary, model, signal, timeoutMs });
    },
  };
}

async function makeFolders(config: DaemonConfig, routes: readonly Route[]): Promise<void> {
  const { inbox, outbox, state } = config;
  for (const folder of [inbox, outbox, state, ...routes.map(route => join(inbox, route.folder))]) {
    try {
      await mkdir(folder, { recursive: true });
    } catch (cause) {
      const message = `The folder ${folder} could not be made: ${(cause as Error).message}`;
      throw new CycleboxError('WRITE_FAILED', message, { subject: { file: folder }, cause });
    }
  }
  await requireApart('inbox', inbox, 'outbox', outbox);
  await requireApart('inbox', inbox, 'state', state);
}

/** An outbox inside the inbox would feed the daemon its own results. Links are looked through. */
async function requireApart(nameA: string, a: string, nameB: string, b: string): Promise<void> {
  const [realA, realB] = await Promise.all([realpath(a), realpath(b)]);
  if (!contains(realA, realB) && !contains(realB, realA)) return;
  const message = `${nameA} (${realA}) and ${nameB} (${realB}) must lie apart: neither may be inside the other.`;

  throw new CycleboxError('CONFIG_INVALID', message, { subject: { file: b } });
}

function contains(outer: string, inner: string): boolean {
  const way = relative(outer, inner);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !/^[a-z]:/i.test(way));
}
