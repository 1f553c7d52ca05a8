export type { RemoteDevice, WorkerRecord } from './messages.js';
export {
  type DispatchEvent,
  type RemoteDeviceFacts,
  RemoteRunner,
  type RemoteRunnerOptions,
} from './remote-runner.js';
export { type Served, type ServeEvent, type ServeOptions, serveJobs, type WorkerFeatures } from './serve-jobs.js';
export { SharedFolderStore, type WatcherStore, type WorkerStore } from './store/index.js';
export * from './trainings/index.js';
