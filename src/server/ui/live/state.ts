/**
 * What the stream has told, as signals: the daemon's status, trainings under way, the latest lines of the log. Everything here can be
 * thrown away and had again: a snapshot replaces it, deltas change it. Lists of jobs are not here; they hear of changes by `onJobs`.
 */
import { signal } from '@preact/signals';
import type { DashboardStatus, LogRecord, StreamEvent, StreamEventOf, TrainingRun } from '../contract.js';

export const status = signal<DashboardStatus | undefined>(undefined);
/** By id; those that run, and those that have ended while the page was open. */
export const trainings = signal<ReadonlyMap<string, TrainingRun>>(new Map());
/** The latest, oldest first. */
export const logRecords = signal<readonly LogRecord[]>([]);
/** Of the last event, by the server's clock; milliseconds since 1970. */
export const asOfMs = signal<number | undefined>(undefined);
/** Changes whenever lists should be asked for anew: a new snapshot, or more changes than were told. */
export const epoch = signal(0);

const mostRecords = 1000;

type JobsListener = (event: StreamEventOf<'jobs'>) => void;
const listeners = new Set<JobsListener>();

/** @returns what ends it */
export function onJobs(listener: JobsListener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function apply(event: StreamEvent): void {
  asOfMs.value = event.atMs;
  switch (event.type) {
    case 'snapshot':
      status.value = event.status;
      trainings.value = new Map(event.trainings.map(run => [run.id, run]));
      epoch.value++;
      return;
    case 'status':
      status.value = event.status;
      return;
    case 'training':
      trainings.value = new Map(trainings.value).set(event.run.id, event.run);
      return;
    case 'log':
      logRecords.value = [...logRecords.value, ...event.records].slice(-mostRecords);
      return;
    case 'jobs':
      for (const listener of listeners) listener(event);
      if (event.many) epoch.value++;
      return;
    default:
      event satisfies never;
  }
}

/** What a page that joins another one's stream needs to begin with. */
export function currentSnapshot(): StreamEvent | undefined {
  if (status.value === undefined || asOfMs.value === undefined) return undefined;
  return { type: 'snapshot', atMs: asOfMs.value, status: status.value, trainings: [...trainings.value.values()] };
}
