/**
 * What is in the inbox, sorted by what is to be done: everything that is seen comes through here, again and again, and
 * here it is routed, nowhere else. What is new goes on to settle, with its routing; what the journal knows stays as it
 * stands. It changes no job's state, but for `recheck`.
 */
import type { JobState } from '../base/index.js';
import type { Job, Journal, Wanted } from './journal/index.js';
import { isToBeDoneAgain, keyOf, type RoutedFile, type Router } from './routing.js';
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
  /** Done by 0.1.0, and known better from now on. */
  readonly onAdopted: (files: readonly Wanted[]) => void;
  /** It is known, but something about it has changed since, or its inode is another: what is in it has to be looked at. */
  readonly onDoubt: (job: Job, file: FoundFile) => void;
}

/** States of a job whose file is taken up when it is seen: it had gone, or had changed, and is back. */
const comesBack: ReadonlySet<JobState> = new Set<JobState>(['skipped']);

export class Triage {
  readonly #options: TriageOptions;

  constructor(options: TriageOptions) {
    this.#options = options;
  }

  sort(files: readonly FoundFile[]): void {
    const { journal, route, onToBeDone, onFailed, onDone, onDoubt } = this.#options;
    const routed = files.map((file): RoutedFile => ({ ...file, routing: route(file.path) }));
    const wanted = routed.map(({ path, identity, routing }) => ({ path, identity, translation: keyOf(routing) }));
    const known = journal.findMany(wanted);
    this.#adopt(routed, known);
    const likely = this.#likely(wanted, known);
    for (const [index, file] of routed.entries()) {
      const job = known[index];
      const perhaps = likely.get(index);
      if (perhaps) onDoubt(perhaps, file);
      else if (job && isDoubtful(job, file)) onDoubt(job, file);
      else if (!job || comesBack.has(job.state)) onToBeDone(file);
      else if (job.state === 'failed' || job.state === 'quarantined') onFailed(job);
      else if (job.state === 'done' && isToBeDoneAgain(job, file.routing)) onToBeDone(file);
      else if (job.state === 'done') onDone(job);
    }
  }

  /** For each that is not known: the job of a file that only had another inode, as all have after FAT is mounted again. */
  #likely(wanted: readonly Wanted[], known: readonly (Job | undefined)[]): ReadonlyMap<number, Job> {
    const unknown = wanted.flatMap((file, index) => (known[index] ? [] : [{ file, index }]));
    const jobs = this.#options.journal.findLikely(unknown.map(({ file }) => file));
    return new Map(
      unknown.flatMap(({ index }, at) => {
        const job = jobs[at];
        return job ? [[index, job] as const] : [];
      }),
    );
  }

  /** What was done before anybody wrote down more than inode, size and time stays done, and is known better from now on. */
  #adopt(files: readonly FoundFile[], known: readonly (Job | undefined)[]): void {
    const adopted = files.flatMap((file, index) => {
      const job = known[index];
      return job?.state === 'done' && !job.content ? [{ file, job }] : [];
    });
    if (adopted.length === 0) return;
    const { journal, onAdopted } = this.#options;
    journal.vouch(
      adopted.map(({ file: { identity, changed }, job: { id } }) => ({ id, identity, content: { changed } })),
    );
    onAdopted(adopted.map(({ file: { path, identity }, job: { translation } }) => ({ path, identity, translation })));
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

/** Failures are few: their files are read at once, so that one that replaces them is known for another. */
function isDoubtful({ state, content }: Job, { changed }: FoundFile): boolean {
  if (state === 'done') return content !== undefined && content.changed !== changed;
  return (state === 'failed' || state === 'quarantined') && content?.changed !== changed;
}
