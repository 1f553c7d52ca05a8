/**
 * Reads `watch-config.json`: JSON with comments, strict keys, every fault named with its line. Paths in it are
 * relative to the file, whatever folder the daemon is started from.
 */

import { dirname, resolve } from 'node:path';
import type { MetadataPolicy } from '../../base/index.js';
import { type JsonPath, parseCommentedJson, readConfigText } from '../../commented-json/index.js';
import { type EngineChoice, type Precision, parseEngineChoice } from '../../engine/index.js';
import { type CollisionPolicy, inboxDefaults, type SidecarPolicy } from '../../inbox/index.js';
import type { OutputOptions } from '../../picture/index.js';
import type { Scale, Tiling } from '../../plugin-api/index.js';
import { outputOptionsOf, type WrittenSettings } from '../../plugin-host/index.js';
import { configSchema, type WatchConfig } from './config-schema.js';
import {
  type DashboardConfig,
  dashboardSchema,
  resolveDashboard,
  resolveWebhooks,
  type TrainingsConfig,
  trainingsSchema,
  type WebhookConfig,
  webhookSchema,
} from './dashboard-config.js';
import { type Environment, overlaysOf } from './environment.js';
import { type LogFileConfig, logFileSchema, resolveLogFile } from './log-file-config.js';
import { type QueueConfig, queueSchema, resolveQueue } from './queue-config.js';
import { resolveSchedule, type ScheduleConfig, scheduleSchema } from './schedule.js';
import { resolveStore, type StoreConfig, s3Schema, storeSchema } from './store-config.js';

export interface RouteConfig {
  /** A glob pattern relative to the inbox. */
  readonly match: string;
  /** Empty, as `to` is, where a router chooses. */
  readonly pair: string;
  readonly to: string;
  /** The router that chooses; undefined: none. */
  readonly router: string | undefined;
  /** Ids, in the order in which they change the picture. */
  readonly preprocessors: readonly string[];
  readonly postprocessors: readonly string[];
  /** Higher ones go first. */
  readonly priority: number;
  /** Undefined: what the pair says. */
  readonly scale: Scale | undefined;
  /** What its results are like, as far as it says; the pair says the rest. */
  readonly output: OutputOptions;
  /** A template of its results' names; undefined: the pair's, else its images'. */
  readonly name: string | undefined;
  /** Undefined: what the pair says. */
  readonly tiling: Tiling | undefined;
  /** Whether a new version of the model does files again. */
  readonly reprocess: boolean;
}

/** What the code reads: complete, with absolute paths. */
export interface DaemonConfig {
  readonly inbox: string;
  readonly outbox: string;
  readonly state: string;
  /** Beside the plugins that come with cyclebox. */
  readonly plugins: readonly string[];
  /** The `node_modules` beside the configuration: its packages with the keyword `cyclebox-plugin` are plugins, too. */
  readonly packages: string;
  /** By plugin, then by setting, as written; what a plugin takes of it is its manifest's business. */
  readonly settings: WrittenSettings;
  /** By plugin: what its failure means for the daemon; those that are not named go on without. */
  readonly onPluginFailure: Readonly<Record<string, 'continue' | 'abort'>>;
  /** Ids of pairs that are switched off. */
  readonly disabledPairs: readonly string[];
  /** Undefined: the model store of cyclebox. */
  readonly models: string | undefined;
  readonly settleMs: number;
  readonly rescanMs: number;
  readonly polling: boolean;
  readonly pollMs: number;
  /** Glob patterns relative to the inbox. */
  readonly ignore: readonly string[];
  readonly decodeGraceMs: number;
  readonly onCollision: CollisionPolicy;
  readonly sidecars: SidecarPolicy;
  readonly afterSuccess: 'keep' | 'archive' | 'delete';
  readonly archive: string;
  readonly maxAttempts: number;
  readonly historyDays: number;
  readonly stopTimeoutMs: number;
  /** Undefined: no limit. */
  readonly workerMemoryMegabytes: number | undefined;
  readonly jobTimeoutMs: number;
  /** In order of preference; one worker for each device that they lead to. */
  readonly engine: readonly EngineChoice[];
  readonly precision: Precision | 'auto';
  readonly threads: number | undefined;
  readonly maxMegapixels: number;
  readonly metadata: MetadataPolicy;
  /** Undefined: translated at any time. */
  readonly schedule: ScheduleConfig | undefined;
  /** Undefined: none. */
  readonly logFile: LogFileConfig | undefined;
  /** Undefined: no dashboard. */
  readonly dashboard: DashboardConfig | undefined;
  /** Undefined: none can be started from the dashboard. */
  readonly trainings: TrainingsConfig | undefined;
  /** Undefined: this machine does the work. */
  readonly queue: QueueConfig | undefined;
  /** Between a daemon and its workers. */
  readonly store: StoreConfig;
  readonly webhooks: readonly WebhookConfig[];
  readonly routes: readonly RouteConfig[];
}

/**
 * The file, with what the environment says in its place (`environment.ts`).
 * @throws CONFIG_NOT_FOUND, CONFIG_INVALID with every fault, its line or variable, and what is allowed
 */
export async function loadConfig(file: string, environment: Environment = process.env): Promise<DaemonConfig> {
  const path = resolve(file);
  return resolveConfig(parseConfig(await readConfigText(path), path, environment), dirname(path));
}

/** Completes what the user wrote; paths are taken relative to `folder`. */
export function resolveConfig(config: WatchConfig, folder: string): DaemonConfig {
  const inFolder = (path: string) => resolve(folder, path);
  const resolved: DaemonConfig = {
    inbox: inFolder(config.inbox ?? 'inbox'),
    outbox: inFolder(config.outbox ?? 'outbox'),
    state: inFolder(config.state ?? '.cyclebox'),
    plugins: (config.plugins ?? []).map(inFolder),
    packages: inFolder('node_modules'),
    settings: config.settings ?? {},
    onPluginFailure: config.onPluginFailure ?? {},
    disabledPairs: config.disabledPairs ?? [],
    models: config.models === undefined ? undefined : inFolder(config.models),
    settleMs: config.settleMs ?? inboxDefaults.settleMs,
    rescanMs: config.rescanMs ?? inboxDefaults.rescanMs,
    polling: config.polling ?? inboxDefaults.polling,
    pollMs: config.pollMs ?? inboxDefaults.pollMs,
    ignore: config.ignore ?? inboxDefaults.ignore,
    decodeGraceMs: config.decodeGraceMs ?? inboxDefaults.decodeGraceMs,
    onCollision: config.onCollision ?? inboxDefaults.onCollision,
    sidecars: config.sidecars ?? inboxDefaults.sidecars,
    afterSuccess: config.afterSuccess ?? inboxDefaults.afterSuccess,
    archive: inFolder(config.archive ?? 'archive'),
    maxAttempts: config.maxAttempts ?? inboxDefaults.maxAttempts,
    historyDays: config.historyDays ?? inboxDefaults.historyDays,
    stopTimeoutMs: config.stopTimeoutMs ?? 30_000,
    workerMemoryMegabytes: config.workerMemoryMegabytes,
    jobTimeoutMs: config.jobTimeoutMs ?? inboxDefaults.jobTimeoutMs,
    engine: [config.engine ?? 'auto'].flat().map(parseEngineChoice),
    precision: config.precision ?? 'auto',
    threads: config.threads,
    maxMegapixels: config.maxMegapixels ?? 128,
    metadata: config.metadata ?? 'keep',
    schedule: resolveSchedule(config.schedule),
    logFile: resolveLogFile(config.logFile, inFolder),
    dashboard: resolveDashboard(config.dashboard),
    trainings: config.trainings && {
      images: inFolder(config.trainings.images),
      runs: inFolder(config.trainings.runs ?? 'runs'),
    },
    queue: resolveQueue(config.queue),
    store: resolveStore(config.store, inFolder),
    webhooks: resolveWebhooks(config.webhooks),
    routes: config.routes.map(route => ({
      match: route.match,
      pair: route.pair ?? '',
      to: route.to ?? '',
      router: route.router,
      preprocessors: route.preprocessors ?? [],
      postprocessors: route.postprocessors ?? [],
      priority: route.priority ?? 0,
      scale: route.scale,
      output: outputOptionsOf(route),
      name: route.name,
      tiling: route.tiling,
      reprocess: route.reprocess ?? false,
    })),
  };
  return Object.freeze(resolved);
}

/** @param file its name, for messages @throws CONFIG_INVALID with every fault, its line and what is allowed */
export function parseConfig(text: string, file: string, environment: Environment = {}): WatchConfig {
  return parseCommentedJson(text, { file, schema: configSchema, knownKeys, overlays: overlaysOf(environment) });
}

function knownKeys(path: JsonPath): string[] {
  const { shape } = configSchema;
  const inside: Readonly<Record<string, object>> = {
    routes: shape.routes.element.shape,
    dashboard: dashboardSchema.shape,
    trainings: trainingsSchema.shape,
    webhooks: webhookSchema.shape,
    queue: queueSchema.shape,
    logFile: logFileSchema.shape,
    store: path.includes('s3') ? s3Schema.shape : storeSchema.shape,
    schedule: path.includes('quiet') ? scheduleSchema.shape.quiet.element.shape : scheduleSchema.shape,
  };
  return Object.keys(inside[String(path[0])] ?? shape);
}
