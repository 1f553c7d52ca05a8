export { type Endpoint, type Problem, problem } from './endpoint.js';
export {
  type Answer,
  type Body,
  type EndpointName,
  endpoints,
  type Params,
  type Query,
  type Received,
} from './endpoints.js';
export type { JobAttempt, JobDetail, JobFilter, JobRow, JobStateName, QueueChangeAnswer } from './jobs.js';
export { jobStates } from './jobs.js';
export type { LogRecord } from './log.js';
export type { PairHealth, PluginStatus } from './pairs.js';
export type { FailureGroup } from './queue.js';
export type { DashboardStatus, RouteStatus } from './status.js';
export { type StreamEvent, type StreamEventOf, streamEvent } from './stream.js';
export type { ConfigAnswer, DoctorAnswer } from './system.js';
export type { TrainingDetail, TrainingRun } from './trainings.js';
