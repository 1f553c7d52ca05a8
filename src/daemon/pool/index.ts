export type { WorkerFacts } from './pool-member.js';
export { runnerOf } from './runner.js';
export { type PoolSettings, type WorkerEvent, WorkerPool } from './worker-pool.js';
export { type ChooseDevices, findWorkplaces, type Workplaces } from './workplaces.js';
