/**
 * Changes to many jobs at once, by id or by filter: hundreds in one transaction, with room for everything else in between.
 * Which jobs a filter holds is settled at the start; one that has moved on by its turn is refused, never changed twice.
 */
import { setImmediate } from 'node:timers/promises';
import { endedStates, type JobId, type RelativePath } from '../base/index.js';
import type { Job, JobFilter, Journal } from './journal/index.js';
import type { LiveQueue } from './queue-control.js';
import type { QueueChange } from './queue-service.js';
import { keyOf, type Router } from './routing.js';

export type JobAction = 'retry' | 'cancel' | 'run-next';

/** Jobs by id, or all of a filter, if they are not more than somebody was shown and has confirmed. */
export type JobSelection =
  | { readonly ids: readonly string[] }
  | { readonly filter: JobFilter; readonly atMost: number };

export interface JobsChange extends QueueChange {
  /** The filter holds so many, more than `atMost`; nothing was changed. */
  readonly exceeds?: number | undefined;
}

export interface ChangeJobsOptions {
  readonly journal: Journal;
  readonly route: Router;
  readonly live: Pick<LiveQueue, 'cancel' | 'pump' | 'look' | 'changed' | 'reorder'>;
}

const atOnce = 500;
/** Of those that were not changed, so many are named. */
const mostRefusals = 100;

interface Tally {
  changed: number;
  readonly refused: { readonly id: string; readonly why: string }[];
}

export class ChangeJobs {
  readonly #options: ChangeJobsOptions;

  constructor(options: ChangeJobsOptions) {
    this.#options = options;
  }

  async change(action: JobAction, which: JobSelection): Promise<JobsChange> {
    const ids = 'ids' in which ? which.ids : this.#idsOf(which);
    if (typeof ids === 'number') return { changed: 0, refused: [], exceeds: ids };
    const tally: Tally = { changed: 0, refused: [] };
    for (let at = 0; at < ids.length; at += atOnce) {
      if (at > 0) await setImmediate();
      this.#changeSome(action, ids.slice(at, at + atOnce), tally);
    }
    this.#options.live.pump();
    return { changed: tally.changed, refused: tally.refused.slice(0, mostRefusals) };
  }

  /** How many there are, where they are too many. */
  #idsOf({ filter, atMost }: { readonly filter: JobFilter; readonly atMost: number }): readonly JobId[] | number {
    const { pages } = this.#options.journal;
    const counts = Object.values(pages.counts(filter)).reduce((sum, count) => sum + count, 0);
    return counts > atMost ? counts : pages.ids(filter);
  }

  #changeSome(action: JobAction, ids: readonly string[], tally: Tally): void {
    const jobs = this.#options.journal.pages.named(ids as readonly JobId[]);
    const known = new Set<string>(jobs.map(({ id }) => id));
    for (const id of ids) if (!known.has(id)) tally.refused.push({ id, why: 'no job has this id' });
    const isFit = fits[action];
    for (const { id, state } of jobs.filter(job => !isFit(job))) tally.refused.push({ id, why: `it is ${state}` });
    const fit = jobs.filter(isFit);
    if (action === 'retry') this.#retry(fit, tally);
    else if (action === 'cancel') this.#cancel(fit, tally);
    else tally.changed += this.#runNext(fit);
  }

  /** A file that has no translation, or another one by now, is not queued but looked at again. */
  #retry(jobs: readonly Job[], tally: Tally): void {
    const { journal, live, route } = this.#options;
    const isOther = ({ translation, path }: Job) => translation === '' || keyOf(route(path)) !== translation;
    const others = new Set<RelativePath>(jobs.filter(isOther).map(({ path }) => path));
    journal.skipMany(jobs.filter(({ path }) => others.has(path)).map(({ id }) => id));
    journal.requeueMany(jobs.filter(({ path }) => !others.has(path)).map(({ id }) => id));
    for (const path of others) live.look(path);
    for (const job of jobs) live.changed(job, 'queued');
    tally.changed += jobs.length;
  }

  #cancel(jobs: readonly Job[], tally: Tally): void {
    const { journal, live } = this.#options;
    const waiting = jobs.filter(({ state }) => state === 'queued');
    tally.changed += journal.cancelMany(waiting.map(({ id }) => id));
    for (const job of waiting) live.changed(job, 'cancelled');
    for (const { id } of jobs.filter(({ state }) => state !== 'queued')) {
      if (live.cancel(id)) tally.changed++;
      else tally.refused.push({ id, why: 'it is about to end' });
    }
  }

  #runNext(jobs: readonly Job[]): number {
    const count = this.#options.journal.runNext(jobs.map(({ id }) => id));
    this.#options.live.reorder();
    return count;
  }
}

const fits: Readonly<Record<JobAction, (job: Job) => boolean>> = {
  retry: ({ state }) => endedStates.includes(state),
  cancel: ({ state }) => !endedStates.includes(state),
  'run-next': ({ state }) => state === 'queued',
};
