export type { ImageFolder } from './image-folders.js';
export { type StartTraining, type TrainingAction, type TrainingRunEvent, TrainingRuns } from './training-runs.js';
export { finite, orNull, type TrainingState, type TrainingSummary } from './training-summary.js';
