export type { JobAction, JobSelection, JobsChange } from './change-jobs.js';
export { Inbox } from './inbox.js';
export type { InboxEvent } from './inbox-event.js';
export {
  type CurrentFailure,
  type InboxChanges,
  type InboxOptions,
  inboxDefaults,
  type SidecarPolicy,
} from './inbox-options.js';
export { type InspectOptions, inspectInbox, type PlannedAction } from './inspect.js';
export type { JobHistory, JobLists, ListedJob, ListedPage } from './job-lists.js';
export type { CurrentTranslation, PrefetchRequest, QueuePause, Runner, RunRequest } from './jobs/index.js';
export {
  type Attempt,
  type Backlog,
  checkJournal,
  copyJournal,
  Deliveries,
  type Delivery,
  type FailureCount,
  type Job,
  type JobCounts,
  type JobFilter,
  type JobOrder,
  Journal,
  type NewJob,
  type PageQuery,
  type RunReport,
  replaceJournal,
  Sqlite,
  type SqlRow,
  type SqlValue,
  type Translation,
  type TranslationFacts,
} from './journal/index.js';
export { openQueue, type QueueFolders } from './open-queue.js';
export {
  type CollisionPolicy,
  collisionPolicies,
  openPublisher,
  type Publisher,
  type PublisherStatus,
  type SourcePolicy,
  sidecars,
} from './publish/index.js';
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
export type { Router, Routing } from './routing.js';
