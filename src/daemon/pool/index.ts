export { runnerOf } from './runner.js';
export { type PoolSettings, type WorkerEvent, type WorkerFacts, WorkerPool } from './worker-pool.js';
export { type ChooseDevices, findWorkplaces, NextWorkplaces, type Workplaces } from './workplaces.js';
