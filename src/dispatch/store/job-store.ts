/**
 * Where images and results are while they go between a watcher and its workers. A result is named by its job and attempt: it is the
 * watcher's, and nobody else's, to publish it, and it takes only that of the attempt under way. What other attempts leave is removed.
 */
import { type Disposable, type JobId, type RelativePath, withoutPixelEnding } from '../../base/index.js';

/** Names an attempt's image and its result. */
export interface AttemptFiles {
  readonly job: JobId;
  readonly token: string;
  readonly path: RelativePath;
}

/** The watcher's side. */
export interface WatcherStore extends Disposable {
  /** For messages: a folder, or a bucket. */
  readonly name: string;
  /** Makes an image available to workers. @param source absolute @throws FILE_UNREADABLE, STORE_UNAVAILABLE */
  offer(attempt: AttemptFiles, source: string): Promise<void>;
  /** Brings the result to `temporary`, whole and flushed. @throws WRITE_FAILED, STORE_UNAVAILABLE */
  take(attempt: AttemptFiles, temporary: string): Promise<void>;
  /** Removes what there is of an attempt. Never rejects. */
  discard(attempt: AttemptFiles): Promise<void>;
  /** Removes what attempts have left that are not under way, when it has lain for a while. Returns how much. */
  sweep(isUnderWay: (token: string) => boolean): Promise<number>;
}

/** A worker's side. */
export interface WorkerStore extends Disposable {
  /** Brings an image to this machine. @throws FILE_UNREADABLE, STORE_UNAVAILABLE */
  open(attempt: AttemptFiles): Promise<WorkFiles>;
}

/** To be disposed of when the attempt has ended, however it did. */
export interface WorkFiles extends Disposable {
  /** Absolute: what `source` has to lie in. */
  readonly root: string;
  /** Absolute. */
  readonly source: string;
  /** Absolute: where the result is to be written, flushed. */
  readonly result: string;
  /** True: `source` is a copy, so that its identity is not what the watcher saw. */
  readonly isCopy: boolean;
  /** Hands the result over. @throws WRITE_FAILED, STORE_UNAVAILABLE */
  deliver(): Promise<void>;
}

/** What is left of an attempt is not swept before: a worker may be at it. */
export const sweepAfterMs = 3_600_000;

export function stagedName({ job, token }: AttemptFiles): string {
  return `${job}.${token}`;
}

/** The token in a name that `stagedName` has made; undefined for another name. */
export function tokenIn(name: string): string | undefined {
  return /^[0-9A-Za-z-]+\.([0-9A-Za-z-]+)$/.exec(withoutPixelEnding(name))?.[1];
}
