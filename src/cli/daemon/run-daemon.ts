/** The work of `cyclebox start`: runs the daemon, logs its events, and ends on a signal or, with `--once`, when idle. */
import { asCycleboxError, type Disposable, DisposableStore, systemClock } from '../../base/index.js';
import { type Daemon, type DashboardConfig, loadConfig, startDaemon } from '../../daemon/index.js';
import { exitCodes, stopOnSignal } from '../terminal/index.js';
import { type DaemonLog, openDaemonLog } from './daemon-log.js';
import { logLevel } from './log-level.js';
import { WritePatience } from './write-patience.js';

export interface RunDaemonOptions {
  readonly config: string;
  readonly once?: boolean;
  readonly verbose?: boolean;
  /** False: without its page. */
  readonly dashboard?: boolean;
  /** Without plugins that have code. */
  readonly safe?: boolean;
  /** Plugins that a debugger can be attached to. */
  readonly inspectPlugin?: readonly string[];
}

/** @returns the exit code */
export async function runDaemon({
  config: file,
  once = false,
  verbose,
  dashboard = true,
  safe,
  inspectPlugin: inspectPlugins,
}: RunDaemonOptions): Promise<number> {
  const level = logLevel({ verbose });
  const config = await loadConfig(file);
  const log = openDaemonLog(config, { level });
  const stopping = stopOnSignal(log.stopping);
  const patience = new WritePatience(systemClock);
  let isAborted = false;
  let abort = () => {};
  const aborted = new Promise<void>(resolve => {
    abort = resolve;
  });
  let daemon: Daemon | undefined;
  let page: Promise<Disposable | undefined> | undefined;
  const onOpen = (opened: Daemon) => {
    daemon = opened;
    log.opened(opened, once);
    page = openServers(opened, log, dashboard && !once);
  };
  const started = startDaemon(config, {
    watch: !once,
    selfTest: !once,
    configFile: file,
    safe,
    inspectPlugins,
    onOpen,
    onEvent: event => {
      log.event(event);
      if (once) patience.event(event);
      if (event.type === 'pluginAbort') {
        isAborted = true;
        abort();
      }
    },
    onWorkerOutput: log.workerOutput,
  });
  try {
    // A signal counts while the first scan of a large inbox is still under way, too.
    await Promise.race([started, stopping.requested, patience.exhausted, aborted]);
    daemon ??= await started;
    const ends = [stopping.requested, aborted, ...(once ? [daemon.whenIdle(), patience.exhausted] : [])];
    await Promise.race(ends);
    await (await page)?.dispose();
    const isCut = stopping.isRequested || patience.isExhausted || isAborted;
    const code = await finish(daemon, once && !isCut, log);
    if (isAborted) return exitCodes.failed;
    return patience.isExhausted && !stopping.isRequested ? exitCodes.unwritable : code;
  } finally {
    patience.dispose();
    await (await page)?.dispose();
    await started.catch(() => {});
    stopping.dispose();
  }
}

/** The page and the webhooks, as far as they are wanted. Never rejects: without them a daemon does its work all the same. */
async function openServers(daemon: Daemon, log: DaemonLog, hasPage: boolean): Promise<Disposable> {
  const opened = new DisposableStore();
  const { webhooks, dashboard } = daemon.config;
  if (webhooks.length > 0) await openWebhooks(daemon, log, opened);
  const page = hasPage && dashboard ? await showDashboard(daemon, dashboard, log) : undefined;
  if (page) opened.add(page);
  return opened;
}

async function openWebhooks({ service }: Daemon, log: DaemonLog, opened: DisposableStore): Promise<void> {
  try {
    const { Webhooks } = await import('../../server/index.js');
    opened.add(new Webhooks({ service, clock: systemClock }));
  } catch (error) {
    log.warning(asCycleboxError(error));
  }
}

async function showDashboard(
  { service }: Daemon,
  config: DashboardConfig,
  log: DaemonLog,
): Promise<Disposable | undefined> {
  const { openDashboard } = await import('../../server/index.js');
  try {
    const onDefect = (error: unknown) => log.warning(asCycleboxError(error));
    const opened = await openDashboard({ service, config, onDefect });
    log.dashboard(opened.address, opened.entrance);
    return opened;
  } catch (error) {
    log.warning(asCycleboxError(error));
    return undefined;
  }
}

/** @param isComplete whether all that was in the inbox has been worked through */
async function finish(daemon: Daemon, isComplete: boolean, log: DaemonLog): Promise<number> {
  const failures = daemon.failures;
  await daemon.stop();
  if (!isComplete) {
    log.stopped();
    return exitCodes.ok;
  }
  log.finished(failures);
  return failures.length > 0 ? exitCodes.failed : exitCodes.ok;
}
