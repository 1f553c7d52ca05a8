export type { Batch } from './batch.js';
export type { DataReport, UnfitImage } from './data-report.js';
export { reportsOf } from './data-report.js';
export { type DataSettings, geometryOf, type Pairing } from './data-settings.js';
export { describeReport } from './describe-report.js';
export type { SkippedFile } from './empty-folder.js';
export { type Geometry, type Preprocess, preprocessings } from './geometry.js';
export { matchPairs } from './match-pairs.js';
export { type FolderScan, reasonOf, scanFolder } from './scan-folder.js';
export { type DataSurvey, decodedBytes, decodedBytesOf, epochLength, surveyData } from './survey.js';
export {
  type DataState,
  defaultCacheBytes,
  type OpenDataOptions,
  openTrainingData,
  type SkippedInTraining,
  type StageSettings,
  type TrainingData,
} from './training-data.js';
export type { Waiting } from './wait-meter.js';
