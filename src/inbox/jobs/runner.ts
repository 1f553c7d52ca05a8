/**
 * What does the work of a job. The inbox knows files, names and states; what a translation does to an image it leaves
 * to the runner, which rooms above bring.
 */
import type { FileIdentity, JobId, RelativePath } from '../../base/index.js';
import type { Job, RunReport, Translation } from '../journal/index.js';

/** What a job's translation is now, whatever it was when the job was queued; undefined when there is none any more. */
export type CurrentTranslation = (job: Job) => Translation | undefined;

export interface RunRequest {
  readonly job: JobId;
  /** This attempt's, which no other has: what comes of an attempt that is over is not published. */
  readonly token: string;
  /** Of the image, in the inbox. */
  readonly path: RelativePath;
  /** Absolute path of the image. */
  readonly source: string;
  /** What it has to be, and the folder that it has to be found in without following links. */
  readonly expected: { readonly root: string; readonly identity: FileIdentity };
  /** Absolute path at which the runner leaves the encoded, flushed result; it makes the folder. */
  readonly temporary: string;
  readonly translation: Translation;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** It has changed but lately: what looks unfinished is refused (IMAGE_CORRUPT) and tried again. */
  readonly mayGrow: boolean;
  /** It is under suspicion: nothing runs beside it on its machine. */
  readonly alone: boolean;
  /** Told by runners elsewhere, when another job ran beside it on its machine. */
  readonly onAccompanied: () => void;
  /** The image has been decoded: another may be, meanwhile. */
  readonly onDecoded?: (() => void) | undefined;
}

/** What is likely to be run next. */
export type PrefetchRequest = Pick<RunRequest, 'source' | 'expected' | 'translation' | 'mayGrow'>;

/** Runs one job. Throws coded errors, of which `retry-policy.ts` makes what they mean; CANCELLED is no failure. */
export interface Runner {
  /**
   * True when jobs run on other machines, each of which sees to it by itself that what is under suspicion runs alone. False: all
   * that run are on this one.
   */
  readonly isElsewhere?: boolean | undefined;
  run(request: RunRequest): Promise<RunReport>;
  /**
   * Prepares a job beside the one that runs: a guess, of which nothing is written down, and which may be lost. Ends when it has been tried;
   * undefined where nothing is prepared. A crash may be its doing, until it has ended.
   */
  prefetch?(request: PrefetchRequest): Promise<void> | undefined;
  /**
   * Resolves when a translation of nothing in particular works: asked after several jobs in a row have killed the
   * worker, to tell whose fault that was. Without it, waiting is all that is done.
   */
  selfTest?(translation: Translation, signal: AbortSignal): Promise<void>;
  /** Gives back, with CANCELLED, what it has taken and not begun: nothing is to be started for now. */
  recall?(): void;
}
