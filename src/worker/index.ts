export type { MemoryStep } from '../translate/index.js';
export type {
  ComputeApi,
  ComputeFit,
  ComputeListener,
  ComputeModel,
  ComputeSettings,
  DecodeReport,
  EncodeReport,
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
} from './compute-worker.js';
