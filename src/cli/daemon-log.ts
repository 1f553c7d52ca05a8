/**
 * The daemon's log: one record a job, as JSON lines by pino, or as readable lines when standard output is a terminal.
 * Records are made here from events; the daemon itself writes nothing.
 */
import { join } from 'node:path';
import { type DestinationStream, pino } from 'pino';
import type { CycleboxError } from '../base/index.js';
import type { Daemon, DaemonConfig, DaemonEvent, Route, WorkerEvent, WorkerFacts } from '../daemon/index.js';
import type { LogLevel } from './log-level.js';
import { LogOutput } from './log-output.js';
import { printable } from './printable.js';
import { ProgressLine } from './progress-line.js';

export interface DaemonLog {
  readonly event: (event: DaemonEvent) => void;
  readonly workerOutput: (line: { readonly stream: string; readonly text: string }) => void;
  opened(daemon: Daemon, once: boolean): void;
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

/** Waits for the reader of the log to take the last lines, a while. @returns whether it has taken them */
export function logIsRead(withinMs: number): Promise<boolean> {
  return standardOutput.settled(withinMs);
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
  const destination = progress ? readable(text => progress.above(text)) : target;
  const log = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime, level }, destination);
  let done = 0;
  return {
    event(event) {
      if (event.type === 'done') done++;
      logEvent(log, event, config);
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
      logDevices(log, daemon);
    },
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

function logPlugins(log: pino.Logger, event: Extract<DaemonEvent, { readonly type: 'pluginsChanged' }>): void {
  const { added, changed, removed, faults } = event;
  for (const error of faults) log.warn({ code: error.code, ...error.subject }, error.toString());
  const named = Object.entries({ added, changed, removed }).filter(([, names]) => names.length > 0);
  if (named.length === 0) return;
  log.info(
    { added, changed, removed },
    `plugins: ${named.map(([what, names]) => `${names.join(', ')} ${what}`).join('; ')}`,
  );
}

function logEvent(log: pino.Logger, event: DaemonEvent, config: DaemonConfig): void {
  switch (event.type) {
    case 'done': {
      const { job, path, output, translation, ms, report } = event;
      const { width, height, bytes, tiles, device, precision, scale, shownAs, notes = [] } = report;
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
        device,
        precision,
        scale,
        shownAs,
        ...(notes.length > 0 && { notes }),
      };
      const where = device === undefined || device === 'cpu' ? '' : ` on ${device}, ${precision}`;
      const inTiles = tiles > 1 ? ` in ${tiles} tiles` : '';
      const shown = scale === undefined || scale === 'native' ? '' : ` shown as ${shownAs?.width}×${shownAs?.height}`;
      const said = notes.length > 0 ? `; ${notes.join('; ')}` : '';
      log.info(
        record,
        `${path} → ${record.output}  ${translation} ${width}×${height}${shown}${inTiles} ${record.ms} ms${where}${said}`,
      );
      break;
    }
    case 'failed':
      log.error(failure(event), `${event.path}${howItFailed(event)}  ${event.error.toString()}`);
      break;
    case 'retrying':
      log.warn(failure(event), `${event.path} is tried again  ${event.error.toString()}`);
      break;
    case 'already-published': {
      const { job, path, output } = event;
      log.info({ job, path, output: join(config.outbox, output) }, `${path} was published before: ${output}`);
      break;
    }
    case 'name-taken': {
      const { job, path, output } = event;
      const text = `${path} was not published and stays where it is: ${output} is in the outbox already, and onCollision is "skip"`;
      log.warn({ job, path, output: join(config.outbox, output) }, text);
      break;
    }
    case 'cancelled':
      log.info({ job: event.job, path: event.path }, `${event.path} was cancelled`);
      break;
    case 'paused': {
      const { by, reason } = event;
      const until = by === 'user' ? 'until it is resumed' : 'until it works again';
      log.warn({ by, reason }, `paused ${until}${reason === '' ? '' : `: ${reason}`}`);
      break;
    }
    case 'resumed':
      log.info('resumed');
      break;
    case 'reloaded': {
      const what = event.keys.length > 0 ? event.keys.join(', ') : 'nothing differs from what was in force';
      log.info({ keys: event.keys }, `the changed configuration is in force: ${what}`);
      break;
    }
    case 'reloadRefused': {
      const { code, message } = event.error;
      log.error(
        { code },
        `the changed configuration was rejected, the old one stays in force: ${message.replaceAll('\n', '; ')}`,
      );
      break;
    }
    case 'pluginsChanged':
      logPlugins(log, event);
      break;
    case 'modelsChanged':
      log.info({ translations: event.translations }, `new models: ${event.translations.join(', ')}`);
      break;
    case 'devices':
    case 'memoryStep':
    case 'deviceFailed':
    case 'modelMoved':
      logWorkers(log, event);
      break;
    case 'warning':
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

interface Translating {
  readonly workers: readonly Pick<WorkerFacts, 'device' | 'name'>[];
  readonly skipped: Daemon['skipped'];
}

/** At the start, the CPU alone is the usual state, and no news; when devices have changed, it is. */
function logDevices(log: pino.Logger, { workers, skipped }: Translating, haveChanged = false): void {
  for (const { choice, reason, fault } of skipped) {
    // What `auto` found not to be there is no news either.
    const level = fault === false ? 'debug' : 'warn';
    log[level]({ device: choice, reason }, `${choice} is not used: ${reason}`);
  }
  const devices = workers.map(({ device, name }) => ({ device, name }));
  const text = `translating on ${devices.map(({ device, name }) => `${device} (${name})`).join(', ')}`;
  const isUsual = devices.length === 1 && devices[0]?.device === 'cpu';
  if (haveChanged || !isUsual) log.info({ devices }, text);
}

function logWorkers(log: pino.Logger, event: WorkerEvent): void {
  switch (event.type) {
    case 'devices': {
      const workers = event.devices.map(({ id, name }) => ({ device: id, name }));
      logDevices(log, { workers, skipped: event.skipped }, true);
      break;
    }
    case 'memoryStep': {
      const { device, kind, model, message } = event.step;
      log.warn({ code: 'OUT_OF_MEMORY', device, step: kind, model }, message);
      break;
    }
    case 'deviceFailed': {
      const { device, source, error } = event;
      log.warn(
        { code: error.code, device, source },
        `${device} failed at ${source}, its worker is restarted: ${error}`,
      );
      break;
    }
    case 'modelMoved': {
      const { device, model, reason } = event;
      log.warn(
        { device, model, reason },
        `${device} cannot run ${model}, which another device runs from now on: ${reason}`,
      );
      break;
    }
    default:
      event satisfies never;
  }
}

function failure({ job, path, error }: { readonly job: string; readonly path: string; readonly error: CycleboxError }) {
  return { job, path, code: error.code };
}

function howItFailed({ earlier, quarantined }: { readonly earlier: boolean; readonly quarantined: boolean }): string {
  if (earlier) return ' failed earlier';
  return quarantined ? ' is quarantined' : '';
}

function describeRoute({ match, from, to }: Route): string {
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
