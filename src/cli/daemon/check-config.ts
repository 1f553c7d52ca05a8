/** The work of `cyclebox config …`. Faults of the file throw, with every one of them named; see `report-error.ts`. */
import { resolve } from 'node:path';
import { readRegularText } from '../../base/index.js';
import {
  configJsonSchema,
  configOrigins,
  type DaemonConfig,
  inspectConfig,
  loadConfig,
  pluginOptionsOf,
  unknownVariables,
} from '../../daemon/index.js';
import { loadPluginSet } from '../../plugin-host/index.js';
import { exitCodes, printError } from '../terminal/index.js';

export interface ConfigOptions {
  readonly config: string;
  readonly json?: boolean;
}

/** @returns the exit code: 78 for a route or plugin that is wrong, 0 also where a model has yet to be made */
export async function validateConfig({ config: file, json }: ConfigOptions): Promise<number> {
  const config = await loadConfig(file);
  const { routes, problems } = await inspectConfig(config);
  const faults = [...problems, ...routes.flatMap(({ problem }) => problem ?? [])];
  const wrong = faults.filter(({ code }) => code !== 'MODEL_MISSING');
  const isValid = wrong.length === 0;
  for (const { variable } of unknownVariables(process.env)) {
    process.stderr.write(`note: the environment's ${variable} is no variable of cyclebox and does nothing\n`);
  }
  if (json) {
    const plain = faults.map(({ code, message }) => ({ code, message }));
    process.stdout.write(`${JSON.stringify({ valid: isValid, file, problems: plain }, null, 2)}\n`);
  } else {
    for (const fault of wrong) printError(fault);
    if (isValid) process.stdout.write(`${file} is valid: ${summary(routes)}\n`);
  }
  return isValid ? exitCodes.ok : exitCodes.configuration;
}

/** @returns the exit code */
export async function printSchema({ config: file }: ConfigOptions): Promise<number> {
  const plugins = await loadPluginSet(pluginOptionsOf(await loadConfig(file)));
  process.stdout.write(`${JSON.stringify(configJsonSchema(plugins), null, 2)}\n`);
  return exitCodes.ok;
}

export interface PrintOptions extends ConfigOptions {
  /** Each key with where its value comes from. */
  readonly origin?: boolean;
}

/** @returns the exit code */
export async function printConfig({ config: file, origin = false }: PrintOptions): Promise<number> {
  const config = asWritten(await loadConfig(file));
  const shown = origin ? await withOrigins(config, file) : config;
  process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
  return exitCodes.ok;
}

/** With the keys that a route has in the file. */
function asWritten({ routes, ...config }: DaemonConfig) {
  return { ...config, routes: routes.map(({ output, ...route }) => ({ ...route, ...output })) };
}

async function withOrigins(config: object, file: string): Promise<Record<string, object>> {
  const origins = configOrigins(await readRegularText(resolve(file)), process.env);
  const entries = Object.entries(config).map(([key, value]) => {
    return [key, { value: value ?? null, ...(origins.get(key) ?? { from: 'default' }) }] as const;
  });
  return Object.fromEntries(entries);
}

function summary(routes: readonly { readonly problem: unknown }[]): string {
  const ready = routes.filter(({ problem }) => !problem).length;
  const waiting = routes.length - ready;
  const count = `${routes.length} ${routes.length === 1 ? 'route' : 'routes'}`;
  return waiting === 0 ? count : `${count}, ${waiting} of them without a model yet ("cyclebox pairs" says more)`;
}
