/**
 * What a plugin is once its manifest has been read and found sound, and what is known of one that is not. Data only: nothing of
 * the plugin is loaded or run.
 */
import type { CycleboxError } from '../../base/index.js';
import type { PluginManifest } from '../../plugin-api/index.js';

/**
 * `folder`: in a folder that the configuration or an option names. `installed`: put there by `plugins install`. `package`: an npm
 * package with the keyword `cyclebox-plugin`. `built-in`: comes with cyclebox. An earlier one takes the name before a later one.
 */
export const pluginSources = ['folder', 'installed', 'package', 'built-in'] as const;

export type PluginSource = (typeof pluginSources)[number];

export interface Plugin {
  readonly name: string;
  readonly version: string;
  readonly publisher: string | undefined;
  /** Absolute, as it was found: links are not resolved. */
  readonly folder: string;
  readonly source: PluginSource;
  readonly manifest: PluginManifest;
  /** The module with its code, absolute; undefined for a declarative plugin, which has no process ever. */
  readonly main: string | undefined;
  /** What activates it: the events that its contributions imply and those that its manifest lists. */
  readonly activationEvents: readonly string[];
  /** What its author should know, and what its user may: that it was made for an older API, for one. */
  readonly notes: readonly string[];
  /** Another one than before: something of it has changed, and what was loaded of it is stale. */
  readonly fingerprint: string;
}

/** A plugin folder as it was found: with its plugin, or with what is wrong. */
export type FoundPlugin =
  | { readonly folder: string; readonly source: PluginSource; readonly plugin: Plugin; readonly problem?: never }
  | {
      readonly folder: string;
      readonly source: PluginSource;
      /** PLUGIN_INVALID, PLUGIN_ENGINE_MISMATCH */
      readonly problem: CycleboxError;
      /** As far as its manifest could be read. */
      readonly name: string;
      readonly version: string | undefined;
      readonly engines: string | undefined;
      readonly plugin?: never;
    };

/** Whether it has code, which runs in a process of its own. */
export function isCoded(plugin: Plugin): boolean {
  return plugin.main !== undefined;
}
