export { formatProgress, formatRate } from './format-progress.js';
export type {
  EventOf,
  HistoryEvent,
  HistoryKind,
  JsonObject,
  JsonValue,
  ReferenceMetrics,
  RunDescription,
  TrainingWarning,
} from './history-event.js';
export { historyPath } from './history-log.js';
export { ProgressMeter, type StepProgress } from './progress-meter.js';
export { type RunHistory, readHistory } from './read-history.js';
export { type EvaluationResult, RunRecorder, type RunRecorderOptions } from './run-recorder.js';
export type { SampleRetention } from './sample-folder.js';
export { columnsOf, type SampleGrid, type SampleRow } from './sample-grid.js';
export type { StepValues } from './step-window.js';
export { writeReport } from './write-report.js';
