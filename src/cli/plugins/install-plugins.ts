/**
 * The work of `cyclebox plugins install` and `uninstall`. What the plugin will be able to do is shown before it is put in place; its
 * code still waits for `plugins enable`.
 */
import { CycleboxError, didYouMean } from '../../base/index.js';
import { availablePairs } from '../../catalog/index.js';
import { type DirectionHealth, healthText, testPairs } from '../../health/index.js';
import {
  installPlugin,
  loadPluginSet,
  type Plugin,
  type PluginSetOptions,
  permissionsText,
  stateText,
  uninstallPlugin,
} from '../../plugin-host/index.js';
import { exitCodes } from '../terminal/index.js';
import { requirePlugin } from './list-plugins.js';
import { findProject, type PluginsOptions } from './plugin-project.js';

export type InstallOptions = PluginsOptions;
export type UninstallOptions = PluginsOptions;

/** @returns the exit code */
export async function installPlugins(source: string, options: InstallOptions): Promise<number> {
  const { state, options: places } = await findProject(options);
  const installed = await installPlugin(state, source, plugin => {
    if (!options.json) process.stdout.write(`${whatItWillDo(plugin)}\n`);
    return true;
  });
  if (!installed) return exitCodes.failed;
  const { plugin, replaced } = installed;
  const record = requirePlugin(await loadPluginSet(places), plugin.name);
  const text = stateText(record.state);
  const health = await testInstalled(plugin.name, places, state);
  if (options.json) {
    const permissions = plugin.manifest.permissions ?? {};
    const { name, version, folder } = plugin;
    const report = { name, version, folder, replaced, coded: plugin.main !== undefined, permissions };
    process.stdout.write(`${JSON.stringify({ ...report, state: { ...record.state, text }, health }, null, 2)}\n`);
    return exitCodes.ok;
  }
  const instead = replaced === undefined ? '' : ` in the place of ${replaced}`;
  process.stdout.write(`${plugin.name} ${plugin.version} is installed${instead}: ${text}\n`);
  for (const [key, found] of Object.entries(health)) process.stdout.write(`${key} was tested: ${healthText(found)}\n`);
  if (record.state.kind === 'awaitingConsent')
    process.stdout.write(`to run it: cyclebox plugins enable ${plugin.name}\n`);
  return exitCodes.ok;
}

/** Its models, on one small picture each; those of other plugins were tested in their time. */
async function testInstalled(
  name: string,
  places: PluginSetOptions,
  state: string,
): Promise<Readonly<Record<string, DirectionHealth>>> {
  const { pairs } = availablePairs(await loadPluginSet(places));
  const found: Record<string, DirectionHealth> = {};
  await testPairs(
    pairs.filter(({ plugin }) => plugin.name === name),
    {
      state,
      onTested: (key, health) => {
        found[key] = health;
      },
    },
  );
  return found;
}

function whatItWillDo({ name, version, publisher, main, manifest }: Plugin): string {
  const by = publisher === undefined ? '' : ` by ${publisher}`;
  const may =
    main === undefined
      ? 'has no code: nothing of it is run'
      : `runs code, which may: ${permissionsText(manifest.permissions ?? {})}`;
  return `${name} ${version}${by} ${may}.`;
}

/** @returns the exit code @throws PLUGIN_NOT_FOUND, USAGE for a plugin that came another way */
export async function uninstallPlugins(name: string, options: UninstallOptions): Promise<number> {
  const { state, options: places } = await findProject(options);
  const { records } = await loadPluginSet(places);
  const installed = records.filter(({ source }) => source === 'installed');
  if (!installed.some(record => record.name === name)) throw notInstalled(name, records, installed);
  await uninstallPlugin(state, name);
  const report = options.json ? JSON.stringify({ name, uninstalled: true }, null, 2) : `${name} is uninstalled`;
  process.stdout.write(`${report}\n`);
  return exitCodes.ok;
}

type Named = readonly { readonly name: string; readonly folder: string }[];

function notInstalled(name: string, all: Named, installed: Named): CycleboxError {
  const elsewhere = all.find(record => record.name === name);
  const names = installed.map(record => record.name);
  if (!elsewhere) {
    const message = `No plugin "${name}" is installed; installed are ${names.join(', ') || 'none'}.${didYouMean(name, names)}`;
    return new CycleboxError('PLUGIN_NOT_FOUND', message, { subject: { plugin: name } });
  }
  const message = `${name} was not installed by "plugins install": it lies in ${elsewhere.folder}. Remove it there, or switch it off: cyclebox plugins disable ${name}`;
  return new CycleboxError('USAGE', message, { subject: { plugin: name } });
}
