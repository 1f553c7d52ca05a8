export { type ChooseOptions, type ChosenDevices, chooseAmong, chooseDevices } from './choose-devices.js';
export { type DiscoverOptions, discoverEngines } from './discover-engines.js';
export type { DeviceReport, EngineReport, MeasuredSpeed, SkippedDevice } from './engine-report.js';
export { type Int8Worth, int8WorthOf, isInt8Right, measureInt8 } from './int8-worth.js';
export type { SpeedTest } from './probe-protocol.js';
