/**
 * A configuration with everything that it names found: the plugins, the routes' models, and the router and models
 * that follow. Made anew when the configuration or a model file changes; nothing here is written to.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CycleboxError } from '../../base/index.js';
import { availablePairs, type PluginCatalog } from '../../catalog/index.js';
import type { Router } from '../../inbox/index.js';
import { loadPluginSet, type PluginSet, settingFaults } from '../../plugin-host/index.js';
import type { ComputeModel } from '../../worker/index.js';
import type { DaemonConfig } from './config.js';
import { pluginOptionsOf } from './plugin-options.js';
import { type Route, type RouteFor, resolveRoutes, routeForOf, routerOf } from './routes.js';

export interface ResolvedConfig {
  readonly config: DaemonConfig;
  readonly plugins: PluginSet;
  readonly catalog: PluginCatalog;
  readonly routes: readonly Route[];
  /** Faults of plugins; routes have their own. */
  readonly problems: readonly CycleboxError[];
  readonly router: Router;
  /** The route of a path, which also says what its results are called. */
  readonly routeFor: RouteFor;
  /** By translation key. */
  readonly models: ReadonlyMap<string, ComputeModel>;
  /** What the model files were like, to see cheaply whether they still are. */
  readonly fingerprint: string;
}

/** @param loaded the plugins; default: those that are there now */
export async function resolveModels(config: DaemonConfig, loaded?: PluginSet): Promise<ResolvedConfig> {
  const plugins = loaded ?? (await loadPluginSet(pluginOptionsOf(config)));
  const catalog = availablePairs(plugins, config.disabledPairs);
  const routes = await resolveRoutes(config.routes, { catalog, plugins, modelStore: config.models });
  const models = new Map(routes.flatMap(({ key, model }) => (model ? [[key, model] as const] : [])));
  const fingerprint = await fingerprintOf(routes);
  const problems = [...catalog.problems, ...settingFaults(config.settings, plugins)];
  const routeFor = routeForOf(routes);
  const router = routerOf(routes, routeFor);
  return { config, plugins, catalog, routes, problems, router, routeFor, models, fingerprint };
}

/**
 * The configuration with the models that are there by now, when they are others than before; else undefined. Files that are
 * still being written are left for the next look.
 * @param restMs how long a file must have stayed as it is
 */
export async function refreshModels(current: ResolvedConfig, restMs: number): Promise<ResolvedConfig | undefined> {
  const isComplete = current.routes.every(route => !route.problem);
  if (isComplete && (await fingerprintOf(current.routes)) === current.fingerprint) return undefined;
  const fresh = await resolveModels(current.config, current.plugins);
  if (translationsOf(fresh.routes) === translationsOf(current.routes)) return undefined;
  await new Promise(resolve => setTimeout(resolve, restMs));
  return (await fingerprintOf(fresh.routes)) === fresh.fingerprint ? fresh : undefined;
}

/** Folders of the inbox that routes are for. */
export function routeFolders({ config, routes }: ResolvedConfig): readonly string[] {
  return routes.map(route => join(config.inbox, route.folder));
}

/**
 * What `after` names wrongly and `before` did not: pairs, domains, plugins, models that are not what their manifests say.
 * A model that is not there yet is no fault.
 */
export function newFaults(before: ResolvedConfig, after: ResolvedConfig): readonly CycleboxError[] {
  const known = new Set(faultsOf(before).map(String));
  return faultsOf(after).filter(fault => !known.has(String(fault)));
}

function faultsOf({ problems, routes }: ResolvedConfig): readonly CycleboxError[] {
  return [...problems, ...routes.flatMap(({ problem }) => problem ?? [])].filter(
    ({ code }) => code !== 'MODEL_MISSING',
  );
}

/** Keys whose model is another than before, or is there at last. */
export function changedModels(before: ResolvedConfig, after: ResolvedConfig): readonly string[] {
  return [...after.models]
    .filter(([key, model]) => before.models.get(key)?.sha256 !== model.sha256)
    .map(([key]) => key);
}

function translationsOf(routes: readonly Route[]): string {
  return JSON.stringify(
    routes.map(({ key, model, version, problem }) => [key, model?.path, version, problem?.message]),
  );
}

async function fingerprintOf(routes: readonly Route[]): Promise<string> {
  const paths = [...new Set(routes.flatMap(route => route.model?.path ?? []))];
  const marks = await Promise.all(
    paths.map(async path => {
      const stats = await stat(path, { bigint: true }).catch(() => undefined);
      return `${path}:${stats?.ino}:${stats?.size}:${stats?.mtimeNs}`;
    }),
  );
  return marks.join('\n');
}
