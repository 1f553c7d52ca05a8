/**
 * The state folder that a configuration file seems to name, however broken the rest of it is: enough to find a daemon that
 * was started when the file was whole. Not a way to read settings: nothing else is taken from such a file.
 */
import { dirname, resolve } from 'node:path';
import { parse } from 'jsonc-parser';
import { readConfigText, tooDeepAt } from '../../commented-json/index.js';
import type { Environment } from './environment.js';

/** Absolute; the default where the file is gone, cannot be read, or says nothing of it. */
export async function presumedState(file: string, environment: Environment = process.env): Promise<string> {
  const path = resolve(file);
  const named = environment['CYCLEBOX_STATE'];
  if (named) return resolve(dirname(path), named);
  const text = await readConfigText(path).catch(() => '');
  return resolve(dirname(path), stateIn(text) ?? '.cyclebox');
}

function stateIn(text: string): string | undefined {
  const found: unknown = parse(text.slice(0, tooDeepAt(text)), [], { allowTrailingComma: true });
  const state = (found as { readonly state?: unknown } | undefined)?.state;
  return typeof state === 'string' && state !== '' && !state.includes('\0') ? state : undefined;
}
