/** The work of `cyclebox plugins list` and `info`. A plugin that cannot be used makes the exit code of `list` 1. */
import { CycleboxError, didYouMean, errorToData } from '../../base/index.js';
import { type DirectionHealth, healthText, readHealth } from '../../health/index.js';
import type { ContributionPointName, PluginPermissions } from '../../plugin-api/index.js';
import {
  type ContributionPoint,
  loadPluginSet,
  type Plugin,
  type PluginRecord,
  type PluginSet,
  permissionsText,
  pointNames,
  points,
  stateText,
  unguardedOf,
} from '../../plugin-host/index.js';
import { exitCodes, printError } from '../terminal/index.js';
import { costLines, costsOf, type ShownRecord, withLiveStates } from './live-states.js';
import { findProject, type PluginsOptions } from './plugin-project.js';

export type InfoOptions = PluginsOptions;

/** @returns the exit code */
export async function listPlugins(options: PluginsOptions): Promise<number> {
  const { options: places, state } = await findProject(options);
  const set = await loadPluginSet(places);
  const records = await withLiveStates(set.records, state);
  if (options.json) printJson({ plugins: records.map(toPlain), problems: set.problems.map(errorToPlain) });
  else for (const line of table(records)) print(line);
  for (const problem of set.problems) printError(problem);
  return set.problems.length > 0 ? exitCodes.failed : exitCodes.ok;
}

/** @returns the exit code @throws PLUGIN_NOT_FOUND */
export async function describePlugin(name: string, options: InfoOptions): Promise<number> {
  const { options: places, state } = await findProject(options);
  const found = requirePlugin(await loadPluginSet(places), name);
  const [record = found as ShownRecord] = await withLiveStates([found], state);
  const health = await healthOf(found, state);
  const costs = record.costs ?? (await costsOf(state, name));
  if (options.json) printJson({ ...toPlain(record), health, ...(costs && { costs }) });
  else
    for (const line of [...describe(record), ...describeHealth(health), ...(costs ? costLines(costs) : [])])
      print(line);
  return exitCodes.ok;
}

/** The one in force, else the first. @throws PLUGIN_NOT_FOUND with the one that was probably meant */
export function requirePlugin({ records }: PluginSet, name: string): PluginRecord {
  const called = records.filter(record => record.name === name);
  const found = called.find(({ state }) => state.kind !== 'superseded') ?? called[0];
  if (found) return found;
  const known = [...new Set(records.map(record => record.name))];
  const message = `There is no plugin "${name}"; known are ${known.join(', ') || 'none'}.${didYouMean(name, known)}`;
  throw new CycleboxError('PLUGIN_NOT_FOUND', message, { subject: { plugin: name } });
}

function table(records: readonly ShownRecord[]): readonly string[] {
  const rows = records.map(record => [
    record.name,
    record.version ?? '?',
    record.source,
    stateText(record.state),
    broughtBy(record.plugin)
      .map(({ point, ids }) => `${point}: ${ids.join(', ')}`)
      .join('; '),
  ]);
  const widths = [0, 1, 2, 3].map(column => Math.max(0, ...rows.map(row => row[column]!.length)));
  return rows.map(row =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** What it may do, and what this version of Node cannot keep it from. */
function permissionLines(permissions: PluginPermissions): readonly string[] {
  return [
    `may:         ${permissionsText(permissions)}`,
    ...unguardedOf(permissions).map(what => `             ${what}`),
  ];
}

function describe(record: ShownRecord): readonly string[] {
  const { plugin, folder, source, state } = record;
  const { manifest } = plugin ?? {};
  const permissions = plugin?.main === undefined ? [] : permissionLines(manifest?.permissions ?? {});
  const settings = Object.entries(manifest?.contributes.configuration?.properties ?? {});
  return [
    `${record.name} ${record.version ?? '?'}${plugin?.publisher === undefined ? '' : ` by ${plugin.publisher}`}`,
    ...(manifest?.description === undefined ? [] : [manifest.description]),
    `state:       ${stateText(state)}`,
    ...('problem' in state
      ? [`             ${state.problem.message}`]
      : record.fault
        ? [`             ${record.fault.message}`]
        : []),
    ...(record.memoryBytes === undefined ? [] : [`             it holds ${Math.round(record.memoryBytes / 1e6)} MB`]),
    `folder:      ${folder} (${source})`,
    `code:        ${plugin?.main ?? 'none: nothing of it is ever run'}`,
    ...permissions,
    ...(plugin?.main === undefined ? [] : [`started by:  ${plugin.activationEvents.join(', ') || 'nothing'}`]),
    ...broughtBy(plugin).map(({ point, ids }) => `${`${point}:`.padEnd(12)} ${ids.join(', ')}`),
    ...settings.map(([key, setting]) => `setting:     ${key} (${setting.type}) ${setting.description ?? ''}`.trimEnd()),
    ...(plugin?.notes ?? []).map(note => `note:        ${note}`),
  ];
}

/** What self-tests found, by direction. */
type Health = Readonly<Record<string, DirectionHealth>>;

async function healthOf({ plugin }: PluginRecord, state: string): Promise<Health> {
  const pairs = plugin?.manifest.contributes.domainPairs ?? [];
  const keys = pairs.flatMap(({ id, models = {} }) => Object.keys(models).map(to => `${id}/${to}`));
  const found = await readHealth(state);
  return Object.fromEntries([...found].filter(([key]) => keys.includes(key)));
}

function describeHealth(health: Health): readonly string[] {
  return Object.entries(health).map(([key, found]) => `self-test:   ${key} ${healthText(found)}`);
}

interface Brought {
  readonly point: ContributionPointName;
  readonly ids: readonly string[];
}

function broughtBy(plugin: Plugin | undefined): readonly Brought[] {
  return pointNames.flatMap(name => {
    const value = plugin?.manifest.contributes[name];
    if (value === undefined || name === 'configuration') return [];
    const point = points[name] as unknown as ContributionPoint;
    const ids = point.items(value as never).map(item => point.idOf(item) ?? '');
    return ids.length === 0 ? [] : [{ point: name, ids }];
  });
}

function toPlain(record: ShownRecord): Record<string, unknown> {
  const { plugin, state, costs: _, ...rest } = record;
  const { publisher, main, activationEvents, notes, manifest } = plugin ?? {};
  return {
    ...rest,
    ...(publisher !== undefined && { publisher }),
    ...(manifest?.description !== undefined && { description: manifest.description }),
    state: { ...state, text: stateText(state) },
    ...(plugin && { coded: main !== undefined, activationEvents, permissions: manifest?.permissions ?? {}, notes }),
    contributes: Object.fromEntries(broughtBy(plugin).map(({ point, ids }) => [point, ids])),
    settings: manifest?.contributes.configuration?.properties ?? {},
  };
}

function errorToPlain(error: CycleboxError): Record<string, unknown> {
  const { code, message, subject } = errorToData(error);
  return { code, message, subject };
}

const print = (line: string): boolean => process.stdout.write(`${line}\n`);
const printJson = (value: unknown): boolean => print(JSON.stringify(value, null, 2));
