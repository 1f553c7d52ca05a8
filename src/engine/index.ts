export * from './contract.js';
export type { DeviceReport, EngineReport, MeasuredSpeed, PassedOver } from './discovery/engine-report.js';
export { openEngine } from './open-engine.js';
export {
  evaluate,
  type Float64Tensor,
  type Float64Tensors,
  operationNames,
  referenceEngine,
} from './reference/index.js';
