/** The work of `cyclebox start`: runs the daemon, logs its events, and ends on a signal or, with `--once`, when idle. */
import { type Daemon, loadConfig, startDaemon } from '../daemon/index.js';
import { type DaemonLog, openDaemonLog } from './daemon-log.js';
import { exitCodes } from './report-error.js';

export interface RunDaemonOptions {
  readonly config: string;
  readonly once?: boolean;
}

/** @returns the exit code */
export async function runDaemon({ config: file, once = false }: RunDaemonOptions): Promise<number> {
  const config = await loadConfig(file);
  const log = openDaemonLog(config);
  const stopping = stopOnSignal(log);
  try {
    const daemon = await startDaemon(config, {
      watch: !once,
      onOpen: daemon => log.opened(daemon, once),
      onEvent: log.event,
      onWorkerOutput: log.workerOutput,
    });
    await (once ? Promise.race([daemon.whenIdle(), stopping.requested]) : stopping.requested);
    return await finish(daemon, once, log);
  } finally {
    stopping.dispose();
  }
}

async function finish(daemon: Daemon, once: boolean, log: DaemonLog): Promise<number> {
  const failures = daemon.failures;
  const finished = once && daemon.isIdle;
  await daemon.stop();
  if (!finished) return exitCodes.ok;
  log.finished(failures);
  return failures.length > 0 ? exitCodes.failed : exitCodes.ok;
}

interface Stopping {
  readonly requested: Promise<void>;
  dispose(): void;
}

function stopOnSignal(log: DaemonLog): Stopping {
  const signals = ['SIGINT', 'SIGTERM'] as const;
  let request: () => void = () => {};
  const requested = new Promise<void>(resolve => {
    request = resolve;
  });
  let count = 0;
  const onSignal = (signal: NodeJS.Signals) => {
    if (++count > 1) process.exit(signal === 'SIGINT' ? 130 : 143);
    log.stopping(signal);
    request();
  };
  for (const signal of signals) process.on(signal, onSignal);
  return {
    requested,
    dispose() {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
