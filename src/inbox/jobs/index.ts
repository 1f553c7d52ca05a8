export type { JobEvent } from './job-event.js';
export { JobLine } from './job-line.js';
export type { QueuePause } from './pause-gate.js';
export type { Router, Routing } from './routing.js';
export type { Runner, RunRequest } from './runner.js';
export { LocalQueue, type WorkQueue } from './work-queue.js';
