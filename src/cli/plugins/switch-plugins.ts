/**
 * The work of `cyclebox plugins enable` and `disable`. What a plugin may do is shown before it is first enabled; more than its own
 * folder it gets only from somebody who was asked, or who said `--yes`.
 */
import { createInterface } from 'node:readline/promises';
import { CycleboxError } from '../../base/index.js';
import {
  disablePlugin,
  enablePlugin,
  loadPluginSet,
  type PluginRecord,
  permissionsText,
  stateText,
} from '../../plugin-host/index.js';
import { exitCodes } from '../terminal/index.js';
import { requirePlugin } from './list-plugins.js';
import { findProject, type PluginsOptions } from './plugin-project.js';

export interface EnableOptions extends PluginsOptions {
  readonly yes?: boolean;
}

/** @returns the exit code @throws PLUGIN_NOT_FOUND, PLUGIN_INVALID for one that cannot run, USAGE where nobody can be asked */
export async function enable(name: string, options: EnableOptions): Promise<number> {
  const { options: places, state } = await findProject(options);
  const record = requirePlugin(await loadPluginSet(places), name);
  const { plugin } = record;
  if (!plugin) throw unusable(record);
  const permissions = plugin.manifest.permissions ?? {};
  if (plugin.main !== undefined && !(await isAgreedTo(record, options))) return exitCodes.failed;
  await enablePlugin(state, name, permissions, Date.now());
  return await tell(name, options, 'enabled');
}

/** @returns the exit code @throws PLUGIN_NOT_FOUND */
export async function disable(name: string, options: PluginsOptions): Promise<number> {
  const { options: places, state } = await findProject(options);
  requirePlugin(await loadPluginSet(places), name);
  await disablePlugin(state, name, Date.now());
  return await tell(name, options, 'disabled');
}

/** What may be done is said in any case; only what goes beyond the plugin's own folder is asked about. */
export async function isAgreedTo({ name, plugin }: PluginRecord, { yes, json }: EnableOptions): Promise<boolean> {
  const wanted = plugin?.manifest.permissions ?? {};
  const what = `${name} ${plugin?.version} runs code of its own, which may: ${permissionsText(wanted)}.`;
  if (!json) process.stdout.write(`${what}\n`);
  const asksForMore = Object.values(wanted).some(each => (Array.isArray(each) ? each.length > 0 : each === true));
  if (yes || !asksForMore) return true;
  if (!process.stdin.isTTY || json) {
    throw new CycleboxError('USAGE', `${what} Nobody is here to be asked: say --yes to allow it.`, {
      subject: { plugin: name },
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question('Allow it? [y/N] ')).trim());
  } finally {
    terminal.close();
  }
}

function unusable({ name, state }: PluginRecord): CycleboxError {
  const why = 'problem' in state ? state.problem.message : stateText(state);
  return new CycleboxError('PLUGIN_INVALID', `${name} cannot be enabled: ${why}`, { subject: { plugin: name } });
}

/** @returns the exit code */
async function tell(name: string, options: PluginsOptions, what: string): Promise<number> {
  const { options: places } = await findProject(options);
  const { state } = requirePlugin(await loadPluginSet(places), name);
  const text = stateText(state);
  const json = JSON.stringify({ name, state: { ...state, text } }, null, 2);
  process.stdout.write(options.json ? `${json}\n` : `${name} is ${what}: ${text}\n`);
  return exitCodes.ok;
}
