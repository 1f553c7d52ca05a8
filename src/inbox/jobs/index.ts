export type { JobEvent } from './job-event.js';
export { JobScheduler } from './job-scheduler.js';
export type { QueuePause } from './pause-gate.js';
export type { CurrentTranslation, PrefetchRequest, Runner, RunRequest } from './runner.js';
export { SidecarCarrier } from './sidecar-carrier.js';
