/** Pairs with the health of both directions, and plugins, over HTTP. */
import { CycleboxError } from '../../base/index.js';
import { availablePairs, type Direction, type DomainPair, directionsOf } from '../../catalog/index.js';
import type { LiveService, Route } from '../../daemon/index.js';
import { type DirectionHealth, healthText, readHealth, type PairHealth as SelfTests } from '../../health/index.js';
import type { TranslationFacts } from '../../inbox/index.js';
import {
  disablePlugin,
  enablePlugin,
  isInForce,
  type PluginCosts,
  type PluginFacts,
  type PluginRecord,
  type PluginState,
  permissionsText,
  pluginPlaces,
  readCosts,
  stateText,
} from '../../plugin-host/index.js';
import type { PairHealth, PluginStatus } from '../contract/index.js';
import { addRoute } from '../http/index.js';
import type { RouteContext } from './context.js';

export function addPairRoutes({ server, service, feed }: RouteContext): void {
  addRoute(server, 'listPairs', async () => {
    const { plugins, config } = service;
    const { pairs, problems } = availablePairs(plugins);
    const facts = service.jobs.translations();
    const tested = await readHealth(config.state);
    const health = await Promise.all(pairs.map(pair => healthOf(service, pair, facts, tested)));
    const disabled = new Set(config.disabledPairs);
    return {
      pairs: health.map(pair => ({ ...pair, isDisabled: disabled.has(pair.id) })),
      problems: problems.map(({ code, message }) => ({ code, message })),
    };
  });
  addRoute(server, 'listPlugins', async () => ({
    plugins: await Promise.all(withFacts(service).map(([record, facts]) => statusOf(service, record, facts))),
  }));
  addRoute(server, 'runPluginCommand', async ({ params: { command }, body: { words } }) => {
    const result = await service.runCommand(command, words);
    return { text: typeof result === 'string' ? result : (JSON.stringify(result, null, 2) ?? '') };
  });
  addRoute(server, 'switchPlugin', async ({ params: { name }, body: { enabled } }) => {
    const record = service.plugins.records.find(one => one.name === name && one.state.kind !== 'superseded');
    if (!record)
      throw new CycleboxError('PLUGIN_NOT_FOUND', `There is no plugin "${name}".`, { subject: { plugin: name } });
    await switchOne(service.config.state, record, enabled);
    await service.reload();
    feed.touch();
    const now = service.plugins.records.find(one => one.name === name && one.state.kind !== 'superseded');
    return { message: `${name} is ${enabled ? 'enabled' : 'disabled'}: ${stateText((now ?? record).state)}` };
  });
}

type WithoutSwitch = Omit<PairHealth, 'isDisabled'>;

async function healthOf(
  { config, routes }: LiveService,
  pair: DomainPair,
  facts: ReadonlyMap<string, TranslationFacts>,
  tested: SelfTests,
): Promise<WithoutSwitch> {
  const { id, title, description, domains, plugin, models } = pair;
  const directions = await directionsOf(pair, { modelStore: config.models });
  const isMissing = directions.some(({ problem }) => problem?.code === 'MODEL_MISSING');
  const [a, b] = domains;
  const command = `cyclebox train --pair ${id} --a DIR_OF_${a.toUpperCase()} --b DIR_OF_${b.toUpperCase()} --out runs/${id}`;
  return {
    ...{ id, title, domains },
    ...(description !== undefined && { description }),
    plugin: { name: plugin.name, version: plugin.version, folder: plugin.folder },
    directions: directions.map(direction => {
      const licence = models.get(direction.to)?.licence;
      const key = `${id}/${direction.to}`;
      return {
        ...directionHealth(direction),
        ...selfTestOf(tested.get(key), direction),
        routes: routes.filter(route => route.key === key).map(placeOf),
        ...factsOf(facts.get(key)),
        ...(licence !== undefined && { licence: `weights: ${licence.weights}; images: ${licence.data}` }),
      };
    }),
    ...(isMissing && { trainCommand: command }),
  };
}

type HealthOf = Pick<PairHealth['directions'][number], 'from' | 'to' | 'health' | 'problem' | 'model'>;

function directionHealth({ from, to, model, problem }: Direction): HealthOf {
  if (model) {
    const { path, sha256, sizeBytes } = model;
    return { from, to, health: 'ready', model: { path, sha256, sizeBytes } };
  }
  const { code, message } = problem;
  return { from, to, health: code === 'MODEL_MISSING' ? 'missing' : 'faulty', problem: { code, message } };
}

/** Of another model than this one it says nothing. */
function selfTestOf(
  found: DirectionHealth | undefined,
  { model }: Direction,
): Pick<PairHealth['directions'][number], 'selfTest'> {
  if (!found || found.sha256 !== model?.sha256) return {};
  return { selfTest: { text: healthText(found), isSound: found.faults.length === 0 } };
}

const placeOf = ({ match, folder }: Route) => ({ match, folder });

function factsOf({ done, failed, msPerImage }: Partial<TranslationFacts> = {}) {
  return { done: done ?? 0, failed: failed ?? 0, ...(msPerImage !== undefined && { msPerImage }) };
}

/** Files say what there is, the host what its processes do. */
function withFacts(service: LiveService): readonly (readonly [PluginRecord, PluginFacts | undefined])[] {
  const facts = service.pluginFacts();
  return service.plugins.records.map((record, index) => {
    const own = facts[index];
    return [record, own?.name === record.name ? own : undefined];
  });
}

async function statusOf(
  { config }: LiveService,
  record: PluginRecord,
  facts: PluginFacts | undefined,
): Promise<PluginStatus> {
  const { name, version = '?', folder, source, plugin } = record;
  const state = facts?.state ?? record.state;
  const fault = 'problem' in state ? state.problem : facts?.fault;
  const pairs = plugin?.manifest.contributes.domainPairs?.map(({ id }) => id) ?? [];
  const isCoded = plugin?.main !== undefined;
  return {
    ...{ name, version, folder, pairs, origin: source, state: stateText(state), isEnabled: isInForce(state) },
    commands: isInForce(state) ? (plugin?.manifest.contributes.commands ?? []) : [],
    permissions: isCoded ? [permissionsText(plugin.manifest.permissions ?? {})] : [],
    ...(isCoded && { cost: costOf(facts?.costs ?? (await readCosts(pluginPlaces(config.state, name).ledger))) }),
    ...processOf(state, facts?.memoryBytes),
    ...(fault && { problem: { code: fault.code, message: fault.message } }),
  };
}

function processOf(state: PluginState, memoryBytes: number | undefined): Pick<PluginStatus, 'process'> {
  if (state.kind !== 'active' && state.kind !== 'unresponsive') return {};
  const { pid, sinceMs } = state;
  return { process: { pid, sinceMs, ...(memoryBytes !== undefined && { memoryBytes }) } };
}

/** Since its ledger was begun, over restarts. */
function costOf({ calls, starts, crashes, peakBytes }: PluginCosts): Record<string, number> {
  const all = Object.values(calls);
  const sum = (key: 'calls' | 'failures' | 'totalMs') => all.reduce((total, one) => total + one[key], 0);
  const longestMs = Math.max(0, ...all.map(one => one.longestMs));
  return {
    calls: sum('calls'),
    failures: sum('failures'),
    totalMs: sum('totalMs'),
    longestMs,
    starts,
    crashes,
    peakBytes,
  };
}

/** Code that wants more than its own folder is enabled on the command line, where what it may do is shown and agreed to. */
async function switchOne(state: string, { name, plugin }: PluginRecord, enabled: boolean): Promise<void> {
  if (!enabled) return disablePlugin(state, name, Date.now());
  if (!plugin) throw new CycleboxError('PLUGIN_INVALID', `${name} cannot be enabled: its manifest cannot be used.`);
  const permissions = plugin.manifest.permissions ?? {};
  const asksForMore = Object.values(permissions).some(each => (Array.isArray(each) ? each.length > 0 : each === true));
  if (plugin.main !== undefined && asksForMore) {
    const message = `${name} runs code that may: ${permissionsText(permissions)}. Allow it on the command line: cyclebox plugins enable ${name}`;
    throw new CycleboxError('USAGE', message, { subject: { plugin: name } });
  }
  await enablePlugin(state, name, permissions, Date.now());
}
