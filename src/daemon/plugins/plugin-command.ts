/** Commands that plugins contribute: started by people, from the command line or the dashboard. */
import type { PluginHost } from '../../plugin-host/index.js';

/**
 * @param words that follow it
 * @returns what it returned, JSON; null for nothing
 * @throws PLUGIN_UNAVAILABLE naming what there is, PLUGIN_FAILED, PLUGIN_CRASHED, CANCELLED
 */
export async function runPluginCommand(
  host: Pick<PluginHost, 'find'>,
  id: string,
  words: readonly string[],
  signal?: AbortSignal,
): Promise<unknown> {
  const call = { event: `onCommand:${id}`, doing: `failed at the command "${id}"`, signal };
  return await host.find('commands', id).call('command', { id, words }, call);
}
