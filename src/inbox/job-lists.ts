/**
 * What people look at: jobs a page at a time, one with its attempts, what has changed, failures by cause. It reads the journal
 * and changes nothing; `ChangeJobs` and `QueueControl` do.
 */
import type { JobId, JobState } from '../base/index.js';
import type {
  Attempt,
  Backlog,
  FailureCount,
  Job,
  JobFilter,
  JobOrder,
  Journal,
  PageQuery,
  TranslationFacts,
} from './journal/index.js';
import { type QueueEntry, toEntry } from './queue-entry.js';

/** A job, and how long its last attempt took. */
export interface ListedJob extends QueueEntry {
  /** From its start to its end; absent while none has ended. */
  readonly ms?: number | undefined;
}

export interface ListedPage {
  readonly jobs: readonly ListedJob[];
  /** Where the next page begins; undefined on the last. */
  readonly next: string | undefined;
}

/** A job with everything that the journal has of it. */
export interface JobHistory {
  readonly entry: ListedJob;
  readonly job: Job;
  /** Newest first. */
  readonly attempts: readonly Attempt[];
}

export interface JobLists {
  page(query: PageQuery): ListedPage;
  /** Jobs last changed at `sinceMs` (epoch) or later, the first changed first, at most `limit`. */
  changedSince(sinceMs: number, limit: number): readonly ListedJob[];
  count(filter: JobFilter): Readonly<Partial<Record<JobState, number>>>;
  /** By id, or by path relative to the inbox. */
  history(idOrPath: string): JobHistory | undefined;
  neighbours(
    id: string,
    filter: JobFilter & { readonly order?: JobOrder | undefined },
  ): { readonly previous: string | undefined; readonly next: string | undefined };
  /** What stands as failed, by code and translation, the most frequent first. */
  failures(): readonly FailureCount[];
  translations(): ReadonlyMap<string, TranslationFacts>;
  /** What is queued, by translation. */
  backlog(): readonly Backlog[];
}

export function openJobLists(journal: Journal): JobLists {
  const { pages, history } = journal;
  return {
    page(query) {
      const { jobs, next } = pages.page(query);
      return { jobs: listed(pages, jobs), next };
    },
    changedSince: (sinceMs, limit) => listed(pages, pages.changedSince(sinceMs, limit)),
    count: filter => pages.counts(filter),
    history(idOrPath) {
      const job = history.named(idOrPath);
      const [entry] = job ? listed(pages, [job]) : [];
      return job && entry && { entry, job, attempts: journal.attempts(job.id).toReversed() };
    },
    neighbours: (id, filter) => pages.neighbours(id as JobId, filter),
    failures: () => pages.failures(),
    translations: () => pages.byTranslation(),
    backlog: () => history.backlog(),
  };
}

function listed(pages: Journal['pages'], jobs: readonly Job[]): readonly ListedJob[] {
  const times = pages.lastAttemptMs(jobs.map(({ id }) => id));
  return jobs.map(job => {
    const ms = times.get(job.id);
    return { ...toEntry(job), ...(ms !== undefined && { ms }) };
  });
}
