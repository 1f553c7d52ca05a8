export { type Backup, backUp, type Restored, restore } from './backup/index.js';
export {
  type ConfigOrigin,
  configJsonSchema,
  configOrigins,
  configSchema,
  type DaemonConfig,
  type DashboardConfig,
  type Environment,
  environmentKeys,
  type HookEvent,
  isLoopback,
  type LogFileConfig,
  loadConfig,
  parseConfig,
  pluginOptionsOf,
  type ReloadOutcome,
  type Route,
  type RouteConfig,
  resolveConfig,
  restartKeys,
  type TrainingShare,
  type TrainingsConfig,
  unknownVariables,
  type WatchConfig,
  type WebhookConfig,
} from './config/index.js';
export type { DaemonFacts, DaemonService, DaemonStatus } from './control/index.js';
export { type Daemon, type DaemonOptions, startDaemon } from './daemon.js';
export type { DaemonEvent } from './daemon-event.js';
export { inspectConfig, inspectFiles, type LikelyResult } from './inspect-config.js';
export type { LiveService } from './live-service.js';
export { type FoundService, findService, openService, runningPlugins } from './open-service.js';
export { PluginTranslator, processingSteps, runPluginCommand } from './plugins/index.js';
export {
  type ChooseDevices,
  type ResolvedDevices,
  resolveDevices,
  type WorkerEvent,
  type WorkerFacts,
} from './pool/index.js';
export {
  openTrainingQueue,
  type ServeTrainingOptions,
  serveQueuedTrainings,
  trainingPlaces,
} from './queued-trainings.js';
export { processorsOfJob, type ReplayOptions, replayJob } from './replay-job.js';
export { type ServingOptions, type ServingWorker, serveWorker } from './serve-worker.js';
export {
  finite,
  type ImageFolder,
  orNull,
  type TrainingAction,
  type TrainingRunEvent,
  type TrainingRuns,
  type TrainingSummary,
} from './trainings/index.js';
export {
  deviceWords,
  EventLog,
  eventWords,
  type LogLine,
  type LogQuery,
  type Said,
  type SaidLevel,
  serveWords,
  statusLines,
  statusWarnings,
} from './words/index.js';
