/** What the inbox tells of: the jobs' events, and what becomes of files before they have a job. */
import type { JobId, RelativePath } from '../base/index.js';
import type { JobEvent } from './jobs/index.js';

export type InboxEvent =
  | JobEvent
  | { readonly type: 'seen'; readonly job: JobId; readonly path: RelativePath; readonly translation: string }
  /** Nothing is settling, queued or running. */
  | { readonly type: 'idle' };
