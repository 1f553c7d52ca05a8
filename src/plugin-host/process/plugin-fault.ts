/**
 * What went wrong in a plugin, as an error of ours: PLUGIN_FAILED for what its code threw or gave, PLUGIN_CRASHED for the end of its
 * process. Whatever code a plugin puts on its errors, these two are all that others see of it; plugin and place are named.
 */
import { relative } from 'node:path';
import { CycleboxError } from '../../base/index.js';
import type { CodedPluginSpec } from './coded-plugin-spec.js';

type Named = Pick<CodedPluginSpec, 'name' | 'version' | 'folder'>;

const mostFrames = 3;
const mostCharacters = 2000;

/** @param error as it came from the plugin's process, with that process's stack */
export function failureOf(plugin: Named, doing: string, error: Error): CycleboxError {
  return fault('PLUGIN_FAILED', plugin, `${doing}: ${error.message}`, error.stack?.split('\n') ?? []);
}

/**
 * @param how `ended by signal SIGABRT`
 * @param output the last lines that the process wrote
 */
export function crashOf(plugin: Named, doing: string, how: string, output: readonly string[]): CycleboxError {
  return fault('PLUGIN_CRASHED', plugin, `${doing}: ${how}`, output);
}

function fault(
  code: 'PLUGIN_FAILED' | 'PLUGIN_CRASHED',
  plugin: Named,
  what: string,
  lines: readonly string[],
): CycleboxError {
  const frames = framesIn(lines, plugin.folder);
  const at = frames.length > 0 ? ` (${frames.join(', ')})` : '';
  const message = `${plugin.name} ${plugin.version} ${what.replace(/\.$/, '').slice(0, mostCharacters)}${at}`;
  const error = new CycleboxError(code, message, { subject: { plugin: plugin.name } });
  error.stack = [`${code}: ${message}`, ...lines].join('\n').slice(0, 2 * mostCharacters);
  return error;
}

/** The places in the plugin's own files that a stack names, innermost first: `at index.js:12:5`. */
function framesIn(lines: readonly string[], folder: string): readonly string[] {
  const frames = lines.flatMap(line => {
    const [, place = ''] = /^\s*at (?:.*\()?(?:file:\/\/)?(.*?:\d+:\d+)\)?$/.exec(line) ?? [];
    const path = decoded(place);
    return path.startsWith(folder) ? [`at ${relative(folder, path)}`] : [];
  });
  return frames.slice(0, mostFrames);
}

/** A URL's path may hold escapes; what only looks like one is left. */
function decoded(place: string): string {
  try {
    return decodeURIComponent(place);
  } catch {
    return place;
  }
}
