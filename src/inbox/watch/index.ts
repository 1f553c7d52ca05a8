export { FileProbe } from './file-probe.js';
export { FolderWatcher, type WatchStatus } from './folder-watcher.js';
export { ignoring } from './junk.js';
export { scanFolder } from './scan.js';
export { type FoundFile, SettleGate } from './settle-gate.js';
export type { OpenWatchBackend } from './watch-backend.js';
