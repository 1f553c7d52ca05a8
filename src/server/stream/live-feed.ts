/**
 * Turns what happens in the daemon into what the pages hear: rows of jobs that have changed, the status, lines of the log, trainings.
 * Gathered for some tens of milliseconds, and only while somebody listens: with no page open nothing here runs.
 *
 * The journal says which jobs have changed, by the time of their last change, so that none is forgotten for want of an event.
 */
import { type Clock, type Disposable, DisposableStore } from '../../base/index.js';
import type { LiveService, LogLine } from '../../daemon/index.js';
import type { ListedJob } from '../../inbox/index.js';
import type { DashboardStatus, JobRow, StreamEvent, TrainingRun } from '../contract/index.js';
import { StreamHub } from './stream-hub.js';

export interface LiveFeedOptions {
  readonly service: LiveService;
  readonly clock: Clock;
  readonly status: () => Promise<DashboardStatus>;
  readonly mostClients?: number;
  readonly mostUnreadBytes?: number;
  readonly heartbeatMs?: number;
}

/** From the first news to their sending. */
const gatherMs = 60;
/** The status at most so often; and so often it is looked at without news. */
const statusEveryMs = 1000;
const trainingEveryMs = 250;
/** More rows at once are not sent: lists are asked for anew. */
const mostRows = 200;
/** Lines of the log in one event, the latest. */
const mostLines = 200;
/** After the last listener has left: one that reloads comes back in time to get what it has missed. */
const lingerMs = 30_000;

export class LiveFeed implements Disposable {
  readonly hub: StreamHub;
  readonly #options: LiveFeedOptions;
  /** Everything that runs only while somebody listens. */
  #listening: DisposableStore | undefined;
  #linger: Disposable | undefined;
  #gathering: Disposable | undefined;
  #ticking: Disposable | undefined;
  #lines: LogLine[] = [];
  readonly #runs = new Map<string, TrainingRun>();
  #trainingTimer: Disposable | undefined;
  /** Jobs changed at this moment have been sent, those of `#atSince`; later ones have not. */
  #sinceMs = 0;
  #atSince: ReadonlyMap<string, string> = new Map();
  #statusAtMs = Number.NEGATIVE_INFINITY;
  #statusSent = '';
  #sending: Promise<void> = Promise.resolve();

  constructor(options: LiveFeedOptions) {
    this.#options = options;
    const { clock, mostClients, mostUnreadBytes, heartbeatMs } = options;
    const limits = {
      ...(mostClients !== undefined && { mostClients }),
      ...(mostUnreadBytes !== undefined && { mostUnreadBytes }),
      ...(heartbeatMs !== undefined && { heartbeatMs }),
    };
    this.hub = new StreamHub({ clock, snapshot: () => this.#snapshot(), ...limits });
    this.hub.onPopulation(count => this.#populationChanged(count));
  }

  /** Something was done by a request: its listeners hear of it without waiting for an event. */
  touch(): void {
    if (!this.#listening) return;
    this.#gathering ??= this.#options.clock.after(gatherMs, () => this.#flush());
  }

  async dispose(): Promise<void> {
    this.#stopListening();
    this.hub.dispose();
    await this.#sending;
  }

  async #snapshot(): Promise<StreamEvent> {
    const { service, status, clock } = this.#options;
    return { type: 'snapshot', atMs: clock.epochMs(), status: await status(), trainings: service.trainings.running };
  }

  #populationChanged(count: number): void {
    const { clock } = this.#options;
    if (count === 0) {
      this.#linger ??= clock.after(lingerMs, () => this.#stopListening());
      return;
    }
    void this.#linger?.dispose();
    this.#linger = undefined;
    if (!this.#listening) this.#startListening();
  }

  #startListening(): void {
    const { service, clock } = this.#options;
    const store = new DisposableStore();
    this.#listening = store;
    this.#sinceMs = clock.epochMs();
    this.#atSince = new Map();
    store.add(service.onEvent(() => this.touch()));
    store.add(service.log.onLine(line => this.#heardLine(line)));
    store.add(service.trainings.onEvent(({ run }) => this.#heardTraining(run)));
    this.#tick();
  }

  #stopListening(): void {
    for (const timer of [this.#linger, this.#gathering, this.#ticking, this.#trainingTimer]) void timer?.dispose();
    this.#linger = this.#gathering = this.#ticking = this.#trainingTimer = undefined;
    void this.#listening?.dispose();
    this.#listening = undefined;
    this.#lines = [];
    this.#runs.clear();
    this.#statusSent = '';
    this.hub.forget();
  }

  /** Some things happen without an event: a training's step, a pause that ends, a device that takes a job. */
  #tick(): void {
    this.touch();
    this.#ticking = this.#options.clock.after(statusEveryMs, () => this.#tick());
  }

  #heardLine(line: LogLine): void {
    if (line.level === 'debug') return;
    this.#lines.push(line);
    this.touch();
    if (this.#lines.length > 2 * mostLines) this.#lines = this.#lines.slice(-mostLines);
  }

  #heardTraining(run: TrainingRun): void {
    this.#runs.set(run.id, run);
    this.#trainingTimer ??= this.#options.clock.after(trainingEveryMs, () => this.#sendTrainings());
  }

  #sendTrainings(): void {
    this.#trainingTimer = undefined;
    const atMs = this.#options.clock.epochMs();
    for (const run of this.#runs.values()) this.#send({ type: 'training', atMs, run });
    this.#runs.clear();
  }

  #flush(): void {
    this.#gathering = undefined;
    if (!this.#listening) return;
    try {
      this.#sendJobs();
    } catch {
      // The journal cannot be read now, which the daemon says itself: the next look comes.
    }
    this.#sendLines();
    this.#sending = this.#sending.then(() => this.#sendStatus()).catch(() => {});
  }

  #sendJobs(): void {
    const { service, clock } = this.#options;
    const nowMs = clock.epochMs();
    // The clock was set back: what has changed cannot be told by it.
    const changed = nowMs < this.#sinceMs ? undefined : service.jobs.changedSince(this.#sinceMs, mostRows + 1);
    if (changed && changed.length <= mostRows) this.#sendRows(changed, nowMs);
    else this.#sendMany(nowMs);
  }

  #sendRows(changed: readonly ListedJob[], nowMs: number): void {
    const jobs: readonly JobRow[] = changed.filter(
      job => this.#atSince.get(job.id) !== JSON.stringify(job),
    ) as JobRow[];
    const last = changed.at(-1)?.updatedMs ?? this.#sinceMs;
    this.#sinceMs = last;
    this.#atSince = new Map(changed.filter(job => job.updatedMs === last).map(job => [job.id, JSON.stringify(job)]));
    if (jobs.length > 0) this.#send({ type: 'jobs', atMs: nowMs, jobs, many: false });
  }

  #sendMany(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#atSince = new Map();
    this.#send({ type: 'jobs', atMs: nowMs, jobs: [], many: true });
  }

  #sendLines(): void {
    if (this.#lines.length === 0) return;
    const records = this.#lines.slice(-mostLines);
    this.#lines = [];
    this.#send({ type: 'log', atMs: this.#options.clock.epochMs(), records });
  }

  async #sendStatus(): Promise<void> {
    const { clock, status } = this.#options;
    if (clock.monotonicMs() - this.#statusAtMs < statusEveryMs * 0.9) return;
    this.#statusAtMs = clock.monotonicMs();
    const now = await status();
    const text = JSON.stringify(now);
    if (!this.#listening || text === this.#statusSent) return;
    this.#statusSent = text;
    this.#send({ type: 'status', atMs: clock.epochMs(), status: now });
  }

  #send(event: StreamEvent): void {
    if (this.#listening) this.hub.send(event);
  }
}
