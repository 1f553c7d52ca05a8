/** What the host has to know of a plugin with code in order to run it: drawn from its manifest by whoever read that. */
import type { PluginPermissions, PluginSettings } from '../../plugin-api/index.js';
import type { Plugin } from '../registry/index.js';
import type { ContributedIds } from '../runtime/index.js';

export interface CodedPluginSpec {
  readonly name: string;
  readonly version: string;
  /** Absolute. */
  readonly folder: string;
  /** The module with `activate`, absolute, in the folder. */
  readonly main: string;
  readonly permissions: PluginPermissions;
  /** With defaults. */
  readonly settings: PluginSettings;
  readonly contributes: ContributedIds;
  /** What starts it: `onTranslate:grain`, `onStartupFinished`. */
  readonly activationEvents: readonly string[];
  /** Another one than before: its code or manifest has changed. */
  readonly fingerprint: string;
}

/** @param plugin with code @param settings complete */
export function specOf(plugin: Plugin, settings: PluginSettings): CodedPluginSpec {
  const { name, version, folder, main = '', activationEvents, fingerprint, manifest } = plugin;
  const {
    preprocessors = [],
    postprocessors = [],
    routers = [],
    recipes = [],
    metrics = [],
    commands = [],
  } = manifest.contributes;
  const ids = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id);
  const contributes: ContributedIds = {
    preprocessor: ids(preprocessors),
    postprocessor: ids(postprocessors),
    router: ids(routers),
    recipe: ids(recipes),
    metric: ids(metrics),
    command: commands.map(({ command }) => command),
  };
  const permissions = manifest.permissions ?? {};
  return { name, version, folder, main, permissions, settings, contributes, activationEvents, fingerprint };
}
