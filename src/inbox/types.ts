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

/**
 * `seen` and `settling` are the settle gate's, which forgets them when the process ends: the next scan finds them anew.
 * `quarantined`: it killed its worker again and again. `cancelled`: until it is retried or its file changes.
 * `skipped`: its file had gone or changed; if it comes back, it is done.
 */
export type JobState =
  | 'seen'
  | 'settling'
  | 'queued'
  | 'running'
  | 'publishing'
  | 'done'
  | 'failed'
  | 'quarantined'
  | 'cancelled'
  | 'skipped';

export type Routing =
  | {
      readonly kind: 'translate';
      readonly translation: Translation;
      /** Higher ones go first. Default 0. */
      readonly priority?: number | undefined;
      /** True: files done by another version are done again by this one. Default false. */
      readonly reprocess?: boolean | undefined;
    }
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
  /** The device that made it: `cuda:1`, `cpu`. */
  readonly device?: string | undefined;
  /** How it calculated there: `float32`, `float16`. */
  readonly precision?: string | undefined;
  readonly decodeMs: number;
  readonly loadMs: number;
  readonly translateMs: number;
  readonly encodeMs: number;
}

/** Runs one job. Throws coded errors, of which `retry-policy.ts` makes what they mean; CANCELLED is no failure. */
export interface Runner {
  run(request: RunRequest): Promise<RunReport>;
  /**
   * Resolves when a translation of nothing in particular works: asked after several jobs in a row have killed the
   * worker, to tell whose fault that was. Without it, waiting is all that is done.
   */
  selfTest?(translation: Translation, signal: AbortSignal): Promise<void>;
}

/** Why the queue stands still. */
export interface QueuePause {
  /** `user`: until resumed, also over restarts. `environment`: until a probe succeeds. */
  readonly by: 'user' | 'environment';
  readonly reason: string;
  /** Epoch. */
  readonly sinceMs: number;
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
      readonly delayMs: number;
    }
  | {
      readonly type: 'failed';
      readonly job: JobId;
      readonly path: RelativePath;
      /** Empty when there is no route. */
      readonly translation: string;
      readonly error: CycleboxError;
      /** True when it killed its worker and will not be let near another, unless retried by hand. */
      readonly quarantined: boolean;
      /** True when it failed in an earlier run and has not changed since. */
      readonly earlier: boolean;
    }
  /** The same file was published before, as the outbox tells: by another daemon, or before the journal was lost. */
  | {
      readonly type: 'already-published';
      readonly job: JobId;
      readonly path: RelativePath;
      /** Relative to the outbox. */
      readonly output: RelativePath;
    }
  | { readonly type: 'cancelled'; readonly job: JobId; readonly path: RelativePath }
  /** Nothing more is started; see `QueuePause`. */
  | ({ readonly type: 'paused' } & QueuePause)
  | { readonly type: 'resumed' }
  /** The watcher stumbled; scans go on. */
  | { readonly type: 'trouble'; readonly error: CycleboxError }
  /** Nothing is settling, queued or running. */
  | { readonly type: 'idle' };
