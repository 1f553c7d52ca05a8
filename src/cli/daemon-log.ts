/**
 * The daemon's log: one record a job, as JSON lines by pino, or as readable lines when standard output is a terminal.
 * Records are made here from events; the daemon itself writes nothing.
 */
import { join } from 'node:path';
import { type DestinationStream, pino } from 'pino';
import type { CycleboxError } from '../base/index.js';
import type { Daemon, DaemonConfig, DaemonEvent, Route } from '../daemon/index.js';

export interface DaemonLog {
  readonly event: (event: DaemonEvent) => void;
  readonly workerOutput: (line: { readonly stream: string; readonly text: string }) => void;
  opened(daemon: Daemon, once: boolean): void;
  stopping(signal: string): void;
  finished(failures: Daemon['failures']): void;
}

export interface LogTarget {
  readonly isTerminal: boolean;
  write(text: string): void;
}

/** Written at once: what a killed daemon had to say is not lost in a buffer. */
const standardOutput: LogTarget = {
  isTerminal: process.stdout.isTTY === true,
  write: text => void process.stdout.write(text),
};

export function openDaemonLog(config: DaemonConfig, target: LogTarget = standardOutput): DaemonLog {
  const destination = target.isTerminal ? readable(target) : target;
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime, level: 'info' }, destination);
  let done = 0;
  return {
    event(event) {
      if (event.type === 'done') done++;
      logEvent(log, event, config);
    },
    workerOutput: ({ stream, text }) => log.debug({ stream }, text),
    opened(daemon, once) {
      logProblems(log, daemon);
      const ready = daemon.routes.filter(route => !route.problem);
      const { inbox, outbox } = config;
      const record = { inbox, outbox, routes: ready.map(({ match, key }) => ({ match, translation: key })) };
      const list = ready.map(describeRoute).join(', ') || 'no route works yet';
      log.info(record, `${once ? 'working through' : 'watching'} ${inbox}: ${list}`);
    },
    stopping: signal => log.info({ signal }, `${signal}: finishing the running image; once more to exit at once`),
    finished(failures) {
      log.info({ done, failed: failures.length }, `${done} done, ${failures.length} failed`);
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

function logEvent(log: pino.Logger, event: DaemonEvent, config: DaemonConfig): void {
  switch (event.type) {
    case 'done': {
      const { job, path, output, translation, ms, report } = event;
      const { width, height, bytes, tiles } = report;
      const record = {
        job,
        path,
        output: join(config.outbox, output),
        translation,
        ms: Math.round(ms),
        width,
        height,
        bytes,
        tiles,
      };
      const inTiles = tiles > 1 ? ` in ${tiles} tiles` : '';
      log.info(record, `${path} → ${record.output}  ${translation} ${width}×${height}${inTiles} ${record.ms} ms`);
      break;
    }
    case 'failed':
      log.error(failure(event), `${event.path}${event.earlier ? ' failed earlier' : ''}  ${event.error.toString()}`);
      break;
    case 'retrying':
      log.warn(failure(event), `${event.path} is tried again  ${event.error.toString()}`);
      break;
    case 'trouble':
      log.warn({ code: event.error.code }, event.error.toString());
      break;
    case 'seen':
    case 'started':
      log.debug(event, `${event.path} ${event.type}`);
      break;
    case 'idle':
      break;
    default:
      event satisfies never;
  }
}

function failure({ job, path, error }: { readonly job: string; readonly path: string; readonly error: CycleboxError }) {
  return { job, path, code: error.code };
}

function describeRoute({ match, from, to }: Route): string {
  return `${match} (${from ?? '?'} → ${to})`;
}

/** `12:34:56 level message`, from pino's own records. */
function readable(target: LogTarget): DestinationStream {
  const names: Readonly<Record<number, string>> = { 40: 'warning ', 50: 'error ', 60: 'error ' };
  return {
    write(record) {
      const { time, level, msg } = JSON.parse(record) as { time: string; level: number; msg: string };
      target.write(`${new Date(time).toTimeString().slice(0, 8)}  ${names[level] ?? ''}${msg}\n`);
    },
  };
}
