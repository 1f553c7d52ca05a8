/** The work of `cyclebox status`: what runs, what waits and what is amiss, for people or as one JSON document. */
import type { CycleboxError } from '../base/index.js';
import { type DaemonFacts, type DaemonStatus, findService, type WorkerFacts } from '../daemon/index.js';
import { printable } from './printable.js';
import { exitCodes, printError } from './report-error.js';

export interface ShowStatusOptions {
  readonly config: string;
  readonly json?: boolean;
}

/** @returns the exit code; 0 also where a daemon answers beside a configuration file that is broken by now */
export async function showStatus({ config, json }: ShowStatusOptions): Promise<number> {
  const { service, configFault } = await findService(config);
  try {
    const status = await service.status();
    process.stdout.write(`${json ? toJson(status, configFault) : toText(status)}\n`);
    if (configFault) printError(configFault);
    return exitCodes.ok;
  } finally {
    await service.dispose();
  }
}

function toJson(status: DaemonStatus, fault: CycleboxError | undefined): string {
  const configFault = fault && { code: fault.code, message: fault.message };
  return JSON.stringify({ isRunning: status.daemon !== undefined, ...status, configFault }, null, 2);
}

function toText(status: DaemonStatus): string {
  return [
    ...running(status.daemon),
    `inbox   ${status.inbox}${seeing(status)}`,
    `outbox  ${status.outbox}`,
    ...(status.daemon?.workers ?? []).map(worker),
    ...pause(status),
    `jobs    ${counts(status)}`,
    ...status.running.map(({ path, translation }) => printable(`        now ${path}  ${translation}`)),
    ...warnings(status),
  ].join('\n');
}

function running(daemon: DaemonFacts | undefined): string[] {
  if (!daemon) return ['no daemon is running: this is the state that the last one left'];
  const { pid, host, version, startedMs, done, failed } = daemon;
  const since = new Date(startedMs).toISOString();
  return [
    `cyclebox ${version} runs as process ${pid} on ${host} since ${since}: ${done} done, ${failed} failed since then`,
  ];
}

function seeing({ seeing }: DaemonStatus): string {
  if (!seeing) return '';
  if (!seeing.rootIsThere) return ' (gone: waiting for it to come back)';
  return seeing.mode === 'events' ? '' : ` (${seeing.mode})`;
}

function worker({ device, name, pid, source }: WorkerFacts): string {
  const process = pid === undefined ? 'no process yet' : `process ${pid}`;
  return printable(`device  ${device} (${name}): ${process}${source === undefined ? '' : `, at ${source}`}`);
}

function pause({ pause }: DaemonStatus): string[] {
  if (!pause) return [];
  const until = pause.by === 'user' ? 'until "cyclebox queue resume"' : 'until it works again';
  const reason = pause.reason === '' ? '' : `: ${pause.reason}`;
  return [`paused  since ${new Date(pause.sinceMs).toISOString()} ${until}${printable(reason)}`];
}

function counts({ counts }: DaemonStatus): string {
  const parts = Object.entries(counts).map(([state, count]) => `${count} ${state}`);
  return parts.join(', ') || 'none yet';
}

function warnings({ daemon, seeing, publishing }: DaemonStatus): string[] {
  const routes = daemon?.routes ?? [];
  return [
    ...(seeing?.degraded === undefined ? [] : [seeing.degraded]),
    ...(publishing?.warnings ?? []),
    ...(daemon?.passedOver ?? [])
      .filter(({ fault }) => fault !== false)
      .map(({ choice, reason }) => `${choice} is not used: ${reason}`),
    ...(daemon?.workers ?? []).flatMap(({ memory, refused }) => [...memory, ...refused]),
    ...(daemon?.configProblem === undefined ? [] : [`not applied: ${daemon.configProblem}`]),
    ...routes.flatMap(({ match, problem }) => (problem === undefined ? [] : [`route ${match}: ${problem}`])),
  ].map(warning => `warning ${warning}`);
}
