/**
 * What a plugin may ask of its host, with everything looked at that comes from it: types, sizes, and paths, which may only name
 * files of its own scratch folder. Nobody here trusts a plugin to be well.
 */
import { dirname } from 'node:path';
import { z } from 'zod';
import { CycleboxError } from '../../base/index.js';
import type { CallContext, Handlers, ParamsOf } from '../../process/index.js';
import type { HostCalls } from '../runtime/index.js';
import type { PluginStore } from './plugin-store.js';

/** Has a picture file translated into another. */
export type TranslateForPlugin = (request: ParamsOf<HostCalls, 'translate'>, signal: AbortSignal) => Promise<void>;

export interface HostCallsOptions {
  readonly store: PluginStore;
  readonly secrets: PluginStore;
  readonly scratch: string;
  readonly translate: TranslateForPlugin;
  readonly log: (line: ParamsOf<HostCalls, 'log'>) => void;
}

const key = z.string().min(1).max(200);

const schemas = {
  log: z.object({ level: z.enum(['debug', 'info', 'warn', 'error']), message: z.string() }),
  setState: z.object({ key, value: z.unknown() }),
  getSecret: z.object({ key }),
  setSecret: z.object({ key, value: z.string().max(65_536).nullable() }),
  translate: z.object({ pair: z.string(), to: z.string(), picture: z.string(), result: z.string() }),
} as const satisfies Readonly<Record<keyof HostCalls, z.ZodType>>;

const longestLine = 10_000;

export function hostCalls({ store, secrets, scratch, translate, log }: HostCallsOptions): Handlers<HostCalls> {
  return {
    log: params => {
      const { level, message } = checked('log', params);
      log({ level, message: message.slice(0, longestLine) });
    },
    setState: params => {
      const { key: name, value } = checked('setState', params);
      return store.set(name, value);
    },
    getSecret: async params => {
      const value = await secrets.get(checked('getSecret', params).key);
      return typeof value === 'string' ? value : null;
    },
    setSecret: params => {
      const { key: name, value } = checked('setSecret', params);
      return secrets.set(name, value);
    },
    translate: (params, { signal }: CallContext) => {
      const request = checked('translate', params);
      for (const path of [request.picture, request.result]) requireScratch(path, scratch);
      return translate(request, signal);
    },
  };
}

function checked<Name extends keyof typeof schemas>(name: Name, params: unknown): z.infer<(typeof schemas)[Name]> {
  const { success, data, error } = schemas[name].safeParse(params);
  if (success) return data as z.infer<(typeof schemas)[Name]>;
  throw new CycleboxError('PROTOCOL', `${name} was called with what it does not take: ${z.prettifyError(error)}`);
}

/** What the host writes and reads for a plugin lies where the plugin may write and read itself. */
function requireScratch(path: string, scratch: string): void {
  if (dirname(path) === scratch && /^[\w-]+\.pixels$/.test(path.slice(scratch.length + 1))) return;
  throw new CycleboxError('PROTOCOL', `${JSON.stringify(path)} is no picture file of the plugin's scratch folder`);
}
