/**
 * Which worker gets which job: pure judgement, no state. A job goes to a worker that has its model in memory, where one has room; a
 * model is loaded elsewhere before a worker stands still; and no job is passed over for ever for the sake of others' models.
 */
export interface Candidate {
  /** Jobs that it runs at a time. */
  readonly slots: number;
  /** Jobs that it has been given. */
  readonly given: number;
  /** Whether it can do a job of this kind at all. */
  serves(job: Placeable): boolean;
  /** Whether the job's model is in its memory. */
  hasModel(job: Placeable): boolean;
  /** Whether it need not fetch the job's model first. */
  hasFile(job: Placeable): boolean;
}

export interface Placeable {
  readonly model: string;
  /** How often it was passed over for another job's sake. */
  readonly passedOver: number;
}

/** Given beyond what it runs, so that a worker has its next job before it has sent off the last. */
export const ahead = 1;

/** A job that was passed over so often goes next, whatever is loaded. */
export const maxPassedOver = 16;

export function hasRoom({ slots, given }: Candidate): boolean {
  return given < slots + ahead;
}

/** The worker for one job; undefined when none that serves it has room. */
export function workerFor<T extends Candidate>(job: Placeable, workers: readonly T[]): T | undefined {
  const fit = workers.filter(worker => hasRoom(worker) && worker.serves(job));
  const load = ({ given, slots }: Candidate) => given / slots;
  const free = fit.filter(({ given, slots }) => given < slots);
  const leastLoaded = (some: readonly T[]) => [...some].sort((a, b) => load(a) - load(b))[0];
  return (
    leastLoaded(free.filter(worker => worker.hasModel(job))) ??
    leastLoaded(free.filter(worker => worker.hasFile(job))) ??
    leastLoaded(free) ??
    leastLoaded(fit.filter(worker => worker.hasModel(job))) ??
    leastLoaded(fit)
  );
}

/** The job that a worker with room gets next, the first in line unless a later one's model is in its memory. */
export function jobFor<J extends Placeable>(worker: Candidate, line: readonly J[]): J | undefined {
  const fit = line.filter(job => worker.serves(job));
  const [first] = fit;
  if (!first || first.passedOver >= maxPassedOver) return first;
  return fit.find(job => worker.hasModel(job)) ?? first;
}
