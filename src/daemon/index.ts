export { type DaemonConfig, loadConfig, parseConfig, type RouteConfig, resolveConfig } from './config.js';
export { configJsonSchema, configSchema, type WatchConfig } from './config-schema.js';
export { type Daemon, type DaemonEvent, type DaemonOptions, startDaemon } from './daemon.js';
export type { Route } from './routes.js';
