/** The work of `cyclebox plugins run`: runs a command that a plugin contributes, and shows what it returns. */
import { runPluginCommand } from '../../daemon/index.js';
import { exitCodes } from '../terminal/index.js';
import type { PluginsOptions } from './plugin-project.js';
import { openPluginSession } from './plugin-session.js';

/** @returns the exit code @throws PLUGIN_UNAVAILABLE, PLUGIN_FAILED, PLUGIN_CRASHED */
export async function runCommand(id: string, words: readonly string[], options: PluginsOptions): Promise<number> {
  const session = await openPluginSession(options);
  const abort = new AbortController();
  const stop = () => abort.abort();
  process.once('SIGINT', stop);
  try {
    const result = await runPluginCommand(session.host, id, words, abort.signal);
    if (result !== undefined && result !== null) process.stdout.write(`${shown(result, options.json)}\n`);
    return exitCodes.ok;
  } finally {
    process.off('SIGINT', stop);
    await session.dispose();
  }
}

function shown(result: unknown, json = false): string {
  return typeof result === 'string' && !json ? result : JSON.stringify(result, null, 2);
}
