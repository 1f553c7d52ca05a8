/**
 * Settled files become jobs: the one place where the journal learns of new work. A batch is one transaction; what fails
 * here comes again with the next scan. It routes nothing: each file brings what is to be done to it.
 */
import { faultPoint } from '../base/index.js';
import type { Ingested, Job, Journal, NewJob, RefusedFile, ToIngest } from './journal/index.js';
import { isToBeDoneAgain, keyOf, type RoutedFile } from './routing.js';

export class Intake {
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Returns the jobs as they stand, and those of files that no translation was found for. */
  ingest(files: readonly RoutedFile[]): Ingested {
    if (files.length === 0) return { queued: [], refused: [] };
    const known = this.#lookUp(files);
    const jobs: ToIngest<NewJob>[] = [];
    const refused: ToIngest<RefusedFile>[] = [];
    for (const [index, { path, identity, routing }] of files.entries()) {
      const job = known[index];
      const isUnknown = job === undefined;
      // Meanwhile the job of an earlier mount did it.
      if (job?.state === 'done' && !isToBeDoneAgain(job, routing)) continue;
      if (routing.kind === 'refuse') refused.push({ path, identity, error: routing.error, isUnknown });
      else {
        const { translation, priority } = routing;
        jobs.push({ path, identity, translation, priority, redo: job?.state === 'done', isUnknown });
      }
    }
    const taken = this.#journal.ingest(jobs, refused);
    if (taken.queued.length > 0) faultPoint('seen');
    return taken;
  }

  /** Anew: while they settled, some may have become jobs. */
  #lookUp(files: readonly RoutedFile[]): readonly (Job | undefined)[] {
    return this.#journal.findMany(
      files.map(({ path, identity, routing }) => ({ path, identity, translation: keyOf(routing) })),
    );
  }
}
