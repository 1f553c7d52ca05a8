/**
 * Publishing, as the doing half of the inbox sees it: a finished, flushed temporary file becomes visible in the outbox
 * under one name, whole, once; then its source is kept, archived or deleted. `openPublisher` (publisher-service.ts) makes one.
 *
 * Choosing the name and taking it are one call, since between the two another daemon could take it. What must stay
 * true: whoever calls writes each name down (`onAttempt`) before it is tried, and `done` only after `publish` returned.
 */
import type { CycleboxError, Disposable, FileContent, FileIdentity, JobId, RelativePath } from '../../base/index.js';

/** What happens when the name in the outbox is taken by the output of another source, or by a foreign file. */
export const collisionPolicies = ['suffix', 'update', 'skip', 'overwrite', 'error'] as const;
export type CollisionPolicy = (typeof collisionPolicies)[number];

/** What happens to a source once its output is published. */
export type SourcePolicy = 'keep' | 'archive' | 'delete';
export const sourcePolicies: readonly SourcePolicy[] = ['keep', 'archive', 'delete'];

/** A file of the inbox as it was when it was read, and what is done to it. */
export interface PublishedSource {
  /** Relative to the inbox. */
  readonly path: RelativePath;
  readonly identity: FileIdentity;
  /** The translation's key. */
  readonly translation: string;
  /** What was read, where that is known. */
  readonly content?: FileContent | undefined;
}

/** Where the output of a source already is, and what was read for it as far as that is known. */
export interface PublishedBefore {
  readonly output: RelativePath;
  readonly content?: FileContent | undefined;
}

export interface PublishRequest extends PublishedSource {
  readonly job: JobId;
  /** The model's version. */
  readonly version: string;
  /** Absolute; as `temporaryFor` named it, flushed by whoever wrote it. Gone when `publish` returns; still there when it throws. */
  readonly temporary: string;
  /** The name wished for, relative to the outbox. */
  readonly wanted: RelativePath;
  /** Default: the publisher's own. */
  readonly onCollision?: CollisionPolicy | undefined;
  /** What its path became before is replaced, as with `update`; the policy is for what is not its own. */
  readonly replacesOwn?: boolean | undefined;
  /** True when it was asked for anew (`queue retry` of a finished job, `reprocess`): an earlier output does not count. */
  readonly redo?: boolean | undefined;
  /**
   * Told of each name before it is tried, with what recognises the file afterwards: it has to be on the disk
   * (`Journal.publishing`) when this returns.
   */
  readonly onAttempt: (candidate: RelativePath, mark: OutputIdentity) => void;
}

/** `inode:size:mtime` of the temporary, which its links and its renamed self share. Opaque to the journal. */
export type OutputIdentity = string;

export type PublishResult =
  | { readonly kind: 'published'; readonly output: RelativePath }
  /** The same source was published before, by another daemon or by this one before its journal was lost: the job is done. */
  | { readonly kind: 'elsewhere'; readonly output: RelativePath }
  /** Policy `skip`: `output` is there from elsewhere and was left alone. The job is done; nothing was published. */
  | { readonly kind: 'skipped'; readonly output: RelativePath }
  /** The source is gone, or is another file now: another daemon may have published it and taken it away. */
  | { readonly kind: 'source-gone' };

/** A job that an earlier process left in the state `publishing`, as the journal has it. */
export interface InterruptedPublishing extends PublishedSource {
  readonly job: JobId;
  readonly version: string;
  readonly temporary?: string | undefined;
  /** The last name tried. */
  readonly output?: RelativePath | undefined;
  readonly mark?: OutputIdentity | undefined;
}

export type SourceOutcome =
  | { readonly kind: 'kept' }
  /** Absolute path in the archive. */
  | { readonly kind: 'archived'; readonly path: string }
  | { readonly kind: 'deleted' }
  /** It is gone, or is another file now: nothing was touched. */
  | { readonly kind: 'changed' };

export interface AfterSuccess {
  /** Default: the publisher's own. */
  readonly policy?: SourcePolicy | undefined;
  /** True for a source that was done long ago: it waits for those that have just been done. */
  readonly isLate?: boolean | undefined;
}

export interface PublisherStatus {
  /** False: the outbox has no hard links, so that each output's name shows an empty file for an instant. */
  readonly hasLinks: boolean;
  /** False: no ledger could be kept in the outbox, so that another daemon on the same outbox is not noticed. */
  readonly hasLedger: boolean;
  /** Both in words, for people; empty when all is well. */
  readonly warnings: readonly string[];
}

export interface Publisher extends Disposable {
  readonly status: PublisherStatus;

  /**
   * That the outbox, and the archive where sources go there, are the folders that they were at the start, and that no
   * folder on the way to `output` is a link. @throws WRITE_FAILED
   */
  requireFolders(output?: RelativePath): Promise<void>;

  /** A fresh temporary path in the outbox for the output of a source; carries this daemon's mark, see `sweep`. */
  temporaryFor(path: RelativePath): string;

  /** Where the output of a source already is, whoever published it: asked before work is done for it. */
  publishedBefore(source: PublishedSource): Promise<PublishedBefore | undefined>;

  /** What 0.1.0 published is known by these identities from now on. */
  adopt(sources: readonly PublishedSource[]): Promise<void>;

  /** The source has another content than when it was published: it was not published, though it has the same identity. */
  forgetSource(source: PublishedSource): Promise<void>;

  /** @throws FILE_EXISTS (policy `error`), WRITE_FAILED with the system's error as its cause */
  publish(request: PublishRequest): Promise<PublishResult>;

  /**
   * Finds out whether an interrupted publishing took place, and completes it if so: the output's name, else undefined
   * (the job runs again). Removes the temporary either way.
   */
  recover(job: InterruptedPublishing): Promise<RelativePath | undefined>;

  /**
   * To be called after the job is `done` in the journal, and again whenever a done file is still found in the inbox:
   * it is the same each time. Never touches a file that is not the one that was read.
   * @throws WRITE_FAILED: the source stays where it is, the job stays done
   */
  afterSuccess(source: PublishedSource, options?: AfterSuccess): Promise<SourceOutcome>;

  /**
   * Removes what dead daemons left half-written in the outbox and completes source moves that were interrupted. At
   * start, after `recover` and before any job runs. Returns how many files were removed.
   */
  sweep(onWarning?: (error: CycleboxError) => void): Promise<number>;

  /** Drops what the outbox remembers from before a time of sources that are in the inbox no more. Returns how many. */
  forget(beforeMs: number): Promise<number>;

  /** Finds out again what the outbox can do; throws WRITE_FAILED when nothing can be written (the queue's probe). */
  probe(): Promise<PublisherStatus>;
}
