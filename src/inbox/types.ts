/**
 * The words that the rooms above and below share with the inbox. The inbox knows files, names and states; what a
 * translation does to an image it leaves to the runner, and which file gets which translation to the router.
 */
import type { CycleboxError, JobId } from '../base/index.js';

/** A path inside the inbox or outbox, relative, with `/` between its parts on every system. */
export type RelativePath = string;

/** What is to be done to a file. */
export interface Translation {
  /** Names the translation in the journal, whatever its model's version: `satellite-map/map`. */
  readonly key: string;
  /** The version of what does it: the hash of the model file. */
  readonly version: string;
}

export type Routing =
  | { readonly kind: 'translate'; readonly translation: Translation }
  | { readonly kind: 'refuse'; readonly error: CycleboxError };

export type Router = (path: RelativePath) => Routing;

export interface RunRequest {
  readonly job: JobId;
  /** Absolute path of the image. */
  readonly source: string;
  /** Absolute path at which the runner leaves the encoded, flushed result; it makes the folder. */
  readonly temporary: string;
  readonly translation: Translation;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

export interface RunReport {
  /** The source's file name, with the extension of the result's format. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  /** More than 1 when the image did not fit in memory and was translated in parts. */
  readonly tiles: number;
  readonly decodeMs: number;
  readonly loadMs: number;
  readonly translateMs: number;
  readonly encodeMs: number;
}

/** Runs one job. Throws coded errors; PROCESS_CRASHED and TIMED_OUT may be tried again, CANCELLED is no failure. */
export interface Runner {
  run(request: RunRequest): Promise<RunReport>;
}

export type InboxEvent =
  | { readonly type: 'seen'; readonly job: JobId; readonly path: RelativePath; readonly translation: string }
  | { readonly type: 'started'; readonly job: JobId; readonly path: RelativePath; readonly attempt: number }
  | {
      readonly type: 'done';
      readonly job: JobId;
      readonly path: RelativePath;
      readonly translation: string;
      /** Relative to the outbox. */
      readonly output: RelativePath;
      readonly report: RunReport;
      /** From the start of this attempt to the published file. */
      readonly ms: number;
    }
  | {
      readonly type: 'retrying';
      readonly job: JobId;
      readonly path: RelativePath;
      readonly attempt: number;
      readonly error: CycleboxError;
    }
  | {
      readonly type: 'failed';
      readonly job: JobId;
      readonly path: RelativePath;
      readonly error: CycleboxError;
      /** True when it failed in an earlier run and has not changed since. */
      readonly earlier: boolean;
    }
  /** The watcher stumbled; scans go on. */
  | { readonly type: 'trouble'; readonly error: CycleboxError }
  /** Nothing is settling, queued or running. */
  | { readonly type: 'idle' };
