export type { AttemptFiles, WatcherStore, WorkerStore, WorkFiles } from './job-store.js';
export { SharedFolderStore, type SharedFolders } from './shared-folder.js';
