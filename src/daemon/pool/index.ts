export type { WorkerFacts } from './pool-member.js';
export { type ChooseDevices, type ResolvedDevices, resolveDevices } from './resolve-devices.js';
export { type DisposableSteps, type PluginWork, runnerOf, type Work } from './runner.js';
export { type PoolSettings, type WorkerEvent, WorkerPool } from './worker-pool.js';
