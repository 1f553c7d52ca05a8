/**
 * The context that `activate` is given, made of what the host sent and of calls to the host. Frozen throughout, but for the list
 * of subscriptions: no plugin changes what another part of itself relies on. It keeps a copy of the state; the host has the original.
 */
import { readPicture, writePicture } from '../../picture/index.js';
import {
  type PluginContext,
  type PluginDisposable,
  type PluginMemory,
  type PluginSettings,
  pluginApiVersion,
  type TranslateRequest,
} from '../../plugin-api/index.js';
import type { Parent } from '../../process/index.js';
import type { HandlerOf, HandlerTable } from './handler-table.js';
import type { HandlerKind, HostCalls, PluginStart } from './plugin-protocol.js';
import { scratchFile, withoutFiles } from './scratch-file.js';

export type Host = Parent<HostCalls>;

export function createContext(start: PluginStart, table: HandlerTable, host: Host): PluginContext {
  const { name, version, folder, storagePath, logPath } = start;
  const subscriptions: PluginDisposable[] = [];
  const register =
    <Kind extends HandlerKind>(kind: Kind) =>
    (id: string, handler: HandlerOf[Kind]) =>
      table.register(kind, id, handler);
  return Object.freeze({
    plugin: Object.freeze({ name, version, folder }),
    apiVersion: pluginApiVersion,
    settings: deeplyFrozen(start.settings),
    subscriptions,
    state: Object.freeze(stateOf(start.state, host)),
    secrets: Object.freeze({
      get: async (key: string) => (await host.call('getSecret', { key })) ?? undefined,
      set: (key: string, value: string) => host.call('setSecret', { key, value }),
      delete: (key: string) => host.call('setSecret', { key, value: null }),
    }),
    storagePath,
    logPath,
    log: Object.freeze(logTo(host)),
    translate: (request: TranslateRequest) => translate(request, start.scratchPath, host),
    registerPreprocessor: register('preprocessor'),
    registerPostprocessor: register('postprocessor'),
    registerRouter: register('router'),
    registerRecipe: register('recipe'),
    registerMetric: register('metric'),
    registerCommand: register('command'),
  });
}

function stateOf(initial: PluginStart['state'], host: Host): PluginMemory {
  const values = new Map(Object.entries(initial));
  return {
    get: <T>(key: string) => structuredClone(values.get(key)) as T | undefined,
    keys: () => [...values.keys()],
    set: async (key, value) => {
      await host.call('setState', value === undefined ? { key } : { key, value });
      if (value === undefined) values.delete(key);
      else values.set(key, structuredClone(value));
    },
  };
}

/** A line that cannot be sent is not worth a failure. */
function logTo(host: Host): PluginContext['log'] {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (message: string) => {
    host.call('log', { level, message: String(message) }).catch(() => {});
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function translate({ pair, to, picture, signal }: TranslateRequest, scratch: string, host: Host) {
  const [source, result] = [scratchFile(scratch), scratchFile(scratch)];
  return withoutFiles([source, result], async () => {
    await writePicture(source, picture);
    await host.call('translate', { pair, to, picture: source, result }, { signal });
    return await readPicture(result);
  });
}

function deeplyFrozen(settings: PluginSettings): PluginSettings {
  for (const value of Object.values(settings)) Object.freeze(value);
  return Object.freeze({ ...settings });
}
