export type { Attempt, Job, NewJob, Translation } from './job.js';
export { type Ingested, Journal, leaseMs, type RefusedFile, type ToIngest } from './journal.js';
export { newestJob } from './journal-history.js';
export type { Wanted } from './journal-intake.js';
export { type OpenedJournal, openJournal } from './open-journal.js';
export { forgetGone } from './retention.js';
export type { RunReport } from './run-report.js';
export { Sqlite, type SqlRow, type SqlValue } from './sqlite.js';
export { lockStateFolder } from './state-lock.js';
