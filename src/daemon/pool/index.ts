export type { WorkerFacts } from './pool-member.js';
export { type ChooseDevices, type ResolvedDevices, resolveDevices } from './resolve-devices.js';
export { runnerOf } from './runner.js';
export { type PoolSettings, type WorkerEvent, WorkerPool } from './worker-pool.js';
