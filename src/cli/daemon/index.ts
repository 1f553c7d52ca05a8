/** The daemon on the command line: started, watched, asked and configured. */
export { type BackupCommand, type RestoreCommand, showBackup, showRestore } from './back-up.js';
export { type ConfigOptions, type PrintOptions, printConfig, printSchema, validateConfig } from './check-config.js';
export { logIsRead } from './daemon-log.js';
export { dryRun } from './dry-run.js';
export { initProject } from './init-project.js';
export {
  type CancelOptions,
  cancelJobs,
  type ListOptions,
  listJobs,
  type PauseOptions,
  type PurgeOptions,
  pauseQueue,
  purgeJobs,
  type QueueOptions,
  type RetryOptions,
  resumeQueue,
  retryJobs,
} from './manage-queue.js';
export { type OpenDashboardOptions, showEntrance } from './open-dashboard.js';
export { type RunDaemonOptions, runDaemon } from './run-daemon.js';
export { type RunWorkerOptions, runWorker } from './run-worker.js';
export { type InstallOptions, installService, type ServiceOptions, showService, uninstallService } from './service.js';
export { type ShowStatusOptions, showStatus } from './show-status.js';
