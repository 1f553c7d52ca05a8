/** Where a configuration's plugins are looked for, and where it is kept what was decided of them. */
import { installedFolder, type PluginSetOptions } from '../../plugin-host/index.js';
import type { DaemonConfig } from './config.js';

/** @param safe true: coded plugins are off */
export function pluginOptionsOf({ plugins, packages, state }: DaemonConfig, safe = false): PluginSetOptions {
  return { folders: plugins, installed: installedFolder(state), packages, state, safe };
}
