export { hasCheckpoint, latestCheckpoint } from './checkpoint.js';
export { ImagePool } from './image-pool.js';
export { learningRateFactor } from './learning-rate-factor.js';
export { freshStart, type RunStart, resumedStart, type TrainerOptions } from './run-start.js';
export { stageAt } from './stage-at.js';
export { type Losses, StepRunner } from './step-runner.js';
export { Trainer } from './trainer.js';
export { assembleParts, assembleStage, type StageParts, type TrainingParts } from './training-parts.js';
export { variablesOf } from './variables.js';
