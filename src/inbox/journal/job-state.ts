/** What can become of a file, in one word each: those that the journal writes down, and two that come before it. */

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
