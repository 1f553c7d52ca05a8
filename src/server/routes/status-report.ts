/** The daemon's state as the pages show it: what `cyclebox status` says, what is amiss with its remedy, and the pace of the last minute. */
import type { Clock, Disposable } from '../../base/index.js';
import { type DaemonStatus, type LiveService, type Route, statusLines } from '../../daemon/index.js';
import type { DashboardStatus, JobRow, RouteStatus } from '../contract/index.js';
import { samplesByFolder, samplesFor } from './samples.js';

const paceMs = 60_000;

type Notice = DashboardStatus['notices'][number];

export class StatusReport implements Disposable {
  readonly #service: LiveService;
  readonly #clock: Clock;
  readonly #startMs: number;
  readonly #subscription: Disposable;
  /** Those of the package, looked for once. */
  #samples: Promise<ReadonlyMap<string, readonly string[]>> | undefined;
  /** When jobs were done, of the last minute. */
  #doneAtMs: number[] = [];

  constructor(service: LiveService, clock: Clock) {
    this.#service = service;
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
    this.#subscription = service.onEvent(({ type }) => {
      if (type === 'done') this.#countDone();
    });
  }

  async report(): Promise<DashboardStatus> {
    const status = await this.#service.status();
    this.#samples ??= samplesByFolder();
    const samples = await this.#samples;
    const { daemon, inbox, outbox, state, counts, pause, running, seeing } = status;
    if (!daemon) throw new Error('a service of no daemon');
    const { pid, host, version, startedMs, configFile, workers, done, failed } = daemon;
    return {
      ...{ version, pid, host, startedMs, inbox, outbox, state, counts, done, failed },
      ...(configFile !== undefined && { configFile }),
      ...(pause && { pause }),
      running: running as readonly JobRow[],
      workers: workers.map(({ device, name, pid, source, memory, refused }) => ({
        ...{ device, name, memory, refused },
        ...(pid !== undefined && { pid }),
        ...(source !== undefined && { source }),
      })),
      routes: this.#service.routes.map(route => routeStatus(route, samplesFor(route, samples).length)),
      notices: noticesOf(status),
      throughput: this.#throughput(counts['queued'] ?? 0),
      ...(seeing && { seeing: seeing.mode }),
      inboxIsThere: seeing?.rootIsThere ?? true,
      lines: statusLines(status),
    };
  }

  dispose(): void {
    void this.#subscription.dispose();
  }

  #countDone(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#doneAtMs.push(nowMs);
    if (this.#doneAtMs.length > 1000 && (this.#doneAtMs[0] ?? nowMs) < nowMs - paceMs) this.#forget(nowMs);
  }

  #forget(nowMs: number): void {
    this.#doneAtMs = this.#doneAtMs.filter(atMs => atMs >= nowMs - paceMs);
  }

  #throughput(waiting: number): DashboardStatus['throughput'] {
    const nowMs = this.#clock.monotonicMs();
    this.#forget(nowMs);
    const overMs = Math.min(paceMs, Math.max(1000, nowMs - this.#startMs));
    const donePerMinute = Math.round((this.#doneAtMs.length * 60_000 * 10) / overMs) / 10;
    if (donePerMinute === 0 || waiting === 0) return { donePerMinute };
    return { donePerMinute, remainingMs: Math.round((waiting / donePerMinute) * 60_000) };
  }
}

function routeStatus({ match, folder, key, pair, from, to, problem }: Route, samples: number): RouteStatus {
  return {
    ...{ match, folder, translation: key, pair, to, samples },
    ...(from !== undefined && { from }),
    ...(problem && { problem: problem.toString() }),
  };
}

function noticesOf({ daemon, pause, seeing, publishing, inbox }: DaemonStatus): readonly Notice[] {
  const notices: Notice[] = [];
  const add = (kind: string, severity: Notice['severity'], message: string, remedy?: string) =>
    notices.push({ kind, severity, message, ...(remedy !== undefined && { remedy }) });
  if (seeing && !seeing.rootIsThere)
    add(
      'inbox-gone',
      'error',
      `The inbox ${inbox} is gone.`,
      'Mount or make it again; its files are processed when it is back.',
    );
  // An inbox that is gone has been told of.
  if (pause?.by === 'environment' && !pause.reason.startsWith('INBOX_GONE'))
    add(
      'paused',
      'error',
      `Paused until it works again: ${pause.reason}`,
      'It is tried again by itself; mend the cause.',
    );
  if (pause?.by === 'schedule')
    add(
      'paused',
      'info',
      `Paused: ${pause.reason}.`,
      'It goes on by itself; "schedule" in the configuration says when.',
    );
  if (pause?.by === 'user')
    add(
      'paused',
      'warning',
      `Paused${pause.reason === '' ? '' : `: ${pause.reason}`}.`,
      'Resume, or "cyclebox queue resume".',
    );
  if (daemon?.configProblem !== undefined)
    add('config-refused', 'error', daemon.configProblem, 'Mend the file; the configuration from before is in force.');
  for (const { match, problem } of daemon?.routes ?? [])
    if (problem !== undefined)
      add(noModel(problem), 'warning', `Route "${match}": ${problem}`, trainOrInstall(problem));
  if (seeing?.degraded !== undefined) add('degraded', 'warning', seeing.degraded);
  for (const warning of publishing?.warnings ?? []) add('outbox', 'warning', warning);
  for (const { choice, reason, fault } of daemon?.passedOver ?? [])
    if (fault !== false) add('device', 'warning', `${choice} is not used: ${reason}`, '"cyclebox doctor" says more.');
  for (const { memory, refused } of daemon?.workers ?? [])
    for (const message of [...memory, ...refused]) add('device', 'info', message);
  return notices;
}

function noModel(problem: string): string {
  return problem.startsWith('MODEL_MISSING') ? 'no-model' : 'route';
}

function trainOrInstall(problem: string): string | undefined {
  return noModel(problem) === 'no-model' ? 'Train the pair, or put its model where the manifest says.' : undefined;
}
