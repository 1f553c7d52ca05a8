export {
  configJsonSchema,
  configSchema,
  type DaemonConfig,
  loadConfig,
  parseConfig,
  pluginOptionsOf,
  type ReloadOutcome,
  type Route,
  type RouteConfig,
  resolveConfig,
  type WatchConfig,
} from './config/index.js';
export type { DaemonFacts, DaemonService, DaemonStatus } from './control/index.js';
export { type Daemon, type DaemonOptions, startDaemon } from './daemon.js';
export type { DaemonEvent } from './daemon-event.js';
export { inspectConfig, inspectFiles } from './inspect-config.js';
export { type FoundService, findService, openService } from './open-service.js';
export {
  type ChooseDevices,
  type ResolvedDevices,
  resolveDevices,
  type WorkerEvent,
  type WorkerFacts,
} from './pool/index.js';
