export { modelOf, type RemoteDevice, type WorkerRecord, withAnyModel } from './messages.js';
export {
  type DispatchEvent,
  type RemoteDeviceFacts,
  RemoteRunner,
  type RemoteRunnerOptions,
} from './remote-runner.js';
export { type Served, type ServeEvent, type ServeOptions, serveJobs, type WorkerFeatures } from './serve-jobs.js';
export {
  type FetchedModel,
  ModelCache,
  type ModelSource,
  NotOffered,
  type S3Place,
  S3Store,
  SharedFolderStore,
  type WatcherStore,
  type WorkerStore,
} from './store/index.js';
export * from './trainings/index.js';
