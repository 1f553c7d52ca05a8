export { Inbox } from './inbox.js';
export type { InboxChanges, InboxOptions, StandingFailure } from './inbox-options.js';
export { type InspectOptions, inspectInbox, type Outlook } from './inspect.js';
export type { Attempt, Job, NewJob } from './job.js';
export { Journal } from './journal.js';
export { openQueue, type QueueFolders } from './open-queue.js';
export type { CollisionPolicy, PublisherStatus, SourcePolicy } from './publisher.js';
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
