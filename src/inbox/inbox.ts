/**
 * The durable inbox: sees files, waits until they have settled, writes them into the journal as jobs, has each run
 * and publishes the result. Events of the file system are hints; the scan is the truth; the journal is the memory.
 *
 * At least once executed, exactly once visible. No input is ever written to, moved or deleted.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  asCycleboxError,
  type Clock,
  type CycleboxError,
  type Disposable,
  DisposableStore,
  Emitter,
  type Event,
  faultPoint,
  systemClock,
} from '../base/index.js';
import { FolderWatcher } from './folder-watcher.js';
import { type InboxOptions, ownFailures, type StandingFailure } from './inbox-options.js';
import { JobLine } from './job-line.js';
import { type Job, type JobState, Journal } from './journal.js';
import { isJunk } from './junk.js';
import { scanFolder } from './scan.js';
import { type SettledFile, SettleGate } from './settle-gate.js';
import { identify, type SourceIdentity } from './source-file.js';
import { lockStateFolder } from './state-lock.js';
import type { InboxEvent, RelativePath } from './types.js';

export class Inbox implements Disposable {
  readonly #options: InboxOptions;
  readonly #clock: Clock;
  readonly #opened = new DisposableStore();
  readonly #events = new Emitter<InboxEvent>();
  readonly #journal: Journal;
  readonly #gate: SettleGate;
  readonly #line: JobLine;
  /** Failures of files that are in the inbox now. */
  readonly #standing = new Map<RelativePath, StandingFailure>();
  #looking = 0;
  #scanning: Promise<void> | undefined;
  #rescanTimer: Disposable | undefined;
  #wasIdle = false;
  #stopping: Promise<void> | undefined;

  private constructor(options: InboxOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#opened.add(lockStateFolder(options.state));
    this.#journal = this.#opened.add(new Journal(join(options.state, 'journal.sqlite'), this.#clock));
    this.#gate = this.#opened.add(
      new SettleGate({
        settleMs: options.settleMs ?? 1000,
        identify: path => identify(join(options.inbox, path)),
        clock: this.#clock,
      }),
    );
    this.#line = this.#newLine();
    this.#gate.onSettled(files => this.#guarded(() => this.#accept(files)));
  }

  /**
   * Opens the inbox and recovers what an earlier process left; sees and does nothing before `start`.
   * @throws STATE_LOCKED, JOURNAL_INVALID, or what the file system says of the folders
   */
  static async open(options: InboxOptions): Promise<Inbox> {
    for (const folder of [options.inbox, options.outbox, options.state]) await mkdir(folder, { recursive: true });
    const inbox = new Inbox(options);
    try {
      await inbox.#line.recover();
      inbox.#journal.reconsider(ownFailures);
    } catch (error) {
      await inbox.#opened.dispose();
      throw error;
    }
    return inbox;
  }

  readonly onEvent: Event<InboxEvent> = this.#events.event;

  /** True when nothing is being looked at, settling, queued or running. */
  get isIdle(): boolean {
    return !this.#scanning && this.#looking === 0 && this.#gate.size === 0 && this.#line.isEmpty;
  }

  /** The files in the inbox that stand as failed, from this run or an earlier one. */
  get failures(): readonly StandingFailure[] {
    return [...this.#standing.values()];
  }

  counts(): Readonly<Partial<Record<JobState, number>>> {
    return this.#journal.counts();
  }

  /** Starts watching and scanning; resolves when the first scan has ended and, if watching, the watcher is armed. */
  async start(): Promise<void> {
    const armed = this.#options.watch === false ? undefined : this.#watch();
    this.#line.pump();
    await this.scan();
    await armed;
  }

  /** Looks at every file in the inbox; one scan at a time. */
  scan(): Promise<void> {
    this.#scanning ??= this.#scan().finally(() => {
      this.#scanning = undefined;
      this.#scheduleRescan();
      this.#progress();
    });
    return this.#scanning;
  }

  /** Resolves at once when idle, else at the next `idle` event. */
  whenIdle(): Promise<void> {
    if (this.isIdle) return Promise.resolve();
    return new Promise(resolve => {
      const subscription = this.onEvent(event => {
        if (event.type !== 'idle') return;
        void subscription.dispose();
        resolve();
      });
    });
  }

  pause(): void {
    this.#line.pause();
  }

  resume(): void {
    this.#line.resume();
  }

  /** Stops the intake, finishes running jobs or gives them back after `graceMs`, and closes everything. */
  stop(graceMs = 30_000): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  dispose(): Promise<void> {
    return this.stop();
  }

  async #stop(graceMs: number): Promise<void> {
    void this.#rescanTimer?.dispose();
    this.#gate.dispose();
    await this.#line.stop(graceMs);
    await this.#scanning;
    await this.#opened.dispose();
    this.#events.dispose();
  }

  get #isStopped(): boolean {
    return this.#stopping !== undefined;
  }

  #newLine(): JobLine {
    const { inbox, outbox, route, runner, concurrency = 1, maxAttempts = 2, jobTimeoutMs = 600_000 } = this.#options;
    return new JobLine({
      inbox,
      outbox,
      route,
      runner,
      concurrency,
      maxAttempts,
      jobTimeoutMs,
      journal: this.#journal,
      emit: event => this.#emit(event),
      onChanged: path => void this.#look(path),
      onProgress: () => this.#progress(),
    });
  }

  async #watch(): Promise<void> {
    const watcher = this.#opened.add(new FolderWatcher(this.#options.inbox));
    watcher.onHint(path => void this.#look(path));
    let isTroubled = false;
    watcher.onTrouble(error => {
      // An exhausted watcher stumbles over every file: said once, since from then on the scans have to do.
      if (!isTroubled) this.#emit({ type: 'trouble', error });
      isTroubled = true;
    });
    await watcher.ready;
  }

  async #scan(): Promise<void> {
    const gone = new Set(this.#standing.keys());
    const onUnreadable = (folder: RelativePath, cause: unknown) => {
      const file = join(this.#options.inbox, folder);
      this.#emit({ type: 'trouble', error: asCycleboxError(cause, { file }, 'FILE_UNREADABLE') });
    };
    for await (const batch of scanFolder(this.#options.inbox, onUnreadable)) {
      if (this.#isStopped) return;
      for (const path of batch) gone.delete(path);
      await Promise.all(batch.map(path => this.#look(path)));
    }
    for (const path of gone) this.#standing.delete(path);
  }

  #scheduleRescan(): void {
    void this.#rescanTimer?.dispose();
    if (this.#isStopped || this.#options.watch === false) return;
    this.#rescanTimer = this.#clock.after(this.#options.rescanMs ?? 60_000, () => void this.scan());
  }

  /** What a path is now, whoever pointed at it: everything that enters comes through here. */
  async #look(path: RelativePath): Promise<void> {
    if (this.#isStopped || path.split('/').some(isJunk)) return;
    this.#looking++;
    try {
      const identity = await identify(join(this.#options.inbox, path));
      if (this.#isStopped) return;
      if (identity === undefined) this.#gone(path);
      else this.#consider(path, identity);
    } catch (error) {
      this.#emit({ type: 'trouble', error: asCycleboxError(error, { file: join(this.#options.inbox, path) }) });
    } finally {
      this.#looking--;
      this.#progress();
    }
  }

  #gone(path: RelativePath): void {
    this.#gate.drop(path);
    this.#standing.delete(path);
  }

  #consider(path: RelativePath, identity: SourceIdentity): void {
    const routing = this.#options.route(path);
    const known = this.#journal.find(path, identity, routing.kind === 'translate' ? routing.translation.key : '');
    if (!known) {
      this.#gate.offer(path, identity);
      return;
    }
    switch (known.state) {
      case 'seen':
      case 'settling':
      case 'skipped':
        this.#gate.offer(path, identity);
        break;
      case 'failed':
      case 'quarantined':
        this.#standsAsFailed(known);
        break;
      case 'queued':
      case 'running':
      case 'publishing':
      case 'done':
        break;
      default:
        known.state satisfies never;
    }
  }

  #standsAsFailed(job: Job): void {
    if (!job.error || this.#standing.has(job.path)) return;
    this.#emit({ type: 'failed', job: job.id, path: job.path, error: job.error, earlier: true });
  }

  #accept(files: readonly SettledFile[]): void {
    const jobs = files.flatMap(file => {
      const routing = this.#options.route(file.path);
      if (routing.kind === 'translate') return [{ ...file, translation: routing.translation }];
      this.#refuse(file, routing.error);
      return [];
    });
    const queued = jobs.length > 0 ? this.#journal.enqueue(jobs) : [];
    if (queued.length > 0) faultPoint('seen');
    for (const { id, path, translation } of queued) this.#emit({ type: 'seen', job: id, path, translation });
    this.#line.pump();
    this.#progress();
  }

  /** What fails here (the journal, on a full disk) is said; the files come again with the next scan. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#emit({ type: 'trouble', error: asCycleboxError(error) });
    }
  }

  #refuse(file: SettledFile, error: CycleboxError): void {
    const { id } = this.#journal.refuse(file, error);
    this.#emit({ type: 'failed', job: id, path: file.path, error, earlier: false });
  }

  #emit(event: InboxEvent): void {
    if (event.type === 'failed') this.#standing.set(event.path, { path: event.path, error: event.error });
    if (event.type === 'seen' || event.type === 'done') this.#standing.delete(event.path);
    this.#events.fire(event);
  }

  #progress(): void {
    if (this.#isStopped) return;
    const isIdle = this.isIdle;
    if (isIdle && !this.#wasIdle) this.#emit({ type: 'idle' });
    this.#wasIdle = isIdle;
  }
}
