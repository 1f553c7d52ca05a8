/** What the jobs tell of: each step of a job that people may want to know of, and the pauses of all of them. */
import type { CycleboxError, JobId, RelativePath } from '../../base/index.js';
import type { RunReport } from '../journal/index.js';
import type { QueuePause } from './pause-gate.js';

export type JobEvent =
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
  /** Its name is taken, and what is there was left alone (`onCollision` is `skip`): nothing was published, its source stays. */
  | {
      readonly type: 'name-taken';
      readonly job: JobId;
      readonly path: RelativePath;
      /** Relative to the outbox; somebody else's. */
      readonly output: RelativePath;
    }
  | { readonly type: 'cancelled'; readonly job: JobId; readonly path: RelativePath }
  /** Nothing more is started; see `QueuePause`. */
  | ({ readonly type: 'paused' } & QueuePause)
  | { readonly type: 'resumed' }
  /** Something stumbled; the rest goes on. */
  | { readonly type: 'warning'; readonly error: CycleboxError };
