export type { AttemptFiles, OfferedImage, WatcherStore, WorkerStore, WorkFiles } from './job-store.js';
export { type FetchedModel, ModelCache, type ModelCacheOptions } from './model-cache.js';
export { type ModelSource, NotOffered } from './model-set.js';
export type { S3Place } from './s3-bucket.js';
export { S3Store } from './s3-store.js';
export { SharedFolderStore, type SharedFolders } from './shared-folder.js';
