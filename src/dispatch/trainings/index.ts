export { isEnded, type RunFault, type RunOwner, type RunStanding } from './run-log.js';
export { orderOf, type RunOrder, type TrainingRoots } from './run-order.js';
export type { RunStatus } from './run-queues.js';
export { type RunStore, SharedRuns } from './run-store.js';
export {
  type ServedTrainings,
  type ServeTrainingsEvent,
  type ServeTrainingsOptions,
  serveTrainings,
} from './serve-trainings.js';
export type { AttemptOutcome } from './training-attempt.js';
export { type QueuedRun, TrainingQueue, type TrainingQueueOptions } from './training-queue.js';
