/** Where each key of a configuration has its value from: the environment, the file, or nowhere, which means its default. */
import { keyLines } from '../../commented-json/index.js';
import { type Environment, environmentKeys } from './environment.js';

export interface ConfigOrigin {
  /** `environment` wins over `file`; of an object it may say a part only, and the file the rest. */
  readonly from: 'environment' | 'file' | 'default';
  /** Of the file, from 1; also where the environment says something else. */
  readonly line?: number | undefined;
  /** By name, where any of the environment counts. */
  readonly variables?: readonly string[] | undefined;
}

/**
 * By key, for those that are not left to their defaults.
 * @param text of the file; empty: there is none
 */
export function configOrigins(text: string, environment: Environment): ReadonlyMap<string, ConfigOrigin> {
  const origins = new Map<string, ConfigOrigin>();
  for (const [key, line] of keyLines(text)) origins.set(key, { from: 'file', line });
  for (const [key, variables] of variablesByKey(environment)) {
    const { line } = origins.get(key) ?? {};
    origins.set(key, { from: 'environment', variables, ...(line !== undefined && { line }) });
  }
  return origins;
}

/** The variables that say something, by the outermost key that they are about. */
export function variablesByKey(environment: Environment): ReadonlyMap<string, readonly string[]> {
  const byKey = new Map<string, readonly string[]>();
  for (const { variable, path } of environmentKeys()) {
    const key = path[0]!;
    if (environment[variable]) byKey.set(key, [...(byKey.get(key) ?? []), variable]);
  }
  return byKey;
}
