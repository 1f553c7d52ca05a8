export { Inbox } from './inbox.js';
export type { InboxOptions, StandingFailure } from './inbox-options.js';
export { type Job, Journal, type NewJob } from './journal.js';
export { isJunk } from './junk.js';
export type {
  CancelSelection,
  PurgeSelection,
  QueueChange,
  QueueEntry,
  QueueQuery,
  QueueService,
  QueueStatus,
  RetrySelection,
} from './queue-service.js';
export { Sqlite, type SqlRow, type SqlValue } from './sqlite.js';
export type {
  InboxEvent,
  JobState,
  QueuePause,
  RelativePath,
  Router,
  Routing,
  Runner,
  RunReport,
  RunRequest,
  Translation,
} from './types.js';
export { LocalQueue, type WorkQueue } from './work-queue.js';
