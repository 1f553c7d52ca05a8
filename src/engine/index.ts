export * from './contract.js';
export { type Accelerators, findAccelerators } from './discovery/accelerators.js';
export { type ChooseOptions, type ChosenDevices, chooseAmong, chooseDevices } from './discovery/choose-devices.js';
export { type DiscoverOptions, discoverEngines } from './discovery/discover-engines.js';
export type { DeviceReport, EngineReport, MeasuredSpeed, SkippedDevice } from './discovery/engine-report.js';
export type { SpeedTest } from './discovery/probe-protocol.js';
export { offeredEngines, parseEngineChoice, splitChoice } from './engine-choice.js';
export { type OpenEngineOptions, openEngine } from './open-engine.js';
export {
  evaluate,
  type Float64Tensor,
  type Float64Tensors,
  operationNames,
  referenceEngine,
} from './reference/index.js';
