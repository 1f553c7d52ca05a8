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
import { FolderWatcher, type WatchStatus } from './folder-watcher.js';
import { type InboxOptions, ownFailures, type StandingFailure } from './inbox-options.js';
import { JobLine } from './job-line.js';
import { type Job, type JobState, Journal } from './journal.js';
import { ignoring } from './junk.js';
import { type SettledFile, SettleGate } from './settle-gate.js';
import { identify } from './source-file.js';
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
  readonly #watcher: FolderWatcher;
  /** Standing failures that the scan under way has not come across. */
  #unseen: Set<RelativePath> | undefined;
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
        decodeGraceMs: options.decodeGraceMs,
        identify: path => identify(join(options.inbox, path)),
        clock: this.#clock,
      }),
    );
    this.#line = this.#newLine();
    this.#watcher = this.#opened.add(this.#newWatcher());
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
    return !this.#watcher.isBusy && this.#gate.size === 0 && this.#line.isEmpty;
  }

  /** The files in the inbox that stand as failed, from this run or an earlier one. */
  get failures(): readonly StandingFailure[] {
    return [...this.#standing.values()];
  }

  counts(): Readonly<Partial<Record<JobState, number>>> {
    return this.#journal.counts();
  }

  /** How files are noticed now. */
  get seeing(): WatchStatus {
    return this.#watcher.status;
  }

  /** Starts watching and scanning; resolves when the first scan has ended and, if watching, the watcher is armed. */
  async start(): Promise<void> {
    this.#line.pump();
    await this.#watcher.start();
  }

  /** Looks at every file in the inbox; one scan at a time. */
  scan(): Promise<void> {
    return this.#watcher.scan();
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
    this.#gate.dispose();
    await this.#watcher.dispose();
    await this.#line.stop(graceMs);
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
      onChanged: path => this.#watcher.look(path),
      onProgress: () => this.#progress(),
    });
  }

  #newWatcher(): FolderWatcher {
    const { inbox: root, ignore, rescanMs, pollMs, watch = true, polling = false, watchBackend } = this.#options;
    const watcher = new FolderWatcher({
      root,
      mode: !watch ? 'scans' : polling ? 'polling' : 'events',
      isIgnored: ignoring(ignore),
      rescanMs,
      pollMs,
      clock: this.#clock,
      backend: watchBackend,
      onFiles: files => this.#consider(files),
      onMissing: paths => this.#missing(paths),
      onScan: () => this.#noteStanding(),
      onProgress: () => this.#progress(),
    });
    watcher.onTrouble(error => this.#emit({ type: 'trouble', error }));
    return watcher;
  }

  /** Called when a scan begins; what it returns, when it has seen everything: failures of what it has not seen stand no longer. */
  #noteStanding(): () => void {
    const unseen = new Set(this.#standing.keys());
    this.#unseen = unseen;
    return () => {
      for (const path of unseen) this.#standing.delete(path);
    };
  }

  #missing(paths: readonly RelativePath[]): void {
    for (const path of paths) {
      this.#gate.drop(path);
      this.#standing.delete(path);
    }
  }

  /** Files that are in the inbox now, whoever pointed at them: everything that enters comes through here. */
  #consider(files: readonly SettledFile[]): void {
    if (this.#isStopped) return;
    for (const { path, identity } of files) {
      this.#unseen?.delete(path);
      const routing = this.#options.route(path);
      const known = this.#journal.find(path, identity, routing.kind === 'translate' ? routing.translation.key : '');
      if (!known || isOpen.has(known.state)) this.#gate.offer(path, identity);
      else if (known.state === 'failed' || known.state === 'quarantined') this.#standsAsFailed(known);
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

/** States of a job whose file has still to settle. */
const isOpen: ReadonlySet<JobState> = new Set<JobState>(['seen', 'settling', 'skipped']);
