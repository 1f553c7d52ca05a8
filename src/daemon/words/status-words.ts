/** The lines of `cyclebox status`, for a terminal and for the dashboard alike. Names of files are as they are: who shows them makes them safe. */
import type { DaemonFacts, DaemonStatus } from '../control/index.js';
import type { WorkerFacts } from '../pool/index.js';

export function statusLines(status: DaemonStatus): readonly string[] {
  return [
    ...running(status.daemon),
    `inbox   ${status.inbox}${seeing(status)}`,
    `outbox  ${status.outbox}`,
    ...(status.daemon?.workers ?? []).map(worker),
    ...pause(status),
    `jobs    ${counts(status)}`,
    ...status.running.map(({ path, translation }) => `        now ${path}  ${translation}`),
    ...statusWarnings(status).map(warning => `warning ${warning}`),
  ];
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

function worker({ device, name, pid, source, progress }: WorkerFacts): string {
  const process = pid === undefined ? 'no process yet' : `process ${pid}`;
  const at = source === undefined ? '' : `, at ${source}`;
  const done = progress === undefined ? '' : `, ${Math.floor(progress * 100)} % of it`;
  return `device  ${device} (${name}): ${process}${at}${done}`;
}

const untilOf = {
  user: 'until "cyclebox queue resume"',
  environment: 'until it works again',
  schedule: 'until they end',
} as const;

function pause({ pause }: DaemonStatus): string[] {
  if (!pause) return [];
  const until = untilOf[pause.by];
  const reason = pause.reason === '' ? '' : `: ${pause.reason}`;
  return [`paused  since ${new Date(pause.sinceMs).toISOString()} ${until}${reason}`];
}

function counts({ counts }: DaemonStatus): string {
  const parts = Object.entries(counts).map(([state, count]) => `${count} ${state}`);
  return parts.join(', ') || 'none yet';
}

/** What is amiss, a sentence each. */
export function statusWarnings({ daemon, seeing, publishing }: DaemonStatus): readonly string[] {
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
  ];
}
