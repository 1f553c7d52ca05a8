/**
 * The plugins that a command is about: those of the configuration in this folder, where there is one, or of the folders that are
 * named. What was decided of plugins is kept in the configuration's state folder.
 */
import { resolve } from 'node:path';
import { CycleboxError } from '../../base/index.js';
import { type DaemonConfig, loadConfig, pluginOptionsOf } from '../../daemon/index.js';
import { installedFolder, type PluginSetOptions } from '../../plugin-host/index.js';

export interface PluginsOptions {
  readonly config: string;
  readonly plugins?: readonly string[];
  readonly json?: boolean;
}

export interface PluginProject {
  /** Undefined where there is no configuration. */
  readonly config: DaemonConfig | undefined;
  readonly options: PluginSetOptions;
  /** Where decisions and installed plugins are kept; need not be there. */
  readonly state: string;
}

/** @throws CONFIG_INVALID, CONFIG_NOT_FOUND for a file of another name than the usual one */
export async function findProject({ config: file, plugins = [] }: PluginsOptions): Promise<PluginProject> {
  const config = await loadConfig(file).catch(error => undefinedWithoutFile(error, file));
  if (config) {
    const options = pluginOptionsOf(config);
    return { config, state: config.state, options: { ...options, folders: [...plugins, ...(options.folders ?? [])] } };
  }
  const state = resolve('.cyclebox');
  const options = { folders: plugins, installed: installedFolder(state), packages: resolve('node_modules'), state };
  return { config, state, options };
}

function undefinedWithoutFile(error: unknown, file: string): undefined {
  const isMissing = error instanceof CycleboxError && error.code === 'CONFIG_NOT_FOUND';
  if (!isMissing || file !== 'watch-config.json') throw error;
}
