export type { JobEvent } from './job-event.js';
export { JobLine } from './job-line.js';
export type { QueuePause } from './pause-gate.js';
export type { CurrentTranslation, Runner, RunRequest } from './runner.js';
