export { type DaemonConfig, loadConfig, parseConfig, type RouteConfig, resolveConfig } from './config.js';
export type { ReloadOutcome } from './config-reload.js';
export { configJsonSchema, configSchema, type WatchConfig } from './config-schema.js';
export { type Daemon, type DaemonOptions, startDaemon } from './daemon.js';
export type { DaemonEvent } from './daemon-event.js';
export type { DaemonFacts, DaemonService, DaemonStatus } from './daemon-service.js';
export { inspectConfig, inspectFiles } from './inspect-config.js';
export { openService } from './open-service.js';
export type { Route } from './routes.js';
