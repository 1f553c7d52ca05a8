export { type DaemonConfig, loadConfig, parseConfig, type RouteConfig, resolveConfig } from './config.js';
export type { ConfigEvent } from './config-event.js';
export { type ConfigOrigin, configOrigins } from './config-origins.js';
export { type ReloadOutcome, restartKeys } from './config-reload.js';
export { configJsonSchema, configSchema, type WatchConfig } from './config-schema.js';
export {
  type DashboardConfig,
  type HookEvent,
  isLoopback,
  type TrainingsConfig,
  type WebhookConfig,
} from './dashboard-config.js';
export { type Environment, environmentKeys, unknownVariables } from './environment.js';
export { checkFolders, makeFolders } from './folders.js';
export { type Applied, LiveConfig } from './live-config.js';
export type { LogFileConfig } from './log-file-config.js';
export { pluginOptionsOf } from './plugin-options.js';
export { presumedState } from './presumed-state.js';
export type { QueueConfig, TrainingShare } from './queue-config.js';
export { type ResolvedConfig, resolveModels, routeFolders } from './resolved-config.js';
export type { Route } from './routes.js';
export { quietAt, type ScheduleConfig } from './schedule.js';
export { fitOf, outputOf, processorsOf, type RouteProcessors, routerIn, versionOf } from './translation-version.js';
export { type UsePair, usePair } from './use-pair.js';
