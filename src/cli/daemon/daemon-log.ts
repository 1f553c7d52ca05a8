/**
 * The daemon's log: one record a job, as JSON lines by pino, or as readable lines when standard output is a terminal; and, where the
 * configuration names one, a file of JSON lines.
 * What is said of each event is the daemon's own words; the daemon itself writes nothing.
 */
import { type DestinationStream, pino } from 'pino';
import type { CycleboxError } from '../../base/index.js';
import {
  type Daemon,
  type DaemonConfig,
  type DaemonEvent,
  deviceWords,
  eventWords,
  type Route,
  type Said,
} from '../../daemon/index.js';
import { ProgressLine, printable } from '../terminal/index.js';
import { LogFile } from './log-file.js';
import type { LogLevel } from './log-level.js';
import { LogOutput } from './log-output.js';

export interface DaemonLog {
  readonly event: (event: DaemonEvent) => void;
  readonly workerOutput: (line: { readonly stream: string; readonly text: string }) => void;
  opened(daemon: Daemon, once: boolean): void;
  /** @param entrance the address that lets in: for the terminal alone, since others may read a log */
  dashboard(address: string, entrance: string): void;
  warning(error: CycleboxError): void;
  stopping(signal: string): void;
  stopped(): void;
  finished(failures: Daemon['failures']): void;
}

export interface LogTarget {
  readonly isTerminal: boolean;
  write(text: string): void;
}

const standardOutput = new LogOutput(process.stdout);

const standardTarget: LogTarget = {
  isTerminal: process.stdout.isTTY === true,
  write: text => standardOutput.write(text),
};

/** Files of logs that were opened. */
const files: LogFile[] = [];

/** Waits for the readers of the log, and its file, to take the last lines, a while. @returns whether they have taken them */
export async function logIsRead(withinMs: number): Promise<boolean> {
  const all = await Promise.all([standardOutput, ...files].map(output => output.settled(withinMs)));
  return all.every(Boolean);
}

export interface DaemonLogOptions {
  readonly level?: LogLevel;
  readonly target?: LogTarget;
}

export function openDaemonLog(
  config: DaemonConfig,
  { level = 'info', target = standardTarget }: DaemonLogOptions = {},
): DaemonLog {
  let remaining = () => 0;
  const progress = target.isTerminal ? newProgress(target, () => remaining()) : undefined;
  const shown = progress ? readable(text => progress.above(text)) : target;
  const onFault = (error: CycleboxError) => log.warn({ code: error.code }, error.toString());
  const file = config.logFile && new LogFile(config.logFile, { onFault });
  if (file) files.push(file);
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime, level }, both(shown, file));
  let done = 0;
  return {
    event(event) {
      if (event.type === 'done') done++;
      write(log, eventWords(event, config.outbox));
      progress?.event(event);
    },
    workerOutput: ({ stream, text }) => log.debug({ stream }, `worker: ${text}`),
    opened(daemon, once) {
      remaining = () => remainingOf(daemon);
      logProblems(log, daemon);
      const ready = daemon.routes.filter(route => !route.problem);
      const { inbox, outbox } = config;
      const record = { inbox, outbox, routes: ready.map(({ match, key }) => ({ match, translation: key })) };
      const list = ready.map(describeRoute).join(', ') || 'no route works yet';
      log.info(record, `${once ? 'working through' : 'watching'} ${inbox}: ${list}`);
      write(log, deviceWords(daemon.workers, daemon.skipped, false));
      const { queue } = config;
      if (queue) log.info({ queue: queue.name }, `the workers of the queue "${queue.name}" do the work`);
    },
    dashboard(address, entrance) {
      const how = target.isTerminal ? entrance : `${address} ("cyclebox open" lets you in)`;
      log.info({ address }, `dashboard: ${how}`);
    },
    warning: error => log.warn({ code: error.code }, error.toString()),
    stopping: signal => log.info({ signal }, `${signal}: finishing the running image; press again to exit at once`),
    stopped() {
      progress?.dispose();
      log.info('stopped');
    },
    finished(failures) {
      progress?.dispose();
      log.info({ done, failed: failures.length }, `${done} done, ${failures.length} failed`);
    },
  };
}

/** The log of a process that is no daemon: on a terminal in readable lines, else as JSON. */
export function openPlainLog(level: LogLevel, target: LogTarget = standardTarget): (lines: readonly Said[]) => void {
  const destination = target.isTerminal ? readable(text => target.write(text)) : target;
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime, level }, destination);
  return lines => write(log, lines);
}

function both(shown: DestinationStream, file: LogFile | undefined): DestinationStream {
  if (!file) return shown;
  return {
    write(record) {
      shown.write(record);
      file.write(record);
    },
  };
}

/** Missing models are the usual state of a new pair: one line for all of them, the whole story per dropped file. */
function logProblems(log: pino.Logger, { problems, routes }: Daemon): void {
  const faults = routes.flatMap(route => (route.problem ? [{ route, problem: route.problem }] : []));
  const isMissing = ({ problem }: { readonly problem: CycleboxError }) => problem.code === 'MODEL_MISSING';
  for (const error of problems) log.warn({ code: error.code }, error.toString());
  for (const { route, problem } of faults.filter(fault => !isMissing(fault))) {
    log.warn({ code: problem.code, match: route.match }, `route "${route.match}": ${problem.toString()}`);
  }
  const missing = faults.filter(isMissing).map(({ route }) => route.match);
  if (missing.length === 0) return;
  log.warn(
    { code: 'MODEL_MISSING', routes: missing },
    `no model yet for ${missing.join(', ')} ("cyclebox pairs" says more)`,
  );
}

function write(log: pino.Logger, lines: readonly Said[]): void {
  for (const { level, record, text } of lines) log[level](record, text);
}

function describeRoute({ match, from, to, router }: Route): string {
  if (router !== undefined) return `${match} (as the router ${router} chooses)`;
  return `${match} (${from ?? '?'} → ${to})`;
}

function newProgress(target: LogTarget, remaining: () => number): ProgressLine {
  return new ProgressLine({ write: text => target.write(text), remaining });
}

/** Jobs that wait or run; a journal that cannot be asked now has none. */
function remainingOf(daemon: Daemon): number {
  try {
    const { queued = 0, running = 0, publishing = 0 } = daemon.counts();
    return queued + running + publishing;
  } catch {
    return 0;
  }
}

/** `12:34:56 level message`, from pino's own records. */
function readable(write: (text: string) => void): DestinationStream {
  const names: Readonly<Record<number, string>> = { 20: 'debug ', 40: 'warning ', 50: 'error ', 60: 'error ' };
  return {
    write(record) {
      const { time, level, msg } = JSON.parse(record) as { time: string; level: number; msg: string };
      write(`${new Date(time).toTimeString().slice(0, 8)}  ${names[level] ?? ''}${printable(msg)}\n`);
    },
  };
}
