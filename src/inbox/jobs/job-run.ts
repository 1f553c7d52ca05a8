/**
 * One job from the journal to the outbox: each step is written down before the next is taken, so that any crash can be
 * recovered from. It throws what goes wrong; what that means for the job, `JobScheduler` decides.
 *
 * The steps: running (temporary named) → result flushed → publishing (output name and the temporary's mark noted) →
 * named → folder flushed → done → source kept or moved.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import {
  asCycleboxError,
  type ErrorSubject,
  type FileIdentity,
  faultPoint,
  identify,
  isSameButInode,
  isSameIdentity,
  type RelativePath,
} from '../../base/index.js';
import type { Job, Journal, RunReport, Translation } from '../journal/index.js';
import type { PublishedBefore, Publisher, PublishResult } from '../publish/index.js';
import type { JobEvent } from './job-event.js';
import type { CurrentTranslation, Runner, RunRequest } from './runner.js';
import type { SidecarCarrier } from './sidecar-carrier.js';

export interface JobRunOptions {
  readonly inbox: string;
  readonly outbox: string;
  readonly journal: Journal;
  readonly publisher: Publisher;
  readonly current: CurrentTranslation;
  readonly runner: Runner;
  /** Undefined where sidecars stay where they are. */
  readonly sidecars?: SidecarCarrier | undefined;
  readonly emit: (event: JobEvent) => void;
  /** A file that is not what its job was made for: it is to be looked at again. */
  readonly onChanged: (path: RelativePath) => void;
  /** The worker has done what it was asked to. */
  readonly onTranslated: () => void;
  /** A result has been written to the outbox. */
  readonly onPublished: () => void;
}

export interface AttemptOptions extends Pick<RunRequest, 'alone' | 'onAccompanied' | 'onDecoded'> {
  readonly signal: AbortSignal;
  /** For the worker's part. */
  readonly timeoutMs: number;
  readonly mayGrow: boolean;
  /** The worker has done its part and is free for another job. @returns when the result may be published */
  readonly mayPublish: () => Promise<void>;
}

export class JobRun {
  readonly #options: JobRunOptions;

  constructor(options: JobRunOptions) {
    this.#options = options;
  }

  async attempt(queued: Job, { mayPublish, ...options }: AttemptOptions): Promise<void> {
    const { journal, publisher, inbox, runner, current, emit } = this.#options;
    const job = await this.#asItIs(queued);
    if (!job) return this.skip(queued);
    const translation = current(job);
    // There is no such translation any more: whoever looks at the file again says what is to be done.
    if (!translation) return this.skip(job);
    await this.#options.publisher.requireFolders(job.path);
    const known = job.redo ? undefined : await publisher.publishedBefore(job);
    if (known !== undefined) return this.#alreadyPublished(job, known);

    const startMs = performance.now();
    // Where the result's folder is not known yet, none is made for nothing.
    const temporary = publisher.temporaryFor(translation.isElsewhere ? posix.basename(job.path) : job.path);
    const token = randomUUID();
    const attempt = journal.start(job.id, translation.version, temporary, token);
    faultPoint('claimed');
    emit({ type: 'started', job: job.id, path: job.path, attempt });
    try {
      const source = join(inbox, job.path);
      const expected = { root: inbox, identity: job.identity };
      const what = { job: job.id, token, path: job.path, source, expected, temporary, translation };
      const report = await runner.run({ ...what, ...options });
      this.#options.onTranslated();
      await mayPublish();
      if (!(await this.#isUnchanged(job))) return this.skip(job);
      const result = await this.#publish({ ...job, token }, translation, temporary, report);
      await this.#done(job, translation, result, report, performance.now() - startMs);
    } finally {
      await rm(temporary, { force: true }).catch(() => {});
    }
  }

  /** Has a job prepared whose turn has not come; nothing of it is written down. @returns undefined where it is not */
  prefetch(job: Job, mayGrow: boolean): Promise<void> | undefined {
    const { inbox, runner, current } = this.#options;
    const translation = current(job);
    if (!translation) return undefined;
    const expected = { root: inbox, identity: job.identity };
    return runner.prefetch?.({ source: join(inbox, job.path), expected, translation, mayGrow });
  }

  async #publish(job: Job, translation: Translation, temporary: string, report: RunReport): Promise<PublishResult> {
    const { journal, publisher, outbox } = this.#options;
    const { path, identity, redo, token } = job;
    const wanted = posix.join(report.folder ?? posix.dirname(path), report.name);
    const onAttempt = (candidate: RelativePath, mark: string) =>
      journal.publishing(job.id, candidate, mark, report, token);
    const { key, version } = translation;
    const source = { path, identity, translation: key, content: report.source };
    const request = { job: job.id, ...source, version, temporary, wanted, redo, onAttempt };
    return publisher.publish(request).catch(error => {
      throw asCycleboxError(error, { file: join(outbox, wanted) }, 'WRITE_FAILED');
    });
  }

  async #done(job: Job, by: Translation, result: PublishResult, report: RunReport, ms: number): Promise<void> {
    this.#options.onPublished();
    if (result.kind === 'source-gone') return this.skip(job);
    const { output } = result;
    const content = report.source;
    if (result.kind === 'elsewhere') return this.#alreadyPublished(job, { output, content });
    if (result.kind === 'skipped') return this.#nameTaken(job, { output, content });
    await this.#options.sidecars?.carry(job, output);
    this.#options.journal.done(job.id, output, { content });
    faultPoint('committed');
    this.#options.emit({ type: 'done', job: job.id, path: job.path, translation: by.key, output, report, ms });
    await this.#afterSuccess({ ...job, content });
  }

  async #alreadyPublished(job: Job, { output, content }: PublishedBefore): Promise<void> {
    await this.#options.sidecars?.carry(job, output);
    this.#options.journal.done(job.id, output, { content });
    this.#options.emit({ type: 'already-published', job: job.id, path: job.path, output });
    await this.#afterSuccess({ ...job, content });
  }

  /** Only what was published may touch its source. */
  #nameTaken(job: Job, { output, content }: PublishedBefore): void {
    this.#options.journal.done(job.id, output, { published: false, content });
    this.#options.emit({ type: 'name-taken', job: job.id, path: job.path, output });
  }

  /** The job stays done whatever becomes of its source. */
  async #afterSuccess(job: Job): Promise<void> {
    try {
      await this.#options.sidecars?.takeAway(job);
      await this.#options.publisher.afterSuccess(job);
    } catch (error) {
      this.#options.emit({ type: 'warning', error: asCycleboxError(error, this.subject(job), 'WRITE_FAILED') });
    }
  }

  /** For errors: what they concern. */
  subject(job: Job): ErrorSubject {
    return { job: job.id, file: join(this.#options.inbox, job.path), pair: job.translation };
  }

  /** The job is no longer of interest. */
  skip(job: Job): void {
    this.#options.journal.skipped(job.id);
    this.#options.onChanged(job.path);
  }

  /**
   * The job, with its file's identity now: where inodes do not last, it may have another by the time of its turn. Undefined
   * when the file is gone, or is another.
   */
  async #asItIs(job: Job): Promise<Job | undefined> {
    const identity = await this.#identify(job);
    if (isSameIdentity(identity, job.identity)) return job;
    if (identity === undefined || !isSameButInode(identity, job.identity)) return undefined;
    return this.#options.journal.reidentify(job.id, identity) ? { ...job, identity } : undefined;
  }

  /** Its inode does not count: what was read is known, and the next look compares it with what is there. */
  async #isUnchanged(job: Job): Promise<boolean> {
    return isSameButInode(await this.#identify(job), job.identity);
  }

  /** @throws FILE_UNREADABLE when the system does not say */
  #identify(job: Job): Promise<FileIdentity | undefined> {
    const file = join(this.#options.inbox, job.path);
    return identify(file).catch(error => {
      throw asCycleboxError(error, { file }, 'FILE_UNREADABLE');
    });
  }

  /** Whether its failure is no longer of interest. Where that cannot be found out, it is. */
  async hasChanged(job: Job): Promise<boolean> {
    const identity = await this.#identify(job).catch(() => job.identity);
    return !isSameIdentity(identity, job.identity);
  }

  /** A folder that is gone is not made anew, and another in its place not used: it may be a disk that is not mounted. */
  async requireOutbox(): Promise<void> {
    await this.#options.publisher.requireFolders();
  }

  /**
   * Sorts out a job that stands as running or publishing although nobody works on it: done if its output was
   * published, else queued again. @param unclean whether that is to be held against it
   */
  async recover(job: Job, unclean: boolean): Promise<void> {
    const { journal, publisher } = this.#options;
    if (job.state !== 'publishing') {
      if (job.temporary !== undefined) await rm(job.temporary, { force: true });
      return journal.release(job.id, { unclean });
    }
    const {
      id,
      path,
      identity,
      translation,
      version,
      content,
      temporary,
      output: tried,
      temporaryIdentity: mark,
    } = job;
    const interrupted = { job: id, path, identity, translation, version, content, temporary, output: tried, mark };
    const output = await publisher.recover(interrupted);
    if (output === undefined) return journal.release(job.id);
    await this.#options.sidecars?.carry(job, output);
    journal.done(job.id, output);
    await this.#afterSuccess(job);
  }
}
