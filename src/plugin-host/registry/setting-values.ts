/**
 * What users write under `settings` of `watch-config.json`, held against what plugins declare: every value complete, or named with
 * what is allowed. A value that is wrong is never handed on; the plugin gets its default, and the fault is told.
 */
import { CycleboxError, didYouMean } from '../../base/index.js';
import type { PluginManifest, SettingDeclaration } from '../../plugin-api/index.js';
import type { PluginSet } from './plugin-set.js';

/** By plugin, then by setting, as written. */
export type WrittenSettings = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export type SettingValue = boolean | number | string | readonly (string | number)[];

export type SettingValues = Readonly<Record<string, SettingValue>>;

/** Of one plugin: what was written where it is right, else the default; without either, nothing. */
export function settingsOf({ name, contributes }: PluginManifest, written: WrittenSettings): SettingValues {
  const values = written[name] ?? {};
  const entries = declared(contributes).flatMap(([key, setting]) => {
    const value = Object.hasOwn(values, key) ? values[key] : undefined;
    const chosen = value !== undefined && faultOf(setting, value) === undefined ? value : setting.default;
    return chosen === undefined ? [] : [[key, chosen as SettingValue] as const];
  });
  return Object.freeze(Object.fromEntries(entries));
}

/** CONFIG_INVALID for each plugin that is not there, setting that it does not have, and value that it does not take. */
export function settingFaults(written: WrittenSettings, { records }: PluginSet): readonly CycleboxError[] {
  const plugins = new Map(records.flatMap(({ plugin }) => (plugin ? [[plugin.name, plugin.manifest] as const] : [])));
  const unreadable = new Set(records.filter(({ plugin }) => !plugin).map(({ name }) => name));
  return Object.entries(written).flatMap(([name, values]) => {
    const manifest = plugins.get(name);
    if (manifest) return faultsIn(manifest, values);
    // That it cannot be used is told elsewhere.
    return unreadable.has(name) ? [] : [fault(`settings: ${noPlugin(name, [...plugins.keys()])}`, name)];
  });
}

function faultsIn({ name, contributes }: PluginManifest, values: Readonly<Record<string, unknown>>): CycleboxError[] {
  const settings = new Map(declared(contributes));
  return Object.entries(values).flatMap(([key, value]) => {
    const setting = settings.get(key);
    const words = setting ? faultOf(setting, value) : notDeclared(name, key, [...settings.keys()]);
    return words === undefined ? [] : [fault(`settings.${name}.${key}: ${words}`, name)];
  });
}

function declared({ configuration }: PluginManifest['contributes']): [string, SettingDeclaration][] {
  return Object.entries(configuration?.properties ?? {});
}

function noPlugin(name: string, known: readonly string[]): string {
  return `there is no plugin "${name}".${didYouMean(name, known)} "cyclebox plugins list" lists those that are there.`;
}

function notDeclared(plugin: string, key: string, known: readonly string[]): string {
  if (known.length === 0) return `"${key}" is not a known key: ${plugin} has no settings.`;
  return `"${key}" is not a known key.${didYouMean(key, known) || ` Known are ${known.join(', ')}.`}`;
}

/** What is wrong with a value; undefined when nothing is. */
export function faultOf(setting: SettingDeclaration, value: unknown): string | undefined {
  switch (setting.type) {
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `must be true or false, not ${shown(value)}`;
    case 'number':
    case 'integer':
      return isNumberFor(setting, value) ? undefined : `must be ${numberWords(setting)}, not ${shown(value)}`;
    case 'string':
      return stringFault(setting.enum, value);
    case 'array':
      return listFault(setting.items.type, value);
    default:
      return setting satisfies never;
  }
}

type NumberWords = Extract<SettingDeclaration, { readonly type: 'number' | 'integer' }>;

function isNumberFor({ type, minimum = -Infinity, maximum = Infinity }: NumberWords, value: unknown): boolean {
  if (typeof value !== 'number' || !Number.isFinite(value)) return false;
  return (type === 'number' || Number.isInteger(value)) && value >= minimum && value <= maximum;
}

function numberWords({ type, minimum, maximum }: NumberWords): string {
  const noun = type === 'integer' ? 'a whole number' : 'a number';
  const from = minimum === undefined ? '' : ` from ${minimum}`;
  return `${noun}${from}${maximum === undefined ? '' : ` up to ${maximum}`}`;
}

function stringFault(allowed: readonly string[] | undefined, value: unknown): string | undefined {
  if (typeof value !== 'string') return `must be a string, not ${shown(value)}`;
  if (!allowed || allowed.includes(value)) return undefined;
  return `must be one of ${allowed.join(', ')}, not ${shown(value)}.${didYouMean(value, allowed)}`;
}

function listFault(type: 'string' | 'number' | 'integer', value: unknown): string | undefined {
  const isRight = (item: unknown) => (type === 'string' ? typeof item === 'string' : isNumberFor({ type }, item));
  const words = { string: 'strings', number: 'numbers', integer: 'whole numbers' }[type];
  return Array.isArray(value) && value.every(isRight) ? undefined : `must be a list of ${words}, not ${shown(value)}`;
}

const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 80) ?? String(value);

function fault(message: string, plugin: string): CycleboxError {
  return new CycleboxError('CONFIG_INVALID', message, { subject: { plugin } });
}

/** The JSON Schema of `settings`, for editors: each plugin's under its name. */
export function settingsJsonSchema({ records }: PluginSet): Record<string, unknown> {
  const entries = records.flatMap(({ plugin }) => {
    const { configuration } = plugin?.manifest.contributes ?? {};
    if (!plugin || !configuration) return [];
    const { title = `Settings of ${plugin.name}.`, properties } = configuration;
    return [[plugin.name, { type: 'object', description: title, properties, additionalProperties: false }] as const];
  });
  return { type: 'object', properties: Object.fromEntries(entries), additionalProperties: { type: 'object' } };
}
