export { checkTraining } from './check-training.js';
export { resumeTraining, type TrainOptions, train } from './train.js';
export { newRunOrder, resumeOrder } from './training-order.js';
export type { PlannedNetwork, PlannedStage, TrainingPlan } from './training-plan.js';
export { explainInProcess, TrainingProcess, type TrainingProcessOptions } from './training-process.js';
export type { TrainingOrder, TrainingResult, TrainingStatus } from './training-protocol.js';
