export type { MemoryStep } from '../translate/index.js';
export type {
  ComputeApi,
  ComputeFit,
  ComputeListener,
  ComputeModel,
  ComputeSettings,
  DecodeReport,
  EncodeReport,
  InspectReport,
  TranslateReport,
  WorkerStatus,
} from './compute-protocol.js';
export { computeProtocol, defaultComputeSettings } from './compute-protocol.js';
export {
  type ComputeReport,
  type ComputeStage,
  type ComputeTask,
  ComputeWorker,
  type ComputeWorkerOptions,
  type InspectTask,
  type PictureExchange,
  type PictureStep,
  type PictureSteps,
  type PrefetchRequest,
} from './compute-worker.js';
export { type ExpectedFile, FileCheck } from './expected-file.js';
