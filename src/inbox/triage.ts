/**
 * What is in the inbox, sorted by what is to be done: everything that is seen comes through here, again and again, and
 * here it is routed, nowhere else. What is new goes on to settle, with its routing; what the journal knows stays as it
 * stands. It reads the journal and, but for `recheck`, writes nothing there.
 */
import type { JobState } from '../base/index.js';
import type { Job, Journal } from './journal/index.js';
import { keyOf, type RoutedFile, type Router, type Routing } from './routing.js';
import type { FoundFile } from './watch/index.js';

export interface TriageOptions {
  readonly journal: Journal;
  readonly route: Router;
  /** There is something to be done to it, once it has settled. */
  readonly onToBeDone: (file: RoutedFile) => void;
  /** It failed, or was set aside, and has not changed since. */
  readonly onFailed: (job: Job) => void;
  /** It is done, and is still in the inbox. */
  readonly onDone: (job: Job) => void;
}

/** States of a job whose file is taken up when it is seen: it had gone, or had changed, and is back. */
const comesBack: ReadonlySet<JobState> = new Set<JobState>(['skipped']);

export class Triage {
  readonly #options: TriageOptions;

  constructor(options: TriageOptions) {
    this.#options = options;
  }

  sort(files: readonly FoundFile[]): void {
    const { journal, route, onToBeDone, onFailed, onDone } = this.#options;
    const routed = files.map(({ path, identity }): RoutedFile => ({ path, identity, routing: route(path) }));
    const wanted = routed.map(({ path, identity, routing }) => ({ path, identity, translation: keyOf(routing) }));
    const known = journal.findMany(wanted);
    for (const [index, file] of routed.entries()) {
      const job = known[index];
      if (!job || comesBack.has(job.state)) onToBeDone(file);
      else if (job.state === 'failed' || job.state === 'quarantined') onFailed(job);
      else if (job.state === 'done' && isToBeDoneAgain(job, file.routing)) onToBeDone(file);
      else if (job.state === 'done') onDone(job);
    }
  }

  /**
   * Queued jobs whose file has another route by now, or none, are dropped; the next scan brings their files here. Jobs
   * that run go on as they began.
   */
  recheck(): void {
    const { journal, route } = this.#options;
    for (const jobs of journal.history.inStates(['queued'])) {
      journal.skipMany(jobs.filter(job => keyOf(route(job.path)) !== job.translation).map(({ id }) => id));
    }
  }
}

function isToBeDoneAgain(job: Job, routing: Routing): boolean {
  return routing.kind === 'translate' && routing.reprocess === true && routing.translation.version !== job.version;
}
