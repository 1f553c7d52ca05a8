/**
 * The durable inbox: sees files, waits until they have settled, writes them into the journal as jobs, has each run
 * and publishes the result. Events of the file system are hints; the scan is the truth; the journal is the memory.
 *
 * At least once executed, exactly once visible. No input is ever written to; only what the source policy says moves or
 * deletes one, and only after its output is published.
 */

import { mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import {
  asCycleboxError,
  type Clock,
  type CycleboxError,
  type Disposable,
  DisposableStore,
  Emitter,
  type Event,
  endedStates,
  type FileIdentity,
  type JobState,
  type ReadContent,
  type RelativePath,
  systemClock,
} from '../base/index.js';
import { ChangeJobs, type JobAction, type JobSelection, type JobsChange } from './change-jobs.js';
import { ContentCheck } from './content-check.js';
import { CurrentFailures } from './current-failures.js';
import { FailedList } from './failed-list.js';
import type { InboxEvent } from './inbox-event.js';
import {
  type CurrentFailure,
  type InboxChanges,
  type InboxOptions,
  ownFailures,
  type ResolvedInboxOptions,
  resolveInboxOptions,
} from './inbox-options.js';
import { Intake } from './intake.js';
import { type JobLists, openJobLists } from './job-lists.js';
import { JobScheduler, type QueuePause, SidecarCarrier } from './jobs/index.js';
import {
  type Deliveries,
  forgetGone,
  type Job,
  type Journal,
  lockStateFolder,
  type OpenedJournal,
  openJournal,
  type Translation,
} from './journal/index.js';
import { openPublisher, type Publisher } from './publish/index.js';
import { type LiveQueue, QueueControl } from './queue-control.js';
import type { QueueEntry } from './queue-entry.js';
import type {
  CancelSelection,
  PurgeSelection,
  QueueChange,
  QueueQuery,
  QueueService,
  QueueStatus,
  RetrySelection,
} from './queue-service.js';
import type { RoutedFile } from './routing.js';
import { Triage } from './triage.js';
import { FileProbe, FolderWatcher, type FoundFile, ignoring, SettleGate, type WatchStatus } from './watch/index.js';

const dayMs = 86_400_000;

const movePatienceMs = 2000;

/** What `Inbox.open` opens before there is an inbox. */
interface Opened extends OpenedJournal {
  readonly store: DisposableStore;
  readonly publisher: Publisher;
}

export class Inbox implements QueueService, Disposable {
  #options: ResolvedInboxOptions;
  readonly #clock: Clock;
  readonly #opened: DisposableStore;
  readonly #events = new Emitter<InboxEvent>();
  readonly #journal: Journal;
  readonly #damage: CycleboxError | undefined;
  readonly #publisher: Publisher;
  readonly #control: QueueControl;
  readonly #changeJobs: ChangeJobs;
  /** For looking at jobs, of whichever number. */
  readonly lists: JobLists;
  readonly #failedList: FailedList;
  readonly #fileProbe = new FileProbe();
  readonly #triage: Triage;
  readonly #gate: SettleGate<RoutedFile>;
  readonly #intake: Intake;
  readonly #line: JobScheduler;
  /** Undefined where they stay where they are. */
  readonly #sidecars: SidecarCarrier | undefined;
  readonly #contentCheck: ContentCheck;
  readonly #currentFailures = new CurrentFailures(
    () => this.#failedList.touch(),
    paths => this.#guarded(() => this.#journal.filesGone(paths)),
  );
  readonly #watcher: FolderWatcher;
  #isIgnored: (path: RelativePath) => boolean;
  #forgetTimer: Disposable | undefined;
  #forgetting: Promise<void> | undefined;
  /** Sources of jobs that were done before. */
  readonly #moving = new Set<Promise<void>>();
  #wasIdle = false;
  #stopping: Promise<void> | undefined;

  private constructor(options: ResolvedInboxOptions, { store, journal, damage, publisher }: Opened) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#opened = store;
    this.#journal = journal;
    this.#damage = damage;
    this.#publisher = publisher;
    this.#triage = this.#newTriage();
    this.#gate = this.#opened.add(
      new SettleGate<RoutedFile>({
        settleMs: options.settleMs,
        decodeGraceMs: options.decodeGraceMs,
        identify: path => this.#identify(path),
        clock: this.#clock,
      }),
    );
    this.#intake = new Intake(journal);
    this.#sidecars = this.#newSidecars();
    this.#line = this.#newLine();
    this.#contentCheck = this.#newContentCheck();
    this.#isIgnored = ignoring(options.ignore);
    this.#watcher = this.#opened.add(this.#newWatcher());
    const live = this.#newLive();
    const route = (path: RelativePath) => this.#options.route(path);
    this.#control = new QueueControl({ journal, inbox: options.inbox, route, clock: this.#clock, live });
    this.#changeJobs = new ChangeJobs({ journal, route, live });
    this.lists = openJobLists(journal);
    this.#failedList = this.#opened.add(this.#newFailedList());
    this.#gate.onSettled(files => this.#guarded(() => this.#ingest(files)));
  }

  /**
   * Opens the inbox and recovers what an earlier process left; sees and does nothing before `start`.
   * @throws STATE_LOCKED, JOURNAL_INVALID, or what the file system says of the folders
   */
  static async open(given: InboxOptions): Promise<Inbox> {
    const resolved = resolveInboxOptions(given);
    for (const folder of [resolved.inbox, resolved.outbox, resolved.state]) await mkdir(folder, { recursive: true });
    // A link is not watched, what it leads to is.
    const options = { ...resolved, inbox: await realpath(resolved.inbox) };
    const store = new DisposableStore();
    try {
      const inbox = new Inbox(options, await openParts(options, store));
      await inbox.#recover();
      return inbox;
    } catch (error) {
      await store.dispose();
      throw error;
    }
  }

  readonly onEvent: Event<InboxEvent> = this.#events.event;

  /** True when nothing is being looked at, settling, queued or running. */
  get isIdle(): boolean {
    return !this.#watcher.isBusy && !this.#contentCheck.isBusy && this.#gate.size === 0 && this.#line.isEmpty;
  }

  /** The files in the inbox that stand as failed, from this run or an earlier one. */
  get failures(): readonly CurrentFailure[] {
    return [...this.#currentFailures.values()];
  }

  status(): QueueStatus {
    const { counts, ...rest } = this.#control.status();
    const settling = this.#gate.size > 0 ? { settling: this.#gate.size } : {};
    return {
      counts: { ...counts, ...settling, ...this.#withoutJob(counts.failed) },
      ...rest,
      seeing: this.#watcher.status,
      publishing: this.#publisher.status,
    };
  }

  /** Files that cannot even become jobs stand as failed, too. */
  #withoutJob(failed = 0): { readonly failed?: number } {
    const count = this.failures.filter(({ job }) => job === undefined).length;
    return count > 0 ? { failed: failed + count } : {};
  }

  list(query?: QueueQuery): readonly QueueEntry[] {
    return this.#control.list(query);
  }

  retry(which: RetrySelection): QueueChange {
    return this.#control.retry(which);
  }

  cancel(which: CancelSelection): QueueChange {
    return this.#control.cancel(which);
  }

  /** Starts nothing more, also after a restart, until resumed. */
  pause(reason?: string): void {
    this.#control.pause(reason);
  }

  resume(): void {
    this.#control.resume();
  }

  /** Starts nothing for as long as there is a reason; not over restarts. @param reason undefined: quiet hours are over */
  pauseBySchedule(reason: string | undefined): void {
    this.#line.pauseBySchedule(reason);
  }

  /** Why no job is started; undefined when jobs are. */
  get pauseNow(): QueuePause | undefined {
    return this.#line.pause;
  }

  purge(which?: PurgeSelection): Promise<QueueChange> {
    return this.#control.purge(which);
  }

  /** Many jobs at once, by id or by filter. */
  change(action: JobAction, which: JobSelection): Promise<JobsChange> {
    return this.#changeJobs.change(action, which);
  }

  /** What webhooks are still to be told. */
  get deliveries(): Deliveries {
    return this.#journal.deliveries;
  }

  /** New settings, from the next file or job on. */
  apply(changes: InboxChanges): void {
    this.#options = resolveInboxOptions({ ...this.#options, ...changes });
    this.#gate.configure(this.#options);
    this.#isIgnored = ignoring(this.#options.ignore);
    this.#watcher.configure(this.#options);
    if (changes.concurrency !== undefined) this.#line.setConcurrency(changes.concurrency);
  }

  /**
   * The routes or models are others. Failures that were not their file's own (no route, no model) stand no longer, and
   * jobs that wait for what is no longer to be done to their file wait no longer: the files are looked at again.
   */
  async reconsider(): Promise<void> {
    this.#guarded(() => {
      this.#journal.reconsider(ownFailures);
      this.#triage.recheck();
    });
    await this.scan();
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
    if (this.#damage) this.#emit({ type: 'warning', error: this.#damage });
    this.#guarded(() => this.#triage.recheck());
    const paused = this.#control.userPause();
    if (paused) this.#line.pauseByUser(paused.reason);
    this.#line.pump();
    await this.#watcher.start();
    // What an earlier run wrote may be settled by now.
    this.#failedList.touch();
    this.#forgetting = this.#forget();
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
    await this.#forgetting;
    void this.#forgetTimer?.dispose();
    await this.#watcher.dispose();
    await this.#contentCheck.dispose();
    await this.#line.stop(graceMs);
    await this.#finishMoves();
    await this.#opened.dispose();
    this.#events.dispose();
  }

  /** A disk that hangs keeps no stop: what cannot be moved is left to the next start. */
  async #finishMoves(): Promise<void> {
    let timer: Disposable | undefined;
    const patience = new Promise<void>(resolve => {
      timer = systemClock.after(movePatienceMs, resolve);
    });
    await Promise.race([Promise.all(this.#moving), patience]);
    await timer?.dispose();
  }

  get #isStopped(): boolean {
    return this.#stopping !== undefined;
  }

  async #recover(): Promise<void> {
    await this.#line.recover();
    await this.#publisher.sweep(error => this.#emit({ type: 'warning', error }));
    this.#journal.reconsider(ownFailures);
  }

  /** Forgets what is long past; once a day. */
  async #forget(): Promise<void> {
    const { inbox, historyDays } = this.#options;
    const beforeMs = this.#clock.epochMs() - historyDays * dayMs;
    try {
      this.#journal.history.forgetAttempts(beforeMs);
      await forgetGone(this.#journal, inbox, endedStates, beforeMs);
      await this.#publisher.forget(beforeMs);
    } catch (error) {
      this.#emit({ type: 'warning', error: asCycleboxError(error) });
    }
    void this.#forgetTimer?.dispose();
    if (!this.#isStopped) this.#forgetTimer = this.#clock.after(dayMs, () => this.#forgetAgain());
  }

  #forgetAgain(): void {
    this.#forgetting = this.#forget();
  }

  #newLine(): JobScheduler {
    const { inbox, outbox, current = asQueued, runner, concurrency, retryBackOff, probeBackOff } = this.#options;
    return new JobScheduler({
      inbox,
      outbox,
      current,
      runner,
      sidecars: this.#sidecars,
      concurrency,
      retryBackOff,
      probeBackOff,
      limits: () => this.#options,
      clock: this.#clock,
      journal: this.#journal,
      publisher: this.#publisher,
      emit: event => this.#emit(event),
      onChanged: path => this.#watcher.look(path),
      unchangedForMs: job => this.#gate.unchangedForMs(job.path, job.identity),
      onProgress: () => this.#progress(),
    });
  }

  #newSidecars(): SidecarCarrier | undefined {
    const { inbox, sidecars } = this.#options;
    if (sidecars === 'ignore') return undefined;
    return new SidecarCarrier({
      inbox,
      publisher: this.#publisher,
      reportOf: ({ id }) => this.#journal.attempts(id).at(-1)?.report,
      onWarning: error => this.#warn(error),
    });
  }

  #newTriage(): Triage {
    return new Triage({
      journal: this.#journal,
      route: path => this.#options.route(path),
      onToBeDone: file => this.#gate.offer(file),
      onFailed: job => this.#standsAsFailed(job),
      onDone: job => this.#stillThere(job),
      onAdopted: files => void this.#publisher.adopt(files).catch(error => this.#warn(error)),
      onDoubt: (job, file) => this.#contentCheck.offer(job, file),
    });
  }

  #newLive(): LiveQueue {
    const line = this.#line;
    return {
      get pause() {
        return line.pause;
      },
      pauseByUser: reason => line.pauseByUser(reason),
      resume: () => line.resume(),
      cancel: id => line.cancel(id),
      pump: () => {
        line.pump();
        this.#progress();
      },
      reorder: () => line.reorder(),
      look: path => this.#watcher.look(path),
      changed: (job, state) => this.#changedByHand(job, state),
    };
  }

  #newFailedList(): FailedList {
    const { inbox, outbox, state } = this.#options;
    return new FailedList({
      inbox,
      outbox,
      state,
      failures: () => this.#currentFailures.values(),
      onWarning: error => this.#emit({ type: 'warning', error }),
      clock: this.#clock,
    });
  }

  #changedByHand({ id, path }: Job, state: 'queued' | 'cancelled'): void {
    this.#currentFailures.remove(path);
    if (state === 'cancelled') this.#emit({ type: 'cancelled', job: id, path });
  }

  #newWatcher(): FolderWatcher {
    const { inbox: root, rescanMs, pollMs, watch, polling, watchBackend } = this.#options;
    const watcher = new FolderWatcher({
      root,
      fileProbe: this.#fileProbe,
      mode: !watch ? 'scans' : polling ? 'polling' : 'events',
      isIgnored: path => this.#isIgnored(path),
      rescanMs,
      pollMs,
      clock: this.#clock,
      backend: watchBackend,
      onFiles: files => this.#sort(files),
      onMissing: paths => this.#missing(paths),
      onUnreadableName: (path, error) => this.#cannotBeOpened(path, error),
      onScan: () => this.#currentFailures.beginScan(),
      onProgress: () => this.#progress(),
    });
    watcher.onWarning(error => {
      if (error.code === 'INBOX_GONE') this.#line.hold(error, () => watcher.isThere());
      else this.#emit({ type: 'warning', error });
    });
    watcher.onRoot(change => change === 'back' && this.#line.lookNow());
    return watcher;
  }

  async #identify(path: RelativePath): Promise<FileIdentity | undefined> {
    const stat = await this.#fileProbe.stat(join(this.#options.inbox, path));
    return stat.kind === 'file' ? stat.identity : undefined;
  }

  #cannotBeOpened(path: RelativePath, error: CycleboxError): void {
    this.#currentFailures.markSeen(path);
    if (!this.#currentFailures.has(path)) this.#currentFailures.add({ path, error });
  }

  #missing(paths: readonly RelativePath[]): void {
    this.#guarded(() => this.#journal.filesGone(paths.filter(path => this.#currentFailures.has(path))));
    for (const path of paths) {
      this.#gate.drop(path);
      this.#currentFailures.remove(path);
    }
  }

  #sort(files: readonly FoundFile[]): void {
    if (this.#isStopped) return;
    for (const { path } of files) this.#currentFailures.markSeen(path);
    this.#triage.sort(files);
  }

  #newContentCheck(): ContentCheck {
    return new ContentCheck({
      inbox: this.#options.inbox,
      onSame: (job, content) => this.#stillKnown(job, content),
      onOther: job => this.#isAnother(job),
      onError: error => this.#warn(error),
      onProgress: () => this.#progress(),
    });
  }

  #warn(error: unknown): void {
    this.#emit({ type: 'warning', error: asCycleboxError(error) });
  }

  #stillKnown(job: Job, content: ReadContent): void {
    this.#journal.vouch([{ id: job.id, identity: content.identity, content }]);
    if (job.state === 'done') this.#stillThere({ ...job, identity: content.identity, content });
    else this.#standsAsFailed(job);
  }

  /** A file that was put in the place of the one that the job was made for. */
  async #isAnother(job: Job): Promise<void> {
    this.#journal.forgetIdentity(job.path, job.identity);
    this.#currentFailures.remove(job.path);
    await this.#publisher.forgetSource(job);
    this.#watcher.look(job.path);
  }

  #stillThere(job: Job): void {
    if (this.#options.afterSuccess === 'keep') return;
    const moving = this.#moveSource(job).finally(() => this.#moving.delete(moving));
    this.#moving.add(moving);
  }

  /** Again, in case it could not be done before. */
  async #moveSource(job: Job): Promise<void> {
    // What 0.1.0 noted as done may have been skipped: the outbox knows.
    if (!(job.published ?? (await this.#publisher.publishedBefore(job)) !== undefined)) return;
    try {
      await this.#sidecars?.takeAway(job);
      await this.#publisher.afterSuccess(job, { isLate: true });
    } catch (error) {
      const file = join(this.#options.inbox, job.path);
      this.#emit({ type: 'warning', error: asCycleboxError(error, { file, job: job.id }, 'WRITE_FAILED') });
    }
  }

  #standsAsFailed({ id, path, translation, state, error }: Job): void {
    if (!error || this.#currentFailures.has(path)) return;
    this.#emit({
      type: 'failed',
      job: id,
      path,
      translation,
      error,
      quarantined: state === 'quarantined',
      earlier: true,
    });
  }

  #ingest(files: readonly RoutedFile[]): void {
    const { queued, refused } = this.#intake.ingest(files);
    for (const { id, path, translation } of queued) this.#emit({ type: 'seen', job: id, path, translation });
    for (const { id, path, error } of refused)
      if (error)
        this.#emit({ type: 'failed', job: id, path, translation: '', error, quarantined: false, earlier: false });
    this.#line.pump();
    this.#progress();
  }

  /** What fails here (the journal, on a full disk) is said; the files come again with the next scan. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#emit({ type: 'warning', error: asCycleboxError(error) });
    }
  }

  #emit(event: InboxEvent): void {
    if (event.type === 'failed') this.#currentFailures.add(event);
    else if (event.type === 'seen' || event.type === 'done') this.#currentFailures.remove(event.path);
    this.#events.fire(event);
  }

  #progress(): void {
    if (this.#isStopped) return;
    const isIdle = this.isIdle;
    if (isIdle && !this.#wasIdle) this.#emit({ type: 'idle' });
    this.#wasIdle = isIdle;
  }
}

async function openParts(options: ResolvedInboxOptions, store: DisposableStore): Promise<Opened> {
  store.add(lockStateFolder(options.state));
  const { journal, damage } = openJournal(options.state, options.clock ?? systemClock);
  store.add(journal);
  const onSourceTaken = ({ path, identity }: Pick<Job, 'path' | 'identity'>) => journal.forgetIdentity(path, identity);
  return { store, journal, damage, publisher: store.add(await openPublisher({ ...options, onSourceTaken })) };
}

/** Nobody says what a translation is now: it is what it was. */
function asQueued({ translation: key, version }: Job): Translation {
  return { key, version };
}
