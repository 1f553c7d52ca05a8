/**
 * Tells a job that kills its worker from an environment that kills every worker: three different jobs in a row, with
 * no success in between, mean the latter. Jobs that are known to kill do not count: their deaths say nothing new.
 */
import type { JobId } from '../../base/index.js';

const jobsInARow = 3;

export class CrashCorrelator {
  readonly #sinceSuccess = new Set<JobId>();

  /** @param isSuspect whether the job has killed a worker before */
  workerCrashed(job: JobId, isSuspect: boolean): 'job' | 'environment' {
    if (!isSuspect) this.#sinceSuccess.add(job);
    if (this.#sinceSuccess.size < jobsInARow) return 'job';
    this.#sinceSuccess.clear();
    return 'environment';
  }

  succeeded(): void {
    this.#sinceSuccess.clear();
  }
}
