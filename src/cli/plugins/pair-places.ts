/**
 * Where the commands on single files look for pairs: the folders that are named, what `plugins install` put into the project in this
 * folder, its npm packages, and the plugins and models of its configuration. Without one nothing of the daemon is loaded.
 */
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { asCycleboxError } from '../../base/index.js';
import { installedFolder, type PluginSetOptions } from '../../plugin-host/index.js';
import { printError } from '../terminal/index.js';

export interface PairPlaces {
  readonly places: PluginSetOptions;
  /** The project's model store. */
  readonly models?: string | undefined;
}

const configFile = 'watch-config.json';

/** A configuration with faults is told of and left aside: it is none of a single file's business. */
export async function pairPlaces(plugins: readonly string[] = []): Promise<PairPlaces> {
  const isThere = await access(configFile).then(
    () => true,
    () => false,
  );
  if (!isThere) return withoutConfig(plugins);
  const { findProject } = await import('./plugin-project.js');
  try {
    const { options, config } = await findProject({ config: configFile, plugins });
    return { places: options, models: config?.models };
  } catch (error) {
    printError(asCycleboxError(error, { file: configFile }));
    return withoutConfig(plugins);
  }
}

function withoutConfig(plugins: readonly string[]): PairPlaces {
  const state = resolve('.cyclebox');
  const packages = resolve('node_modules');
  return { places: { folders: plugins, installed: installedFolder(state), packages, state } };
}
