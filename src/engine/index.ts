export { type Accelerators, findAccelerators } from './accelerators.js';
export * from './contract.js';
export {
  type ChooseOptions,
  type ChosenDevices,
  chooseAmong,
  chooseDevices,
  type DeviceReport,
  type DiscoverOptions,
  discoverEngines,
  type EngineReport,
  type Int8Worth,
  int8WorthOf,
  isInt8Right,
  type MeasuredSpeed,
  measureInt8,
  type SkippedDevice,
  type SpeedTest,
} from './discovery/index.js';
export { offeredEngines, parseEngineChoice, splitChoice } from './engine-choice.js';
export { type OpenEngineOptions, openEngine } from './open-engine.js';
export {
  evaluate,
  type Float64Tensor,
  type Float64Tensors,
  operationNames,
  referenceEngine,
} from './reference/index.js';
