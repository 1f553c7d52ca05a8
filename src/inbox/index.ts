export type { RelativePath } from '../base/index.js';
export { Inbox } from './inbox.js';
export type { InboxEvent } from './inbox-event.js';
export type { CurrentFailure, InboxChanges, InboxOptions } from './inbox-options.js';
export { type InspectOptions, inspectInbox, type PlannedAction } from './inspect.js';
export {
  LocalQueue,
  type QueuePause,
  type Router,
  type Routing,
  type Runner,
  type RunRequest,
  type WorkQueue,
} from './jobs/index.js';
export {
  type Attempt,
  type Job,
  type JobState,
  Journal,
  type NewJob,
  type RunReport,
  Sqlite,
  type SqlRow,
  type SqlValue,
  type Translation,
} from './journal/index.js';
export { openQueue, type QueueFolders } from './open-queue.js';
export type { CollisionPolicy, PublisherStatus, SourcePolicy } from './publish/index.js';
export type { QueueEntry } from './queue-entry.js';
export type {
  CancelSelection,
  PurgeSelection,
  QueueChange,
  QueueQuery,
  QueueService,
  QueueStatus,
  RetrySelection,
} from './queue-service.js';
