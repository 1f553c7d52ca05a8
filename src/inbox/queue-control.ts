/**
 * Answers what people ask of the queue. It works on the journal alone, so that it serves commands when no daemon
 * runs; a running one lends its line, which knows what runs now.
 */

import type { Clock, JobId, RelativePath } from '../base/index.js';
import { endedStates, type JobState } from '../base/index.js';
import type { QueuePause } from './jobs/index.js';
import { forgetGone, type Job, type Journal } from './journal/index.js';
import { type QueueEntry, toEntry } from './queue-entry.js';
import type {
  CancelSelection,
  PurgeSelection,
  QueueChange,
  QueueQuery,
  QueueService,
  QueueStatus,
  RetrySelection,
} from './queue-service.js';
import { keyOf, type Router } from './routing.js';

/** What a running daemon adds. */
export interface LiveQueue {
  readonly pause: QueuePause | undefined;
  pauseByUser(reason: string): void;
  resume(): void;
  /** Gives a running job's work up; false when it does not run. */
  cancel(id: JobId): boolean;
  /** Jobs have been queued. */
  pump(): void;
  /** The order of those that wait is another than before. */
  reorder(): void;
  /** A file is to be looked at again. */
  look(path: RelativePath): void;
  /** A job no longer stands as failed, or was cancelled by name. */
  changed(job: Job, state: 'queued' | 'cancelled'): void;
}

export interface QueueControlOptions {
  readonly journal: Journal;
  /** Absolute. */
  readonly inbox: string;
  /** Without it nothing is known to be stale. */
  readonly route?: Router | undefined;
  readonly clock: Clock;
  readonly live?: LiveQueue | undefined;
}

const failedStates: readonly JobState[] = ['failed', 'quarantined'];
const runningStates: readonly JobState[] = ['running', 'publishing'];
const listedByDefault: readonly JobState[] = [...runningStates, 'queued', ...failedStates];
const pausedKey = 'paused';

export class QueueControl implements QueueService {
  readonly #options: QueueControlOptions;

  constructor(options: QueueControlOptions) {
    this.#options = options;
  }

  status(): QueueStatus {
    const { journal, live } = this.#options;
    const running = journal.history.list(runningStates, 1000).map(toEntry);
    return { counts: journal.counts(), pause: live ? live.pause : this.userPause(), running };
  }

  list({ states = listedByDefault, limit = 1000 }: QueueQuery = {}): readonly QueueEntry[] {
    return this.#options.journal.history.list(states, limit).map(toEntry);
  }

  retry(which: RetrySelection): QueueChange {
    const change = 'ids' in which ? this.#retryNamed(which.ids) : this.#retryAll('stale' in which);
    this.#options.live?.pump();
    return change;
  }

  cancel(which: CancelSelection): QueueChange {
    if ('ids' in which) {
      const change = this.#eachNamed(which.ids, job => this.#cancel(job));
      this.#options.live?.pump();
      return change;
    }
    return { changed: this.#options.journal.cancelWaiting(), refused: [] };
  }

  pause(reason = ''): void {
    const sinceMs = Math.trunc(this.#options.clock.epochMs());
    this.#options.journal.set(pausedKey, JSON.stringify({ reason, sinceMs }));
    this.#options.live?.pauseByUser(reason);
  }

  resume(): void {
    this.#options.journal.set(pausedKey, undefined);
    this.#options.live?.resume();
  }

  async purge({ states = endedStates, olderThanMs = 0 }: PurgeSelection = {}): Promise<QueueChange> {
    const { journal, inbox, clock } = this.#options;
    const ended = states.filter(state => endedStates.includes(state));
    if (ended.length === 0) return { changed: 0, refused: [] };
    return { changed: await forgetGone(journal, inbox, ended, clock.epochMs() - olderThanMs), refused: [] };
  }

  /** The pause that was asked for and not ended, perhaps before a restart. */
  userPause(): QueuePause | undefined {
    const text = this.#options.journal.setting(pausedKey);
    if (text === undefined) return undefined;
    const { reason, sinceMs } = JSON.parse(text) as { readonly reason: string; readonly sinceMs: number };
    return { by: 'user', reason, sinceMs };
  }

  #retryNamed(ids: readonly string[]): QueueChange {
    return this.#eachNamed(ids, job => {
      if (!endedStates.includes(job.state)) return `it is ${job.state}`;
      this.#requeue(job);
      return undefined;
    });
  }

  #retryAll(stale: boolean): QueueChange {
    const { journal } = this.#options;
    let changed = 0;
    for (const jobs of journal.history.inStates(stale ? ['done'] : failedStates)) {
      for (const job of jobs) {
        if (!stale) this.#requeue(job);
        else if (!this.#redoStale(job)) continue;
        changed++;
      }
    }
    return { changed, refused: [] };
  }

  /** A file that has no translation, or another one by now, is not queued but looked at again. */
  #requeue(job: Job): void {
    const { journal, live, route } = this.#options;
    if (job.translation === '' || (route && keyOf(route(job.path)) !== job.translation)) {
      journal.skipped(job.id);
      live?.look(job.path);
    } else journal.requeue(job.id, job.state === 'done');
    live?.changed(job, 'queued');
  }

  #redoStale(job: Job): boolean {
    const { journal, route } = this.#options;
    const routing = route?.(job.path);
    if (routing?.kind !== 'translate' || routing.translation.key !== job.translation) return false;
    if (routing.translation.version === job.version) return false;
    if (journal.find(job.path, job.identity, job.translation)?.id !== job.id) return false;
    const { path, identity } = job;
    journal.enqueue([{ path, identity, translation: routing.translation, priority: routing.priority, redo: true }]);
    return true;
  }

  #cancel(job: Job): string | undefined {
    const { journal, live } = this.#options;
    if (runningStates.includes(job.state)) return live?.cancel(job.id) ? undefined : 'it is about to end';
    if (job.state !== 'queued') return `it is ${job.state}`;
    journal.cancelled(job.id);
    live?.changed(job, 'cancelled');
    return undefined;
  }

  /** @param work says why not, if not */
  #eachNamed(ids: readonly string[], work: (job: Job) => string | undefined): QueueChange {
    const refused: { id: string; why: string }[] = [];
    for (const id of ids) {
      const job = this.#options.journal.history.named(id);
      const why = job ? work(job) : 'no job has this id, and no file this path';
      if (why !== undefined) refused.push({ id, why });
    }
    return { changed: ids.length - refused.length, refused };
  }
}
