/**
 * Where images and results are while they go between a watcher and its workers, and the models that workers lack. A result is named by
 * its job and attempt: it is the watcher's, and nobody else's, to publish it, and it takes only that of the attempt under way. What
 * other attempts leave is removed.
 */
import {
  type Disposable,
  type FileIdentity,
  type JobId,
  type RelativePath,
  withoutPixelEnding,
} from '../../base/index.js';
import type { ModelSource } from './model-set.js';

/** Names an attempt's image and its result. */
export interface AttemptFiles {
  readonly job: JobId;
  readonly token: string;
  readonly path: RelativePath;
}

export interface OfferedImage {
  /** Absolute. */
  readonly source: string;
  /** What it has to be, and the folder that it has to be found in without following links. */
  readonly expected: { readonly root: string; readonly identity: FileIdentity };
}

/** What both sides do before they do anything else, and when it has failed. */
export interface CheckedStore extends Disposable {
  /** For messages: a folder, or a bucket. */
  readonly name: string;
  /** The same on both sides, which have the same store by it: `folder`, or the bucket with its prefix. */
  readonly identity: string;
  /** That it is there and does what it is asked to. @throws STORE_UNAVAILABLE, FILE_NOT_FOUND (a folder that is not mounted) */
  check(): Promise<void>;
}

/** The watcher's side. */
export interface WatcherStore extends CheckedStore {
  /** Makes an image available to workers. @throws FILE_UNREADABLE (also for another file), STORE_UNAVAILABLE, CANCELLED */
  offer(attempt: AttemptFiles, image: OfferedImage, signal?: AbortSignal): Promise<void>;
  /** Brings the result to `temporary`, whole and flushed. @throws WRITE_FAILED, STORE_UNAVAILABLE, CANCELLED */
  take(attempt: AttemptFiles, temporary: string, signal?: AbortSignal): Promise<void>;
  /** Removes what there is of an attempt. Never rejects. */
  discard(attempt: AttemptFiles): Promise<void>;
  /** Removes what attempts have left that are not under way, when it has lain for a while. Returns how much. */
  sweep(isUnderWay: (token: string) => boolean): Promise<number>;
  /** Makes a model available to workers, unless it is. @throws FILE_UNREADABLE, STORE_UNAVAILABLE */
  offerModel(model: ModelSource): Promise<void>;
}

/** A worker's side. */
export interface WorkerStore extends CheckedStore {
  /**
   * True: what is worked with are copies on this machine. Their identity is not what the watcher saw, and a disk that is full is this
   * machine's alone.
   */
  readonly copies: boolean;
  /** Brings an image to this machine. @throws FILE_UNREADABLE, WRITE_FAILED, STORE_UNAVAILABLE, CANCELLED */
  open(attempt: AttemptFiles, signal?: AbortSignal): Promise<WorkFiles>;
  /**
   * Brings a model's files into an empty folder, each as it was offered.
   * @returns the name of the one that opens it
   * @throws NotOffered, MODEL_HASH_MISMATCH, WRITE_FAILED, STORE_UNAVAILABLE
   */
  fetchModel(sha256: string, folder: string): Promise<string>;
}

/** To be disposed of when the attempt has ended, however it did. */
export interface WorkFiles extends Disposable {
  /** Absolute: what `source` has to lie in. */
  readonly root: string;
  /** Absolute. */
  readonly source: string;
  /** Absolute: where the result is to be written, flushed. */
  readonly result: string;
  /** Hands the result over. @throws WRITE_FAILED, STORE_UNAVAILABLE, CANCELLED */
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
