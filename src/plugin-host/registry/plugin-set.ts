/**
 * All plugins that were found at one moment, each with how it stands, and what those in force contribute. Data: nothing here
 * changes; `registry.ts` makes a new one when plugins come, change or go.
 */
import { CycleboxError, errorToData } from '../../base/index.js';
import { type ContributionPointName, pluginApiVersion } from '../../plugin-api/index.js';
import { type Contributed, type ContributionPoint, points } from '../points/index.js';
import { codeFolders } from './code-fingerprint.js';
import { type Discovery, discoverPlugins, type PluginPlaces } from './discover-plugins.js';
import { type PluginDecision, type PluginDecisions, readDecisions } from './enablement-store.js';
import { type FoundPlugin, isCoded, type Plugin, type PluginSource } from './plugin.js';
import { isInForce, permissionsCover, type SettledState, stateText } from './plugin-state.js';

export interface PluginRecord {
  readonly name: string;
  /** Undefined where the manifest does not say one that can be read. */
  readonly version: string | undefined;
  readonly folder: string;
  readonly source: PluginSource;
  /** Undefined when its manifest cannot be used. */
  readonly plugin: Plugin | undefined;
  readonly state: SettledState;
}

export interface PluginSet {
  /** In order of precedence. */
  readonly records: readonly PluginRecord[];
  /** Of folders, manifests, and plugins that another of the same name stands in the way of. */
  readonly problems: readonly CycleboxError[];
}

export interface PluginSetOptions extends PluginPlaces {
  /** Where decisions are kept; undefined: nothing was decided. */
  readonly state?: string | undefined;
  /** True: coded plugins are off. */
  readonly safe?: boolean | undefined;
}

export async function loadPluginSet(options: PluginSetOptions): Promise<PluginSet> {
  const { state, safe = false } = options;
  const decisions = state === undefined ? new Map<string, PluginDecision>() : await readDecisions(state);
  return pluginSetOf(await discoverPlugins(options), decisions, safe);
}

export function pluginSetOf({ found, problems }: Discovery, decisions: PluginDecisions, safe: boolean): PluginSet {
  const first = new Map<string, Plugin>();
  for (const { plugin } of found) if (plugin && !first.has(plugin.name)) first.set(plugin.name, plugin);
  const records = found.map(one => recordOf(one, first, decisions, safe));
  const own = found.flatMap(({ problem }) => problem ?? []);
  return { records, problems: [...problems, ...own, ...found.flatMap(one => hidden(one, first))] };
}

/** Whether two sets hold the same plugins, unchanged, and as they stood. */
export function isSameSet(a: PluginSet, b: PluginSet): boolean {
  return summary(a) === summary(b);
}

function summary({ records, problems }: PluginSet): string {
  const plugins = records.map(({ folder, plugin, state }) => [folder, plugin?.fingerprint, stateText(state)]);
  return JSON.stringify([plugins, problems.map(String)]);
}

/** Folders in which something happens when a plugin comes, changes or goes; those of cyclebox itself never change. */
export async function pluginFolders(options: PluginPlaces, { records }: PluginSet): Promise<readonly string[]> {
  const own = records.filter(({ source }) => source !== 'built-in');
  const coded = await Promise.all(own.map(({ folder, plugin }) => (plugin?.main ? codeFolders(folder) : [folder])));
  const places = [options.installed, options.packages].filter(place => place !== undefined);
  return [...(options.folders ?? []), ...places, ...coded.flat()];
}

/** What the plugins in force contribute to a point, in their order. */
export function contributionsOf<Name extends ContributionPointName>(
  { records }: PluginSet,
  name: Name,
): readonly Contributed<Name>[] {
  const point = points[name] as unknown as ContributionPoint<Name>;
  return records.flatMap(({ plugin, state }) => {
    const value = plugin?.manifest.contributes[name];
    if (!plugin || value === undefined || !isInForce(state)) return [];
    const { version, folder, source } = plugin;
    const contributor = { name: plugin.name, version, folder, isBuiltIn: source === 'built-in' };
    return point.items(value as never).map(item => ({ plugin: contributor, value: item }));
  });
}

function recordOf(
  found: FoundPlugin,
  first: ReadonlyMap<string, Plugin>,
  decisions: PluginDecisions,
  safe: boolean,
): PluginRecord {
  const { folder, source, plugin } = found;
  if (!plugin) {
    return { name: found.name, version: found.version, folder, source, plugin, state: faultOf(found) };
  }
  const { name, version } = plugin;
  const winner = first.get(name);
  const state: SettledState =
    winner && winner !== plugin
      ? { kind: 'superseded', version: winner.version, folder: winner.folder }
      : settledState(plugin, decisions.get(name), safe);
  return { name, version, folder, source, plugin, state };
}

function faultOf({ problem, engines = '' }: Extract<FoundPlugin, { readonly problem: CycleboxError }>): SettledState {
  return problem.code === 'PLUGIN_ENGINE_MISMATCH'
    ? { kind: 'incompatible', needs: engines, ours: pluginApiVersion }
    : { kind: 'invalid', problem: errorToData(problem) };
}

/** How a plugin stands that no other is in the way of. */
export function settledState(plugin: Plugin, decision: PluginDecision | undefined, safe: boolean): SettledState {
  const { enabled, decidedMs = 0, consent, crashes } = decision ?? {};
  if (enabled === false) return { kind: 'disabledByUser', sinceMs: decidedMs };
  if (!isCoded(plugin)) return { kind: 'ready' };
  if (crashes) return { kind: 'disabledByCrashes', crashes: crashes.count, sinceMs: crashes.sinceMs };
  if (safe) return { kind: 'disabledBySafeMode' };
  const permissions = plugin.manifest.permissions ?? {};
  const needsConsent = plugin.source === 'installed' || plugin.source === 'package';
  const isAllowed = enabled === true && permissionsCover(consent ?? {}, permissions);
  return needsConsent && !isAllowed ? { kind: 'awaitingConsent', permissions } : { kind: 'idle' };
}

/** Those of cyclebox give way without a word. */
function hidden({ plugin }: FoundPlugin, first: ReadonlyMap<string, Plugin>): readonly CycleboxError[] {
  const winner = plugin && first.get(plugin.name);
  if (!plugin || !winner || winner === plugin || plugin.source === 'built-in') return [];
  const message =
    `There are two plugins called ${plugin.name}: ${winner.version} in ${winner.folder} is used, ${plugin.version} in ` +
    `${plugin.folder} is not. Remove one of the two or change its name.`;
  return [new CycleboxError('PLUGIN_DUPLICATE', message, { subject: { plugin: plugin.name, file: plugin.folder } })];
}
